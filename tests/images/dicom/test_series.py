"""Whole series of tests/dicom_series.py, regular and not, by vesal and by others."""

# SimpleITK does not annotate all of its functions:
# mypy: disable-error-code="no-untyped-call"

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dicom_series import DIRECTIONS, Series, write_enhanced, write_series
from tests.images.foreign import nifti
from vesal.geometry import Grid, ras_to_lps
from vesal.images import Image, open_image


def assert_same(image: Image, series: Series) -> None:
    """The voxels, the place, and the file behind each slice."""
    np.testing.assert_allclose(image.array, series.volume, rtol=1e-6)
    np.testing.assert_allclose(image.grid.affine, series.affine_ras, atol=1e-4)
    assert image.source.files == series.files
    assert image.source.series_uid == series.uid


@pytest.mark.parametrize("orientation", DIRECTIONS)
@pytest.mark.parametrize("tilt_degrees", [0.0, 15.0])
def test_voxels_lie_where_they_were_measured(
    orientation: str, tilt_degrees: float, tmp_path: Path
) -> None:
    """In any direction, tilted or not; a tilt is said with its angle."""
    series = write_series(tmp_path, orientation=orientation, tilt_degrees=tilt_degrees)
    image = open_image(tmp_path)
    assert_same(image, series)
    assert image.source.frames == ()
    tilts = [note for note in image.source.notes if "gantry tilt of 15.00 degrees" in note]
    assert len(tilts) == (tilt_degrees > 0)


@given(
    spacing=st.tuples(*[st.floats(0.2, 9)] * 3),
    tilt=st.floats(-25, 25),
    orientation=st.sampled_from(sorted(DIRECTIONS)),
    slices=st.integers(1, 6),
    unsigned=st.booleans(),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_series_is_read_as_written(
    tmp_path_factory: pytest.TempPathFactory,
    spacing: tuple[float, float, float],
    tilt: float,
    orientation: str,
    slices: int,
    unsigned: bool,
) -> None:
    """Voxels, affine and files, for all spacings, tilts, directions and counts."""
    series = write_series(
        tmp_path_factory.mktemp("any"),
        slices=slices,
        spacing_mm=spacing,
        tilt_degrees=tilt if slices > 1 else 0.0,
        orientation=orientation,
        dtype=np.uint16 if unsigned else np.int16,
        SpacingBetweenSlices=str(round(spacing[2], 9)),
    )
    assert_same(open_image(series.folder), series)


def test_the_frame_behind_each_slice_is_known(tmp_path: Path) -> None:
    """Frames are shuffled in the file; slices are in order, each with its own rescale."""
    (series,) = write_enhanced(tmp_path / "e.dcm", slope=lambda n: 1 + n / 4)
    image = open_image(tmp_path / "e.dcm")
    assert_same(image, series)
    assert sorted(image.source.frames) == list(range(6))
    assert image.source.frames != tuple(range(6))


@pytest.mark.parametrize("orientation", DIRECTIONS)
def test_dcm2niix_reads_the_same_series(orientation: str, tmp_path: Path) -> None:
    """An independent reader: the same voxels at the same place."""
    write_series(tmp_path / "in", orientation=orientation)
    _assert_as_dcm2niix(tmp_path)


@pytest.mark.parametrize("orientation", DIRECTIONS)
def test_dcm2niix_reads_the_same_enhanced_object(orientation: str, tmp_path: Path) -> None:
    """Frames in any order."""
    (tmp_path / "in").mkdir()
    write_enhanced(tmp_path / "in" / "e.dcm", orientation=orientation, PatientPosition="HFS")
    _assert_as_dcm2niix(tmp_path)


def _assert_as_dcm2niix(folder: Path) -> None:
    program = shutil.which("dcm2niix", path=Path(sys.executable).parent) or shutil.which("dcm2niix")
    if program is None:
        pytest.skip("dcm2niix is not installed")
    (folder / "out").mkdir()
    places = ["-o", str(folder / "out"), str(folder / "in")]
    command = [program, "-z", "n", "-f", "scan", "-b", "n", *places]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603
    (path,) = (folder / "out").glob("*.nii")
    other: Any = nifti(path)
    image = open_image(folder / "in")
    shape = image.array.shape
    # dcm2niix turns rows, and sometimes slices, round: compared is what lies at one place.
    there = np.indices(shape).reshape(3, -1)
    mapping = np.linalg.solve(other.affine, image.grid.affine)
    index = mapping[:3, :3] @ there + mapping[:3, 3:]
    np.testing.assert_allclose(index, np.rint(index), atol=2e-3)
    values = np.asanyarray(other.dataobj)[tuple(np.rint(index).astype(int))].reshape(shape)
    np.testing.assert_allclose(values, image.array, rtol=1e-6)


@pytest.mark.parametrize("orientation", DIRECTIONS)
def test_simpleitk_reads_the_same_regular_series(orientation: str, tmp_path: Path) -> None:
    """Where nothing is irregular, its spacing is right."""
    series = write_series(tmp_path, orientation=orientation, slope=lambda k: 1.5)
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames([str(path) for path in series.files])
    expected = reader.Execute()
    image = open_image(tmp_path)
    np.testing.assert_allclose(image.array.T, SimpleITK.GetArrayFromImage(expected), rtol=1e-6)
    np.testing.assert_allclose(image.grid.spacing_mm, expected.GetSpacing(), atol=1e-6)
    affine = ras_to_lps(image.grid.affine)
    np.testing.assert_allclose(affine[:3, 3], expected.GetOrigin(), atol=1e-6)
    directions = np.reshape(expected.GetDirection(), (3, 3))
    np.testing.assert_allclose(affine[:3, :3], directions * expected.GetSpacing(), atol=1e-5)


def test_a_mask_of_a_tilted_series_is_native_to_its_slices(tmp_path: Path) -> None:
    """Cropping keeps the shear, so a slice's voxels are those of its file."""
    series = write_series(tmp_path, tilt_degrees=-12.0)
    grid = open_image(tmp_path).grid
    part = grid.crop((2, 1, 3), (5, 6, 9))
    expected = Grid(shape=grid.shape, affine=series.affine_ras).crop((2, 1, 3), (5, 6, 9))
    assert part.same_as(expected, 1e-4)
