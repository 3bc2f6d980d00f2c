"""Tests of vesal.inference.paste."""

import numpy as np
import pytest

from tests.grids import rotation
from vesal.geometry import Grid, Patch
from vesal.geometry.resample import resample
from vesal.inference.answer import Evidence
from vesal.inference.paste import OUTSIDE, given_logits, laid_over, pasted, share_of


def test_logits_return_to_the_part_of_the_image_under_their_window() -> None:
    """A window of twice as large voxels over the middle: its values there."""
    image = Grid(shape=(12, 12, 12), affine=np.eye(4))
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = 3.5  # its faces are those of the voxels 3 to 8
    logits = np.full((3, 3, 3), 5.0, np.float32)
    part, found = pasted(logits, Grid(shape=(3, 3, 3), affine=affine), image)
    assert part == found.part == (slice(3, 9),) * 3
    assert found.count == 6**3


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_every_voxel_gets_what_the_window_says_of_its_place(order: tuple[int, int, int]) -> None:
    """As if all of it were resampled, then thresholded; the window's axes come in any order."""
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
    for seed in range(5):
        logits = np.random.default_rng(seed).normal(-1, 1, window.shape).astype(np.float32)
        part, found = pasted(logits, window, image)
        local = image.crop([s.start for s in part], [s.stop for s in part])
        wanted = resample(logits, window, local, fill=OUTSIDE) > 0
        assert 0 < found.count < wanted.size
        assert np.array_equal(found.within(part), wanted)


def test_nothing_above_0_is_an_empty_mask_under_the_window() -> None:
    """The part is that of the window all the same: what was there before is gone."""
    image = Grid(shape=(6, 6), affine=np.eye(3))
    part, found = pasted(np.zeros((3, 2), np.float32), Grid(shape=(3, 2), affine=np.eye(3)), image)
    assert part == (slice(0, 3), slice(0, 2))
    assert found.is_empty
    assert found.whole == image.shape


def test_a_window_that_reaches_out_of_the_image_gives_what_lies_in_it() -> None:
    """Its part ends where the image does."""
    image = Grid(shape=(6, 6, 6), affine=np.eye(4))
    affine = np.eye(4)
    affine[:3, 3] = (-2, 3, 4)
    logits = np.where(np.arange(4**3) % 3, 1, -1).astype(np.float32).reshape(4, 4, 4)
    part, found = pasted(logits, Grid(shape=(4, 4, 4), affine=affine), image)
    assert part == (slice(0, 2), slice(3, 6), slice(4, 6))
    assert np.array_equal(found.within(part), logits[2:, :3, :2] > 0)


def test_the_later_logits_count_where_two_windows_overlap() -> None:
    """Elsewhere the earlier ones, and 0 where there are none."""
    window = Grid(shape=(6, 6), affine=np.eye(3))
    wide, narrow = window.crop([0, 0], [5, 5]), window.crop([1, 1], [3, 3])
    looks = [
        Evidence(grid=grid, logits=np.full(grid.shape, logit, np.float32))
        for grid, logit in ((wide, 5.0), (narrow, -3.0))
    ]
    wanted = np.zeros((6, 6))
    wanted[:5, :5], wanted[1:3, 1:3] = 5, -3
    assert np.array_equal(laid_over(looks, window), wanted)


def test_a_mask_to_begin_with_looks_as_if_the_model_had_been_sure_of_it() -> None:
    """Where it fills half of a voxel of the window the model is unsure."""
    image = Grid(shape=(4, 4), affine=np.eye(3))
    mask = np.zeros((4, 4), np.bool_)
    mask[1:, :] = mask[0, 3] = True
    affine = np.eye(3)
    affine[0, 2] = 0.5
    window = Grid(shape=(3, 4), affine=affine)
    given = given_logits(Patch.of(mask), image, window)
    assert np.array_equal(given[:, 0], [0, 6, 6])
    assert np.array_equal(given[:, 3], [6, 6, 6])
    assert np.array_equal(share_of(Patch.of(mask), image, image), mask)
