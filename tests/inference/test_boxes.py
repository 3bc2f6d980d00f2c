"""A box in the world, seen by grids that lie askew in it."""

import numpy as np
import pytest

from tests.grids import UGLY
from tests.phantoms import enlarged
from vesal.geometry import Grid
from vesal.inference.boxes import index_box, within
from vesal.prompts import Box

GRIDS = {name: enlarged(grid, 10) for name, grid in UGLY.items() if max(grid.shape) > 3}


def box_in(grid: Grid) -> Box:
    """A box around the middle of the grid, a third of its bounds across."""
    bounds = grid.bounds_mm()
    low = tuple(c - e / 6 for c, e in zip(bounds.centre, bounds.extent, strict=True))
    high = tuple(c + e / 6 for c, e in zip(bounds.centre, bounds.extent, strict=True))
    return Box(low_mm=low, high_mm=high)


@pytest.mark.parametrize("name", GRIDS)
def test_voxels_within_a_box_have_their_centres_in_it(name: str) -> None:
    """Each voxel is asked in world mm."""
    grid = GRIDS[name]
    box = box_in(grid)
    world = grid.to_world(np.argwhere(np.ones(grid.shape, np.bool_)).astype(np.float64))
    low, high = np.array(box.low_mm), np.array(box.high_mm)
    voxel = np.abs(grid.affine[:-1, :-1]).max(axis=1)
    slack = np.maximum(0, (voxel - (high - low)) / 2)  # where the box is thinner than a voxel
    inside = (world >= low - slack - 1e-6) & (world <= high + slack + 1e-6)
    assert np.array_equal(within(grid, box).reshape(-1), inside.all(axis=1))


@pytest.mark.parametrize("name", GRIDS)
def test_the_box_of_indices_holds_all_that_is_inside(name: str) -> None:
    """No corner of the world's box lies outside of it."""
    grid = GRIDS[name]
    box = box_in(grid)
    found = index_box(grid, box)
    corners = np.array(np.meshgrid(*zip(box.low_mm, box.high_mm, strict=True))).reshape(3, -1).T
    index = grid.to_index(corners)
    assert index.min(axis=0) == pytest.approx(np.array(found.low))
    assert index.max(axis=0) == pytest.approx(np.array(found.high))


def test_the_middle_of_a_box() -> None:
    """On every axis."""
    assert Box(low_mm=(0.0, -4.0), high_mm=(3.0, 2.0)).middle_mm == (1.5, -1.0)
