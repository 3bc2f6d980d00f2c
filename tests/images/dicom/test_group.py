"""Tests of vesal.images.dicom.group: what of a series belongs together."""

from pathlib import Path

import numpy as np
import pytest

from tests.dicom_series import affine_of, change, image, phantom, place, save, write_series
from vesal.errors import ImageError
from vesal.images import open_image
from vesal.images.read import list_series


def _parts(folder: Path) -> list[str]:
    return [line.part for line in list_series(folder)]


def test_three_directions_under_one_uid_are_three_volumes(tmp_path: Path) -> None:
    """As in a localizer that is not called one."""
    for name in ("axial", "sagittal", "oblique"):
        write_series(tmp_path, slices=4, uid="1.2.7", orientation=name, prefix=name[0])
    assert sorted(_parts(tmp_path)) == ["axial", "oblique axial", "sagittal"]
    assert open_image(tmp_path, series="sagittal").grid.orientation == "PIR"


def test_sizes_and_pixels_tell_volumes_apart(tmp_path: Path) -> None:
    """Only what differs is named."""
    write_series(tmp_path, slices=4, uid="1.2.7")
    write_series(tmp_path, slices=4, uid="1.2.7", prefix="A", columns=11)
    assert _parts(tmp_path) == ["11x7", "9x7"]
    other = tmp_path / "other"
    write_series(other, slices=4, uid="1.2.8")
    write_series(other, slices=4, uid="1.2.8", prefix="Z", spacing_mm=(1.0, 1.0, 2.5))
    assert _parts(other) == ["pixels of 0.8x1.3 mm", "pixels of 1x1 mm"]


def test_another_frame_of_reference_is_another_volume(tmp_path: Path) -> None:
    """Its millimetres are not the same; the first file tells which is which."""
    write_series(tmp_path, slices=4, uid="1.2.7")
    write_series(tmp_path, slices=4, uid="1.2.7", prefix="Z", FrameOfReferenceUID="1.2.55")
    assert _parts(tmp_path) == ["with IM0000", "with Z0000"]


def test_rounded_directions_are_the_same(tmp_path: Path) -> None:
    """Some scanners write each slice's cosines anew."""
    write_series(
        tmp_path,
        ImageOrientationPatient=lambda k: [1, 0, 0, 0, 1, 0.00004 * (-1) ** k],
        PixelSpacing=lambda k: [1.3, 0.8 + 0.00003 * (k % 3)],
    )
    assert open_image(tmp_path).grid.shape[2] == 12


def test_localizers_in_the_series_itself_are_set_aside(tmp_path: Path) -> None:
    """They say so in their image type."""
    series = write_series(tmp_path, uid="1.2.7")
    scout = image(phantom((20, 30)).T, uid="1.2.7")
    place(scout, affine_of("coronal", 0.0, (3.0, 2.0, 5.0)), 0)
    save(scout, tmp_path / "scout", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    found = open_image(tmp_path)
    np.testing.assert_array_equal(found.array, series.volume)
    assert "left out: Phantom, CT (a localizer)" in found.source.notes


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"ImagePositionPatient": None}, "no position, orientation or pixel spacing"),
        ({"PixelSpacing": None}, "no position, orientation or pixel spacing"),
        ({"NumberOfFrames": 3}, "3 frames without a place"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "colours where a slice"),
    ],
)
def test_an_image_of_the_series_that_is_no_slice_is_named(
    fields: dict[str, object], words: str, tmp_path: Path
) -> None:
    """Without it the volume might lack a slice at its end, and nobody would know."""
    series = write_series(tmp_path)
    change(series.files[-1], **fields)
    with pytest.raises(ImageError, match=words) as caught:
        open_image(tmp_path)
    assert series.files[-1].name in str(caught.value)


def test_a_localizer_without_a_place_is_a_picture(tmp_path: Path) -> None:
    """It has pixels to look at, and no more."""
    scout = image(phantom((20, 30)).T)
    path = save(scout, tmp_path / "scout", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    assert open_image(path).grid.shape == (30, 20)


def test_a_localizer_of_many_frames_is_not_read_as_its_first(tmp_path: Path) -> None:
    """A film stays one, also under that name."""
    scout = image(phantom((20, 30, 3)).T)
    place(scout, affine_of("coronal", 0.0, (3.0, 2.0, 5.0)), 0)
    path = save(
        scout, tmp_path / "s", NumberOfFrames=3, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]
    )
    with pytest.raises(ImageError, match="3 frames without a place"):
        open_image(path)
