"""From a DICOM folder through a session to SEG and RTSTRUCT, as a user goes."""

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from tests.dicom_series import write_enhanced, write_series
from tests.fakes import BrightModel
from tests.labels.oracles import by_highdicom, decoded, errors_of
from tests.labels.test_rtstruct import _filled
from vesal.geometry import Grid
from vesal.images import Image, open_image
from vesal.labels import LabelMap
from vesal.session import Session

CASES: dict[str, dict[str, Any]] = {
    "axial": {},
    "sagittal": {"orientation": "sagittal"},
    "oblique": {"orientation": "oblique"},
    "tilted": {"tilt_degrees": 15.0},
    "a slope for each slice": {"slope": lambda k: 1.0 + 0.1 * k},
    "without what anonymisers take": {"PatientBirthDate": None, "StudyID": None},
}


def segmented(image: Image) -> LabelMap:
    """Two objects: what is bright, and a mask that was given."""
    session = Session(image, BrightModel())
    brightest = np.unravel_index(int(np.argmax(image.array)), image.grid.shape)
    point = image.grid.to_world(np.array([brightest], np.float64))[0]
    session.click(tuple(point.tolist()))
    session.change(1, name="liver")
    session.new("left kidney")
    given = np.zeros(image.grid.shape, np.bool_)
    given[:3, 1:4, :4] = True
    session.start(given)
    return session.labels()


def check(labels: LabelMap, folder: Path) -> None:
    """Identical voxels for independent readers, and no error for the validator."""
    grid: Grid = labels.grid
    seg, structures = labels.save(folder / "a.seg.dcm"), labels.save(folder / "a.rtstruct.dcm")
    assert np.array_equal(decoded(seg, grid), labels.array)
    assert np.array_equal(by_highdicom(seg, labels.source), labels.array)
    assert np.array_equal(_filled(structures, labels), labels.array)
    source = pydicom.dcmread(labels.source.files[0], stop_before_pixels=True)
    for path in (seg, structures):
        written = pydicom.dcmread(path)
        assert written.StudyInstanceUID == source.StudyInstanceUID
        assert written.FrameOfReferenceUID
        assert errors_of(path) == []


@pytest.mark.parametrize("name", CASES)
def test_a_series_comes_back_voxel_by_voxel(name: str, tmp_path: Path) -> None:
    """Wherever its slices lie and in whatever order its files are."""
    write_series(tmp_path / "scan", columns=24, rows=20, **CASES[name])
    labels = segmented(open_image(tmp_path / "scan"))
    assert set(np.unique(labels.array)) == {0, 1, 2}
    check(labels, tmp_path)


def test_an_enhanced_object_comes_back_voxel_by_voxel(tmp_path: Path) -> None:
    """Its frames are shuffled."""
    write_enhanced(tmp_path / "mr.dcm")
    check(segmented(open_image(tmp_path / "mr.dcm")), tmp_path)
