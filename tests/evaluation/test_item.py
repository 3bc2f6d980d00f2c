"""Tests of vesal.evaluation.item, on the shipped MR and on ugly grids."""

from pathlib import Path

import numpy as np
import pytest

from tests.grids import RASTERS, UGLY, speckle
from tests.phantoms import enlarged
from vesal.datasets.opened import Opened, Target
from vesal.datasets.pair import Pair
from vesal.evaluation.item import items_of
from vesal.evaluation.metrics import dice
from vesal.geometry import Grid
from vesal.geometry.patch import Patch
from vesal.images import Image


def opened(grid: Grid, *masks: np.ndarray) -> Opened:
    """An image on a grid with these objects."""
    image = Image(array=np.random.default_rng(1).random(grid.shape), grid=grid)
    targets = tuple(Target(name=f"object {i}", patch=Patch.of(m)) for i, m in enumerate(masks))
    return Opened(pair=Pair(name="case", image=Path("case.nii.gz")), image=image, targets=targets)


@pytest.mark.parametrize("name", sorted(UGLY))
def test_the_whole_image_is_shown_as_it_is(name: str) -> None:
    """The same image for all objects, so that what a method knows of it can be kept."""
    grid = UGLY[name]
    case = opened(grid, speckle(grid.shape), ~speckle(grid.shape) | speckle(grid.shape, 3))
    items = list(items_of(case, "whole"))
    assert len(items) == 2
    for item, target in zip(items, case.targets, strict=True):
        assert item.image is item.scored is case.image
        np.testing.assert_array_equal(item.truth, target.patch.full())
        np.testing.assert_array_equal(item.back(item.truth), item.truth)


@pytest.mark.parametrize("name", ["LPS", "oblique permuted", "sheared", "flipped"])
def test_a_cube_is_cut_out_round_the_truth_and_its_masks_come_back(name: str) -> None:
    """128 voxels of 1.5 mm with the object in the middle; back on the native grid it is whole."""
    grid = enlarged(UGLY[name], 14)
    mask = np.zeros(grid.shape, np.bool_)
    mask[tuple(slice(n // 2, n // 2 + max(3, n // 4)) for n in grid.shape)] = True
    (item,) = items_of(opened(grid, mask), "label cube")
    assert item.image.grid.shape == (128,) * 3
    assert item.image.grid.spacing_mm == pytest.approx((1.5,) * 3)
    assert item.image.grid.orientation == "RAS"
    held = Patch.of(item.truth)
    middle = np.add(held.start, np.array(held.shape) / 2)
    np.testing.assert_allclose(middle, 64, atol=0.5)
    assert dice(item.back(item.truth), mask) > 0.85  # steps of 1.5 mm
    assert item.back(item.truth).shape == grid.shape


def test_what_the_cube_cuts_off_is_missing() -> None:
    """An object of 260 mm cannot come back whole from 192 mm."""
    grid = Grid(shape=(130, 12, 12), affine=np.diag([2.0, 2.0, 2.0, 1.0]))
    mask = np.ones(grid.shape, np.bool_)
    (item,) = items_of(opened(grid, mask), "label cube")
    assert item.back(item.truth).sum() in (96 * 144, 97 * 144)  # its ends fall between voxels


def test_an_object_thinner_than_the_lattice_still_has_a_cube() -> None:
    """One thin voxel between two voxels of 1.5 mm; the cube is around it, though nothing is in."""
    grid = Grid(shape=(40, 40, 40), affine=np.diag([0.25, 0.25, 0.25, 1.0]))
    mask = np.zeros(grid.shape, np.bool_)
    mask[18, 18, 18] = True
    (item,) = items_of(opened(grid, mask), "label cube")
    point = grid.to_world(np.array([[18.0, 18, 18]]))
    index = item.image.grid.to_index(point)[0]
    assert np.abs(index - 64).max() <= 1
    assert not item.truth.any()


@pytest.mark.parametrize("name", ["LPS", "permuted", "oblique", "anisotropic"])
def test_slices_are_rasters_that_make_up_the_object(name: str) -> None:
    """Across the largest spacing; voxels and mm in the plane are the volume's."""
    grid = UGLY[name]
    mask = speckle(grid.shape)
    items = list(items_of(opened(grid, mask), "slices"))
    normal = int(np.argmax(grid.spacing_mm))
    plane = [n for axis, n in enumerate(grid.shape) if axis != normal]
    assert len(items) == grid.shape[normal]
    assert sum(int(item.truth.sum()) for item in items) == mask.sum()
    for item in items:
        assert sorted(item.image.grid.shape) == sorted(plane)
        area = item.image.grid.voxel_volume_mm3
        others = [s for axis, s in enumerate(grid.spacing_mm) if axis != normal]
        assert area == pytest.approx(np.prod(others))
        assert item.target.patch == Patch.of(item.truth)
        number = int(item.part.removeprefix("slice "))
        assert item.truth.sum() == mask.take(number, axis=normal).sum()


def test_slices_with_hardly_anything_of_the_object_are_left_out() -> None:
    """Below 0.153 % of the slice, as in SA-Med2D-20M: of 100 x 100 pixels, 16 are enough."""
    grid = Grid(shape=(100, 100, 3), affine=np.diag([1.0, 1.0, 5.0, 1.0]))
    mask = np.zeros(grid.shape, np.bool_)
    mask[:3, :5, 0] = True
    mask[:4, :4, 2] = True
    assert [item.part for item in items_of(opened(grid, mask), "slices")] == ["slice 2"]


@pytest.mark.parametrize("view", ["whole", "label cube", "slices"])
def test_a_raster_is_shown_as_it_is_under_every_view(view: str) -> None:
    """There is no cube and no slice of it."""
    grid = RASTERS["detector"]
    case = opened(grid, speckle(grid.shape))
    (item,) = items_of(case, view)  # type: ignore[arg-type]  # parametrised
    assert item.image is case.image
    assert item.part == ""
