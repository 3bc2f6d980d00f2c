"""What a viewer is given to show an image."""

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

from tests.dicom_series import write_series
from tests.grids import rotation
from tests.server.serving import save_nifti
from vesal.images import open_image
from vesal.server.display import modality_of, nifti_of, windows_of


def shown(data: bytes) -> Any:
    """The file as another library reads it."""
    kind: Any = nib.Nifti1Image
    return kind.from_bytes(data)


def hounsfield() -> NDArray[np.int16]:
    """Air, water and bone."""
    array = np.full((12, 10, 8), -1000, np.int16)
    array[3:9, 2:8, 2:6] = 40
    array[5:7, 4:6, 3:5] = 900
    return array


@pytest.mark.parametrize(
    ("dtype", "kept"),
    [
        (np.uint8, np.uint8),
        (np.int8, np.int16),
        (np.int16, np.int16),
        (np.uint16, np.float32),
        (np.int32, np.float32),
        (np.float64, np.float32),
    ],
)
def test_values_and_places_are_kept_in_a_type_that_browsers_read(
    tmp_path: Path, dtype: Any, kept: Any
) -> None:
    """On an oblique grid, for each type a file may have."""
    array = np.random.default_rng(1).integers(0, 100, (5, 6, 7)).astype(dtype)
    affine = np.eye(4)
    affine[:3, :3] = rotation(20, -35, 50) @ np.diag([2.0, 1.5, 3.0])
    image = open_image(save_nifti(tmp_path / "scan.nii", array, affine))
    made = shown(nifti_of(image))
    assert made.get_data_dtype() == kept
    assert np.array_equal(np.asarray(made.dataobj), array)
    assert np.allclose(made.affine, image.grid.affine, atol=1e-5)


def test_a_picture_is_one_slice_that_stands_upright(tmp_path: Path) -> None:
    """Rows go down in a picture and up in a volume: the top row has the highest y."""
    pixels = np.arange(6 * 4, dtype=np.uint8).reshape(6, 4)
    Pillow.fromarray(pixels).save(tmp_path / "cells.png")
    made = shown(nifti_of(open_image(tmp_path / "cells.png")))
    assert made.shape == (6, 4, 1)
    assert np.array_equal(np.asarray(made.dataobj)[:, :, 0], pixels)
    top, bottom = made.affine @ (0, 0, 0, 1), made.affine @ (5, 0, 0, 1)
    left, right = made.affine @ (0, 0, 0, 1), made.affine @ (0, 3, 0, 1)
    assert top[1] > bottom[1]
    assert left[0] < right[0]


def test_a_colour_picture_is_shown_by_its_luminance(tmp_path: Path) -> None:
    """Green is brighter than blue; the window is that of all colours."""
    pixels = np.zeros((4, 6, 3), np.uint8)
    pixels[:, :3, 1], pixels[:, 3:, 2] = 255, 255
    Pillow.fromarray(pixels).save(tmp_path / "stain.png")
    image = open_image(tmp_path / "stain.png")
    grey = np.asarray(shown(nifti_of(image)).dataobj)[:, :, 0]
    assert grey[0, 0] > grey[0, 5]
    assert [(one.low, one.high) for one in windows_of(image)] == [(0.0, 255.0)]


def test_hounsfield_units_are_taken_for_ct_and_get_its_windows(tmp_path: Path) -> None:
    """A NIfTI does not say what it is; its values do."""
    image = open_image(save_nifti(tmp_path / "ct.nii", hounsfield()))
    assert modality_of(image) == "CT"
    first = windows_of(image)[0]
    assert (first.name, first.low, first.high) == ("Soft tissue", -160.0, 240.0)
    other = open_image(save_nifti(tmp_path / "mr.nii", hounsfield() + 1000))
    assert modality_of(other) == ""
    assert [one.name for one in windows_of(other)] == ["Contrast", "All values"]


def test_dicom_says_what_it_is(tmp_path: Path) -> None:
    """Whatever its values look like."""
    series = write_series(tmp_path / "series", Modality="PT")
    image = open_image(series.folder)
    assert modality_of(image) == "PT"
    assert windows_of(image)[0].name == "Contrast"
    assert np.array_equal(np.asarray(shown(nifti_of(image)).dataobj), image.array)


@pytest.mark.parametrize("value", [0, 7])
def test_an_image_of_one_value_has_windows_too(tmp_path: Path, value: int) -> None:
    """Finite numbers, so that they can be sent."""
    image = open_image(save_nifti(tmp_path / "flat.nii", np.full((4, 4, 4), value, np.int16)))
    for one in windows_of(image):
        assert np.isfinite([one.low, one.high]).all()


@pytest.mark.parametrize(("length", "kind"), [(32_767, nib.Nifti1Image), (40_000, nib.Nifti2Image)])
def test_a_picture_that_is_too_wide_for_nifti_1_is_a_nifti_2(
    tmp_path: Path, length: int, kind: Any
) -> None:
    """Whose axes may be of any length; both have all values."""
    pixels = np.arange(length, dtype=np.uint32).astype(np.uint8)[None]
    Pillow.fromarray(pixels).save(tmp_path / "strip.png")
    made = kind.from_bytes(nifti_of(open_image(tmp_path / "strip.png")))
    assert made.shape == (1, length, 1)
    assert np.array_equal(np.asarray(made.dataobj)[:, :, 0], pixels)
