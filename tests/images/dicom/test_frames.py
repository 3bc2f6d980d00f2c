"""Tests of vesal.images.dicom.frames: enhanced multi-frame objects, made and real."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.uid import RLELossless

from tests.dicom_series import change, write_enhanced
from vesal.errors import ImageError
from vesal.images import open_image
from vesal.images.read import list_series


def real(name: str) -> Path:
    """A file of pydicom's, or of its package pydicom-data."""
    found = get_testdata_file(name, download=False)
    if not isinstance(found, str):
        pytest.skip(f"{name} is not here: pip install pydicom-data")
    return Path(found)


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("packed", [True, False])
def test_echoes_of_one_object_are_volumes_to_choose(
    shared: bool, packed: bool, tmp_path: Path
) -> None:
    """Each with its frames and their own rescale, compressed or not."""
    path = tmp_path / "e.dcm"
    written = write_enhanced(path, echoes=(20.0, 3.5), shared=shared, slope=lambda n: 1 + n / 8)
    if packed:
        data = pydicom.dcmread(path)
        data.compress(RLELossless, encoding_plugin="pydicom")
        data.save_as(path)
    assert [line.part for line in list_series(path)] == ["echo time 3.5", "echo time 20.0"]
    with pytest.raises(ImageError, match="holds 2 series"):
        open_image(path)
    for number, series in ((2, written[0]), (1, written[1])):
        image = open_image(path, series=number)
        np.testing.assert_allclose(image.array, series.volume, rtol=1e-6)
        np.testing.assert_allclose(image.grid.affine, series.affine_ras, atol=1e-6)
        assert image.source.files == (path,)
        stored = pydicom.dcmread(path).pixel_array
        frame = image.source.frames[2]
        group = pydicom.dcmread(path).PerFrameFunctionalGroupsSequence[frame]
        slope = float(group.PixelValueTransformationSequence[0].RescaleSlope)
        np.testing.assert_allclose(stored[frame].T * slope - 1000, image.array[:, :, 2], rtol=1e-6)


def test_a_volume_over_several_objects_has_no_single_source(tmp_path: Path) -> None:
    """It is read, and the note says that no DICOM can be written about it."""
    (first,) = write_enhanced(tmp_path / "a.dcm", SeriesInstanceUID="1.2.3")
    write_enhanced(tmp_path / "b.dcm", SeriesInstanceUID="1.2.3")
    data = pydicom.dcmread(tmp_path / "b.dcm")
    for group in data.PerFrameFunctionalGroupsSequence:
        place = group.PlanePositionSequence[0]
        place.ImagePositionPatient[2] += 6 * 2.5
    data.save_as(tmp_path / "b.dcm")
    image = open_image(tmp_path)
    assert image.grid.shape == (9, 7, 12)
    np.testing.assert_array_equal(image.array[:, :, 6:], first.volume)
    assert (image.source.files, image.source.frames) == ((), ())
    assert any("several multi-frame files" in note for note in image.source.notes)


def test_objects_at_one_place_are_told_apart_by_file(tmp_path: Path) -> None:
    """Where each point in time is a file of its own."""
    for name in ("t1.dcm", "t2.dcm"):
        write_enhanced(tmp_path / name, SeriesInstanceUID="1.2.3", slope=lambda n: 2.0)
    data = pydicom.dcmread(tmp_path / "t2.dcm")
    data.PixelData = data.PixelData[::-1]
    data.save_as(tmp_path / "t2.dcm")
    assert [line.part for line in list_series(tmp_path)] == ["file t1.dcm", "file t2.dcm"]
    assert open_image(tmp_path, series="t2").source.files == (tmp_path / "t2.dcm",)


def test_the_number_of_frames_must_be_that_of_their_descriptions(tmp_path: Path) -> None:
    """Else frames would get the places of others."""
    write_enhanced(tmp_path / "e.dcm")
    change(tmp_path / "e.dcm", NumberOfFrames=5)
    with pytest.raises(ImageError, match="5 frames, but describes 6"):
        open_image(tmp_path / "e.dcm")


def test_frames_without_a_place_are_refused(tmp_path: Path) -> None:
    """One that has none is enough."""
    write_enhanced(tmp_path / "e.dcm")
    data = pydicom.dcmread(tmp_path / "e.dcm")
    del data.PerFrameFunctionalGroupsSequence[3].PlanePositionSequence
    data.save_as(tmp_path / "e.dcm")
    with pytest.raises(ImageError, match="6 frames without a place for each"):
        open_image(tmp_path / "e.dcm")


def test_a_real_enhanced_ct_lies_where_its_frames_say() -> None:
    """Two slices, ten millimetres apart; one rescale each."""
    path = real("eCT_Supplemental.dcm")
    image = open_image(path)
    data = pydicom.dcmread(path)
    groups = data.PerFrameFunctionalGroupsSequence
    places = [g.PlanePositionSequence[0].ImagePositionPatient for g in groups]
    assert image.grid.shape == (512, 512, 2)
    assert image.grid.spacing_mm == pytest.approx((0.388672, 0.388672, 10))
    for k, frame in enumerate(image.source.frames):
        corner = image.grid.to_world(np.array([[0.0, 0, k]]))[0] * (-1, -1, 1)
        np.testing.assert_allclose(corner, np.array(places[frame], float), atol=1e-4)
    expected = data.pixel_array[image.source.frames[0]].T.astype(int)
    shared = data.SharedFunctionalGroupsSequence[0]
    rescale = (
        shared if "PixelValueTransformationSequence" in shared else groups[0]
    ).PixelValueTransformationSequence[0]
    expected = expected * int(rescale.RescaleSlope) + int(rescale.RescaleIntercept)
    np.testing.assert_array_equal(image.array[:, :, 0], expected)


@pytest.mark.parametrize("name", ["emri_small.dcm", "emri_small_RLE.dcm"])
def test_frames_that_lie_nowhere_never_get_a_grid_of_ones(name: str) -> None:
    """The real object has no functional groups; ITK invents 1 mm."""
    with pytest.raises(ImageError, match="10 frames without a place for each") as caught:
        open_image(real(name))
    assert "one frame as a file of its own" in str(caught.value)


def test_a_film_is_refused_with_its_frames() -> None:
    """Ultrasound in colour, 30 frames."""
    with pytest.raises(ImageError, match=r"\(unreadable\) .* 30 frames without a place"):
        open_image(real("examples_ybr_color.dcm"))
