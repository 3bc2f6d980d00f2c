"""Tests of vesal.labels.dicom_source."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest

from tests.grids import RASTERS
from tests.labels.series import GRIDS, change, enhanced, label_map, picture, series
from vesal.errors import ImageError
from vesal.geometry import ras_to_lps
from vesal.images import Source
from vesal.labels import LabelMap
from vesal.labels.dicom_source import read_source

GRID = GRIDS["axial"]


def _labels(tmp_path: Path, **fields: object) -> LabelMap:
    return label_map(GRID, series(tmp_path / "scan", GRID, **fields), 3, 9)


@pytest.mark.parametrize("name", GRIDS)
def test_slices_lie_where_the_grid_has_them(name: str, tmp_path: Path) -> None:
    """In LPS mm, in the order of the last axis."""
    grid = GRIDS[name]
    source = read_source(label_map(grid, series(tmp_path / "scan", grid), 1))
    affine = ras_to_lps(grid.affine)
    for k, plane in enumerate(source.planes):
        np.testing.assert_allclose(plane[:3, :2], affine[:3, :2], atol=1e-6)
        np.testing.assert_allclose(plane[:3, 3], affine[:3, 3] + k * affine[:3, 2], atol=1e-6)


def test_a_file_behind_two_slices_is_read_once(tmp_path: Path) -> None:
    """As where the reader filled a gap from its neighbour."""
    labels = _labels(tmp_path)
    files = (*labels.source.files, labels.source.files[-1])
    source = read_source(replace(labels, source=replace(labels.source, files=files)))
    assert len(source.datasets) == len(source.planes) == 7


def test_frames_are_those_of_the_image(tmp_path: Path) -> None:
    """The others of the file are left out of the copy."""
    order = [4, 2, 0, 6, 8, 9, 11]
    source = read_source(label_map(GRID, enhanced(tmp_path / "e.dcm", GRID, order), 1))
    assert source.frames == tuple(order)
    (chosen,) = source.datasets
    assert len(chosen.PerFrameFunctionalGroupsSequence) == chosen.NumberOfFrames == len(order)


def test_all_frames_are_the_image_where_none_are_named(tmp_path: Path) -> None:
    """A file of one stack needs no list."""
    labels = label_map(GRID, enhanced(tmp_path / "e.dcm", GRID, [0, 1, 2, 3, 4, 5, 6]), 1)
    unnamed = replace(labels, source=replace(labels.source, frames=()))
    assert len(read_source(unnamed).planes) == 8


def test_the_files_stay_as_they_are(tmp_path: Path) -> None:
    """What is filled in is filled into copies."""
    labels = _labels(tmp_path, PatientBirthDate=None, StudyID=None)
    before = [file.read_bytes() for file in labels.source.files]
    filled = read_source(labels).datasets[0]
    assert (filled.PatientBirthDate, filled.StudyID) == ("", "")
    assert [file.read_bytes() for file in labels.source.files] == before


def test_a_missing_frame_of_reference_is_the_same_each_time(tmp_path: Path) -> None:
    """So that two objects about one series lie on one another."""
    labels = _labels(tmp_path, FrameOfReferenceUID=None)
    first, second = (read_source(labels).datasets[0].FrameOfReferenceUID for _ in range(2))
    assert first == second != ""


def test_pixels_are_not_read(tmp_path: Path) -> None:
    """A header of a large series fits into memory, its pixels may not."""
    assert "PixelData" not in read_source(_labels(tmp_path)).datasets[0]


@pytest.mark.parametrize("form", ["NIfTI", "array"])
def test_an_image_from_elsewhere_is_refused(form: str, tmp_path: Path) -> None:
    """There is nothing to refer to."""
    labels = replace(_labels(tmp_path), source=Source(format=form, path=tmp_path / "scan.nii"))
    with pytest.raises(ImageError, match=f"read from DICOM, got scan.nii from {form}"):
        read_source(labels)


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    """The rest of the series does not help."""
    labels = _labels(tmp_path)
    labels.source.files[2].unlink()
    name = labels.source.files[2].name
    with pytest.raises(ImageError, match=f"files of scan must be .* but {name} is no longer there"):
        read_source(labels)


def test_a_file_that_is_no_longer_dicom_is_named(tmp_path: Path) -> None:
    """Cut short in its header."""
    labels = _labels(tmp_path)
    labels.source.files[0].write_bytes(b"not DICOM")
    with pytest.raises(ImageError, match=f"{labels.source.files[0].name} cannot be read"):
        read_source(labels)


def test_a_file_of_another_series_is_refused(tmp_path: Path) -> None:
    """A folder may have been filled anew."""
    labels = _labels(tmp_path)
    change(labels.source.files[1], SeriesInstanceUID="1.2.3.4")
    with pytest.raises(ImageError, match=f"{labels.source.files[1].name} is of another series"):
        read_source(labels)


def test_slices_of_another_size_are_refused(tmp_path: Path) -> None:
    """They cannot be one image."""
    labels = _labels(tmp_path)
    change(labels.source.files[1], Rows=3)
    with pytest.raises(ImageError, match="its slices differ in size"):
        read_source(labels)


def test_slices_that_lie_elsewhere_are_refused(tmp_path: Path) -> None:
    """Here one was moved by 40 mm."""
    labels = _labels(tmp_path)
    place = pydicom.dcmread(labels.source.files[3]).ImagePositionPatient
    change(labels.source.files[3], ImagePositionPatient=[place[0], place[1], place[2] + 40])
    with pytest.raises(ImageError, match="slice 4 lies elsewhere"):
        read_source(labels)


def test_a_picture_of_another_size_is_refused(tmp_path: Path) -> None:
    """It has no place that could be compared."""
    grid = RASTERS["pixels"]
    labels = label_map(grid, picture(tmp_path / "p.dcm", grid), 1)
    change(tmp_path / "p.dcm", Rows=5)
    with pytest.raises(ImageError, match="it has 5x9 pixels now"):
        read_source(labels)


def test_slices_that_have_lost_their_place_are_refused(tmp_path: Path) -> None:
    """A place in the body is what an object refers to."""
    labels = _labels(tmp_path)
    change(labels.source.files[3], ImagePositionPatient=None)
    with pytest.raises(ImageError, match="do not say where its slices lie"):
        read_source(labels)


def test_files_without_study_and_series_are_refused(tmp_path: Path) -> None:
    """Some anonymisers empty these; then no other file can be about them."""
    labels = _labels(tmp_path, StudyInstanceUID="", SeriesInstanceUID="")
    with pytest.raises(ImageError, match="has no StudyInstanceUID and no SeriesInstanceUID"):
        read_source(labels)


def test_frames_without_groups_are_refused(tmp_path: Path) -> None:
    """Nuclear medicine has such objects: many frames, and one place for all of them."""
    labels = _labels(tmp_path)
    source = replace(labels.source, files=labels.source.files[:1], frames=(0, 1, 2, 3, 4, 5, 6))
    with pytest.raises(ImageError, match="do not say where its slices lie"):
        read_source(replace(labels, source=source))


def test_odd_values_of_a_patient_are_not_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Pydicom logs a value that is no date, and the word may be a name."""
    labels = _labels(tmp_path)
    for file in labels.source.files:
        file.write_bytes(file.read_bytes().replace(b"19600131", b"Wiesel 9"))
    assert read_source(labels).datasets[0].PatientBirthDate == "Wiesel 9"
    assert "Wiesel" not in caplog.text
