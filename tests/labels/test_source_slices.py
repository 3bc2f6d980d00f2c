"""Tests of vesal.labels.source_slices; `test_dicom_seg` has tilted and shifted grids."""

from dataclasses import replace

import numpy as np
import pytest

from tests.grids import UGLY
from tests.labels.series import GRIDS, label_map
from vesal.arrays import AffineMatrix
from vesal.errors import ImageError
from vesal.geometry import Grid, ras_to_lps
from vesal.images import Source
from vesal.labels import LabelMap
from vesal.labels.source_slices import on_slices

GRID = GRIDS["axial"]
SIZE = (GRID.shape[1], GRID.shape[0])


def _planes(grid: Grid) -> list[AffineMatrix]:
    """Where the slices of a grid lie, with a step across that means nothing."""
    affine = ras_to_lps(grid.affine)
    planes = []
    for k in range(grid.shape[2]):
        plane = affine.copy()
        plane[:3, 3] += k * affine[:3, 2]
        plane[:3, 2] = np.cross(affine[:3, 0], affine[:3, 1])
        planes.append(plane)
    return planes


def _labels(grid: Grid) -> LabelMap:
    return label_map(grid, Source(format="DICOM"), 3, 9)


@pytest.mark.parametrize("name", UGLY)
def test_each_slice_gets_its_own_voxels(name: str) -> None:
    """(slice, row, column), bit for bit."""
    labels = _labels(UGLY[name])
    slices = on_slices(labels, _planes(labels.grid), (labels.array.shape[1], labels.array.shape[0]))
    np.testing.assert_array_equal(slices, labels.array.T)


def test_slices_in_another_order_get_the_voxels_of_their_place() -> None:
    """Backwards, here."""
    labels = _labels(GRID)
    slices = on_slices(labels, _planes(GRID)[::-1], SIZE)
    np.testing.assert_array_equal(slices, labels.array.T[::-1])


def test_slices_a_little_beside_their_place_get_their_own_voxels() -> None:
    """Uneven by a tenth of a step, which a reader lets pass."""
    labels = _labels(GRID)
    planes = _planes(GRID)
    planes[3][2, 3] += 0.25
    np.testing.assert_array_equal(on_slices(labels, planes, SIZE), labels.array.T)


def test_a_slice_that_is_gone_is_named() -> None:
    """Two slices at one place leave one out, and the objects on it would be lost."""
    labels = _labels(GRID)
    planes = _planes(GRID)
    planes[3] = planes[4]
    with pytest.raises(ImageError, match="must still be there, not so: slice 4"):
        on_slices(labels, planes, SIZE)
    array = labels.array.copy()
    array[..., 3] = 0
    slices = on_slices(replace(labels, array=array), planes, SIZE)
    np.testing.assert_array_equal(slices[[0, 1, 2, 4, 5, 6]], array.T[[0, 1, 2, 4, 5, 6]])


def test_slices_that_a_reader_filled_in_are_left_out() -> None:
    """The map has seven slices, the scanner made six of them."""
    labels = _labels(GRID)
    planes = _planes(GRID)
    del planes[3]
    slices = on_slices(labels, planes, SIZE)
    np.testing.assert_array_equal(slices, np.delete(labels.array.T, 3, axis=0))


def test_an_object_between_the_slices_is_named() -> None:
    """On a finer grid an object may lie where the scanner has no slice."""
    affine = GRID.affine.copy()
    affine[:3, 2] /= 2
    labels = _labels(Grid(shape=(*GRID.shape[:2], 2 * GRID.shape[2]), affine=affine))
    array = np.zeros_like(labels.array)
    array[2:4, 2:4, 4] = 3
    array[2:4, 2:4, 7] = 9
    with pytest.raises(ImageError, match="must cross a slice of the image, not so: object 9"):
        on_slices(replace(labels, array=array), _planes(GRID), SIZE)


def test_pixels_of_another_size_get_the_nearest_voxels() -> None:
    """Here each pixel of the scan is two voxels wide."""
    affine = GRID.affine.copy()
    affine[:3, 0] *= 2
    affine[:3, 3] += affine[:3, 0] * 0.2
    wide = Grid(shape=(5, *GRID.shape[1:]), affine=affine)
    labels = _labels(GRID)
    slices = on_slices(labels, _planes(wide), (GRID.shape[1], 5))
    np.testing.assert_array_equal(slices[:, :, :4], labels.array.T[:, :, :8:2])
    assert not slices[:, :, 4:][labels.array.T[:, :, 8:9] == 0].any()
