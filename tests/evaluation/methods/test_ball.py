"""Tests of vesal.evaluation.methods.ball, on ugly grids."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.evaluation.methods.clicks import click
from tests.grids import RASTERS, UGLY, grid_of, rotation, ugly_grids
from vesal.evaluation.methods.ball import ball, ball_method
from vesal.geometry import Grid
from vesal.images import Image
from vesal.prompts import Box, Prompt


@pytest.mark.parametrize(
    ("angles", "spacing_mm"),
    [
        ((20, -35, 50), (0.4, 0.7, 1.1)),
        ((0, 0, 0), (1.0, 0.5, 0.8)),
        ((90, 5, 170), (0.3, 0.9, 0.6)),
    ],
    ids=str,
)
def test_a_ball_has_its_volume_and_its_centre_whatever_the_grid(
    angles: tuple[float, ...], spacing_mm: tuple[float, ...]
) -> None:
    """4/3 pi r^3 within a hundredth, and the centroid in world mm is the clicked voxel."""
    radius_mm = 9.0
    shape = tuple(2 * math.ceil(1.3 * radius_mm / s) + 1 for s in spacing_mm)
    grid = grid_of(shape, rotation(*angles) @ np.diag([-1.0, 1, 1]), spacing_mm, (40, -70, 300))
    index = tuple(n // 2 for n in shape)
    mask = ball(grid, index, radius_mm)
    volume = mask.sum() * grid.voxel_volume_mm3
    assert volume == pytest.approx(4 / 3 * math.pi * radius_mm**3, rel=0.01)
    centroid = grid.to_world(np.argwhere(mask).astype(np.float64)).mean(axis=0)
    centre = grid.to_world(np.array([index], np.float64))[0]
    np.testing.assert_allclose(centroid, centre, atol=1e-6)


@settings(deadline=None, max_examples=60)
@given(grid=ugly_grids() | st.sampled_from(list(RASTERS.values())), data=st.data())
def test_a_ball_holds_the_voxels_that_are_near_in_world(grid: Grid, data: st.DataObject) -> None:
    """By distances of voxel centres in mm, under shear too; on a raster it is a disc."""
    index = data.draw(st.tuples(*[st.integers(0, n - 1) for n in grid.shape]))
    radius_mm = data.draw(st.floats(0, 30))
    voxels = np.indices(grid.shape).reshape(grid.ndim, -1).T.astype(np.float64)
    centre = grid.to_world(np.array([index], np.float64))
    distance = np.linalg.norm(grid.to_world(voxels) - centre, axis=1).reshape(grid.shape)
    mask = ball(grid, index, radius_mm)
    sure = np.abs(distance - radius_mm) > 1e-6
    np.testing.assert_array_equal(mask[sure], (distance <= radius_mm)[sure])
    assert mask[index]


def test_the_ugly_grids_are_not_forgotten() -> None:
    """A ball of no radius is the clicked voxel alone, on each of them."""
    for name, grid in UGLY.items():
        index = tuple(n - 1 for n in grid.shape)
        mask = ball(grid, index, 1e-9)
        assert mask.sum() == 1, name
        assert mask[index], name


@settings(deadline=None, max_examples=30)
@given(grid=ugly_grids(longest=14) | st.sampled_from(list(RASTERS.values())), data=st.data())
def test_further_clicks_add_or_take_balls_half_as_large(grid: Grid, data: st.DataObject) -> None:
    """Whatever the grid: the balls of the whole image, in the order of the clicks."""
    voxels = st.tuples(*[st.integers(0, n - 1) for n in grid.shape])
    said = dict(data.draw(st.lists(st.tuples(voxels, st.booleans()), max_size=4)))
    first = data.draw(voxels)
    said.pop(first, None)
    assume(grid.size > 1)  # else all voxels are equal
    values = np.arange(grid.size, dtype=np.float32).reshape(grid.shape)
    trial = ball_method().begin(Image(array=values, grid=grid))
    mask = trial.add([click(grid, first)])
    expected = ball(grid, first, 20.0)
    np.testing.assert_array_equal(mask, expected)
    for voxel, positive in said.items():
        mask = trial.add([click(grid, voxel, positive=positive)])
        expected[ball(grid, voxel, 10.0)] = positive
    every = {first: True, **said}
    assert all(mask[voxel] == positive for voxel, positive in every.items())
    assert not (mask & ~expected & ~_at(every, grid)).any()  # pieces without a click are left out


def _at(voxels: dict[tuple[int, ...], bool], grid: Grid) -> np.ndarray:
    mask = np.zeros(grid.shape, np.bool_)
    for voxel in voxels:
        mask[voxel] = True
    return mask


def test_a_box_cuts_the_ball_in_its_middle() -> None:
    """Twenty pixels round the middle, as far as the box goes."""
    grid = grid_of((60, 80), np.eye(2), (1, 1), (0, 0))
    image = Image(array=np.arange(4800, dtype=np.float32).reshape(grid.shape), grid=grid)
    said: list[Prompt] = [Box.of_voxels(grid, (10, 20), (20, 70))]
    mask = ball_method().begin(image).add(said)
    expected = ball(grid, (15, 45), 20.0)
    expected[:10] = expected[21:] = False
    np.testing.assert_array_equal(mask, expected)
