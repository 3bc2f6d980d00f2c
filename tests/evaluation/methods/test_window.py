"""Tests of vesal.evaluation.methods.window."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evaluation.methods.clicks import click
from tests.grids import RASTERS, ugly_grids
from vesal.evaluation.methods.window import range_of, window_of
from vesal.geometry import Grid
from vesal.inference.request import request_of
from vesal.prompts import Box, Scribble

CUBE = Grid(shape=(200, 120, 60), affine=np.diag([1.0, 1, 2, 1]))


@settings(deadline=None, max_examples=60)
@given(grid=ugly_grids(longest=40) | st.sampled_from(list(RASTERS.values())), data=st.data())
def test_every_window_lies_in_the_image_and_has_its_seeds(grid: Grid, data: st.DataObject) -> None:
    """At most so many voxels an axis, all in the image; the click is a seed."""
    voxel = data.draw(st.tuples(*[st.integers(0, n - 1) for n in grid.shape]))
    side = data.draw(st.integers(4, 16))
    values = np.random.default_rng(0).random(grid.shape).astype(np.float32)
    seen = window_of(values, grid, request_of([click(grid, voxel)], grid), side)
    assert max(seen.grid.shape) <= side
    corners = np.array([[-0.5] * grid.ndim, [n - 0.5 for n in seen.grid.shape]])
    index = grid.to_index(seen.grid.to_world(corners))
    assert (index > -0.5 - 1e-6).all()
    assert (index < np.array(grid.shape) - 0.5 + 1e-6).all()
    point = seen.grid.to_index(grid.to_world(np.array([voxel], np.float64)))
    assert seen.inside[tuple(np.round(point)[0].astype(int))]
    assert not (seen.inside & seen.outside).any()
    assert 0 <= seen.values.min() <= seen.values.max() <= 1


def test_it_is_a_sixth_of_the_second_longest_side_round_the_clicks() -> None:
    """In mm, on both sides of a box round the positive clicks, as far as the image goes."""
    said = [click(CUBE, v) for v in ((100, 60, 30), (110, 50, 30))]
    said.append(click(CUBE, (0, 0, 0), positive=False))
    seen = range_of(CUBE, request_of(said, CUBE))
    assert seen.low == pytest.approx((80, 30, 20))
    assert seen.high == pytest.approx((130, 80, 40))
    near = range_of(CUBE, request_of([click(CUBE, (5, 118, 30))], CUBE))
    assert near.low == pytest.approx((-0.5, 98, 20))
    assert near.high == pytest.approx((25, 119.5, 40))


def test_it_is_a_tenth_wider_than_a_box_and_thick_across_a_flat_one() -> None:
    """Of the box's longest side in mm; a half of it across a box on a slice."""
    box = Box.of_voxels(CUBE, (50, 50, 10), (89, 69, 19))
    seen = range_of(CUBE, request_of([box, click(CUBE, (60, 60, 15))], CUBE))
    assert seen.low == pytest.approx((45.5, 45.5, 7.5))
    assert seen.high == pytest.approx((93.5, 73.5, 21.5))
    flat = Box.of_voxels(CUBE, (50, 50, 30), (89, 69, 30))
    seen = range_of(CUBE, request_of([flat, click(CUBE, (60, 60, 30))], CUBE))
    assert (seen.low[2], seen.high[2]) == pytest.approx((19.5, 40.5))


def test_faces_are_background_but_where_the_image_ends() -> None:
    """A window in a corner has the three inner ones; one that is all of a picture has them all."""
    values = np.random.default_rng(0).random(CUBE.shape).astype(np.float32)
    seen = window_of(values, CUBE, request_of([click(CUBE, (3, 3, 58))], CUBE), 20)
    assert seen.outside[-1].all()
    assert seen.outside[:, -1].all()
    assert seen.outside[:, :, 0].all()
    assert not seen.outside[:-1, :-1, 1:].any()
    small = Grid(shape=(8, 30), affine=np.eye(3))
    ends = [click(small, v) for v in ((1, 1), (6, 28))]
    whole = window_of(values[:8, :30, 0], small, request_of(ends, small), 40)
    assert whole.grid.shape == small.shape
    border = np.ones(small.shape, np.bool_)
    border[1:-1, 1:-1] = False
    np.testing.assert_array_equal(whole.outside, border & ~whole.inside)


def test_what_was_drawn_and_what_is_beyond_a_box_are_seeds() -> None:
    """A scribble inside, one outside, and all that the box does not hold."""
    values = np.random.default_rng(0).random(CUBE.shape).astype(np.float32)
    line, away = np.zeros(CUBE.shape, np.bool_), np.zeros(CUBE.shape, np.bool_)
    line[60:80, 60, 15] = away[50:90, 52:54, 15] = True
    said = [Scribble.of_voxels(CUBE, line), Scribble.of_voxels(CUBE, away, positive=False)]
    box = Box.of_voxels(CUBE, (50, 50, 10), (89, 69, 19))
    seen = window_of(values, CUBE, request_of([box, *said], CUBE), 64)
    for drawn, seeds in ((line, seen.inside), (away, seen.outside)):
        points = CUBE.to_world(np.argwhere(drawn).astype(np.float64))
        index = np.round(seen.grid.to_index(points)).astype(int)
        assert seeds[tuple(index.T)].all()
    centres = seen.grid.to_world(np.argwhere(~seen.outside).astype(np.float64))
    index = CUBE.to_index(centres)
    assert (index > np.array([49.4, 49.4, 9.4])).all()
    assert (index < np.array([89.6, 69.6, 19.6])).all()
