"""Tests of vesal.inference.paste."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.grids import rotation
from vesal.geometry import Grid
from vesal.inference.paste import pasted


def test_logits_return_to_the_part_of_the_image_under_their_window() -> None:
    """A window of twice as large voxels over the middle: its values there."""
    image = Grid(shape=(12, 12, 12), affine=np.eye(4))
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = 3.5  # its faces are those of the voxels 3 to 8
    logits = np.full((3, 3, 3), 5.0, np.float32)
    part, local, found = pasted(logits, Grid(shape=(3, 3, 3), affine=affine), image)
    assert part == (slice(3, 9),) * 3
    assert local.same_as(image.crop([3] * 3, [9] * 3))
    assert (found == 5).all()


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_every_voxel_gets_what_the_window_says_of_its_place(order: tuple[int, int, int]) -> None:
    """A logit that is linear in mm is so afterwards; the window's axes come in any order."""
    affine = np.eye(4)
    affine[:3, :3] = rotation(20, -35, 50) @ np.diag([1.2, -0.8, 2.5])
    affine[:3, 3] = (10, -20, 30)
    image = Grid(shape=(14, 12, 10), affine=affine)
    scale = np.zeros((4, 4))
    scale[3, 3] = 1
    for column, axis in enumerate(order):
        scale[axis, column] = 1.5
        scale[axis, 3] = 2.5
    window = Grid(shape=(5, 4, 5), affine=affine @ scale)
    slope = np.array([0.3, -0.7, 0.2])
    logits = (window.to_world(indices(window)) @ slope).reshape(window.shape).astype(np.float32)
    part, local, found = pasted(logits, window, image)
    assert local.same_as(image.crop([s.start for s in part], [s.stop for s in part]))
    wanted = (local.to_world(indices(local)) @ slope).reshape(local.shape)
    inner = (slice(1, -1),) * 3  # half a window's voxel at its faces is not between two of them
    assert np.allclose(found[inner], wanted[inner], atol=1e-3)
    assert found[inner].size > 8


def test_a_window_that_reaches_out_of_the_image_gives_what_lies_in_it() -> None:
    """Its part ends where the image does."""
    image = Grid(shape=(6, 6, 6), affine=np.eye(4))
    affine = np.eye(4)
    affine[:3, 3] = (-2, 3, 4)
    logits = np.arange(4**3, dtype=np.float32).reshape(4, 4, 4)
    part, _, found = pasted(logits, Grid(shape=(4, 4, 4), affine=affine), image)
    assert part == (slice(0, 2), slice(3, 6), slice(4, 6))
    assert np.array_equal(found, logits[2:, :3, :2])


def indices(grid: Grid) -> NDArray[np.float64]:
    """All voxels, in C order."""
    return np.indices(grid.shape).reshape(3, -1).T.astype(float)
