"""Tests of vesal.evaluation.methods.ball beside those of all baselines."""

import numpy as np
import pytest

from tests.grids import UGLY, grid_of, rotation
from vesal.evaluation.baselines import ball
from vesal.evaluation.methods.choose import method
from vesal.geometry import Grid
from vesal.images import Image
from vesal.images.image import Source
from vesal.prompts.place import click_on


@pytest.mark.parametrize("grid", UGLY.values(), ids=UGLY)
def test_the_first_click_is_a_ball_of_20_mm(grid: Grid) -> None:
    """The same as over the whole grid, at a corner of the image as well."""
    image = Image(array=np.zeros(grid.shape, np.uint8), grid=grid)
    for voxel in ((0,) * 3, tuple(n // 2 for n in grid.shape)):
        mask = method("ball").begin(image).add([click_on(grid, voxel, positive=True)])
        np.testing.assert_array_equal(mask, ball(grid, voxel, 20.0))


def test_later_clicks_add_and_remove_balls_of_10_mm() -> None:
    """In their order; the clicked voxel of an earlier positive click stays."""
    grid = grid_of((30, 40, 20), rotation(20, -35, 50), (2, 1.5, 3), (5, 6, 7))
    image = Image(array=np.zeros(grid.shape, np.uint8), grid=grid)
    trial = method("ball").begin(image)
    places = [((15, 20, 10), True), ((2, 3, 4), True), ((15, 22, 10), False)]
    for voxel, positive in places:
        mask = trial.add([click_on(grid, voxel, positive=positive)])
    expected = ball(grid, (15, 20, 10), 20.0) | ball(grid, (2, 3, 4), 10.0)
    expected &= ~ball(grid, (15, 22, 10), 10.0)
    expected[15, 20, 10] = True
    np.testing.assert_array_equal(mask, expected)


def test_without_spacing_the_ball_is_a_share_of_the_shorter_side() -> None:
    """A tenth of the second longest side: 40 pixels of a raster of 400 by 600."""
    grid = Grid(shape=(400, 600), affine=np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, 1]]))
    source = Source(format="PNG", spacing_known=False)
    image = Image(array=np.zeros(grid.shape, np.uint8), grid=grid, source=source)
    trial = method("ball").begin(image)
    mask = trial.add([click_on(grid, (200, 300), positive=True)])
    assert mask[200].sum() == 81
    mask = trial.add([click_on(grid, (200, 300), positive=False)])
    assert mask.sum() == 0
    mask = trial.add([click_on(grid, (20, 300), positive=True)])
    assert mask[20].sum() == 81  # the first one again: the place was taken back
