"""Tests of vesal.images.image."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.grids import RASTERS, UGLY, speckle
from vesal.errors import ImageError
from vesal.geometry import Grid
from vesal.images import Image, Mask, Source

VOLUME, RASTER = UGLY["sheared"], RASTERS["placed"]


@pytest.mark.parametrize("grid", [VOLUME, RASTER], ids=["3D", "2D"])
def test_an_image_is_read_only_but_the_caller_s_array_is_not(grid: Grid) -> None:
    """Nothing below can change what is looked at."""
    array = np.zeros(grid.shape)
    image = Image(array=array, grid=grid)
    with pytest.raises(ValueError, match="read-only"):
        image.array[(0,) * grid.ndim] = 1
    array[(0,) * grid.ndim] = 1
    assert not image.is_colour


def test_a_colour_raster_has_three_channels_of_eight_bits() -> None:
    """Anything else does not fit the grid."""
    colour = np.zeros((*RASTER.shape, 3), dtype=np.uint8)
    assert Image(array=colour, grid=RASTER).is_colour
    for wrong in (colour.astype(np.uint16), colour[..., :2], np.zeros((*VOLUME.shape, 3), "u1")):
        with pytest.raises(ImageError, match="its grid's shape"):
            Image(array=wrong, grid=RASTER if wrong.ndim == 3 else VOLUME)


def test_grey_is_the_luminance_of_colours() -> None:
    """Green counts most, white is 255."""
    colour = np.zeros((*RASTER.shape, 3), dtype=np.uint8)
    colour[0, 0], colour[0, 1], colour[0, 2] = 255, (0, 200, 0), (0, 0, 200)
    grey = Image(array=colour, grid=RASTER).grey()
    assert grey.dtype == np.float32
    np.testing.assert_allclose(grey[0, :3], [255, 117.4, 22.8], atol=0.01)


def test_grey_of_a_grey_image_is_its_values_as_float32() -> None:
    """Any type in, float32 out."""
    array = np.arange(np.prod(VOLUME.shape), dtype=np.int32).reshape(VOLUME.shape)
    grey = Image(array=array, grid=VOLUME).grey()
    assert grey.dtype == np.float32
    np.testing.assert_array_equal(grey, array)


def test_voxels_that_are_no_numbers_are_counted_and_refused() -> None:
    """NaN and infinity, with how many and in which file."""
    array = np.zeros(VOLUME.shape, dtype=np.float32)
    array[0, 0, 0], array[1, 1, 1], array[2, 2, 2] = np.nan, np.inf, -np.inf
    with pytest.raises(ImageError, match=r"the image has 3 voxels that are NaN or infinite"):
        Image(array=array, grid=VOLUME)


@pytest.mark.parametrize("dtype", [np.complex64, "datetime64[s]", "U1"])
def test_only_real_numbers_can_be_looked_at(dtype: Any) -> None:
    """Complex numbers, dates and texts cannot."""
    with pytest.raises(ImageError, match="real numbers"):
        Image(array=np.zeros(VOLUME.shape).astype(dtype), grid=VOLUME)


def test_a_constant_image_is_an_image() -> None:
    """Whether it can be segmented is for others to say."""
    assert Image(array=np.full(VOLUME.shape, 5), grid=VOLUME).array.min() == 5


def test_volume_counts_sheared_voxels_in_ml() -> None:
    """Voxels times their true volume, in millilitres."""
    mask = Mask(array=speckle(VOLUME.shape), grid=VOLUME)
    determinant = abs(np.linalg.det(VOLUME.affine[:3, :3]))
    assert mask.volume_ml == pytest.approx(mask.array.sum() * determinant / 1000)


def test_pixels_have_no_volume() -> None:
    """A raster has none, and neither has a stack of unknown spacing."""
    assert Mask(array=speckle(RASTER.shape), grid=RASTER).volume_ml is None
    stack = Mask(array=speckle(VOLUME.shape), grid=VOLUME, source=Source(spacing_known=False))
    assert stack.volume_ml is None


def test_a_mask_has_the_shape_of_its_grid() -> None:
    """And is read-only like the image."""
    with pytest.raises(ImageError, match="its grid's shape"):
        Mask(array=np.zeros((2, 2, 2), dtype=bool), grid=VOLUME)
    with pytest.raises(ValueError, match="read-only"):
        Mask(array=speckle(VOLUME.shape), grid=VOLUME).array[0, 0, 0] = False


def test_saving_takes_a_text_and_gives_the_path(tmp_path: Path) -> None:
    """As open_image does."""
    mask = Mask(array=speckle(VOLUME.shape), grid=VOLUME)
    assert mask.save(str(tmp_path / "m.nii.gz")) == tmp_path / "m.nii.gz"
