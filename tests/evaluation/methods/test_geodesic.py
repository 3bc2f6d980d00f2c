"""Tests of vesal.evaluation.methods.geodesic."""

import numpy as np
import pytest
from scipy import ndimage

from vesal.evaluation.methods.geodesic import arrival, nearness
from vesal.evaluation.methods.window import Window
from vesal.geometry import Grid


@pytest.mark.parametrize("shape", [(30, 40), (18, 20, 16), (20, 30, 1)], ids=str)
def test_a_front_of_one_speed_arrives_after_the_distance(shape: tuple[int, ...]) -> None:
    """Of voxel centres, but for what fast marching of first order adds; half as fast, twice."""
    seeds = np.zeros(shape, np.bool_)
    seeds[(3,) * (len(shape) - 1) + (0,)] = seeds[tuple(n - 1 for n in shape)] = True
    expected = ndimage.distance_transform_edt(~seeds)
    found = arrival(np.ones(shape, np.float32), seeds)
    assert (found[seeds] == 0).all()
    far = expected > 4
    assert found[far] == pytest.approx(expected[far], rel=0.25)
    slow = arrival(np.full(shape, 0.5, np.float32), seeds)
    np.testing.assert_allclose(slow, 2 * found, rtol=1e-5)


@pytest.mark.parametrize("shape", [(40, 40), (24, 24, 24)], ids=str)
def test_an_edge_is_further_than_a_way_without_one(shape: tuple[int, ...]) -> None:
    """The border between two seeds lies on the edge, though it is nearer to one of them."""
    values = np.zeros(shape, np.float32)
    values[: shape[0] * 3 // 4] = 1
    middle = tuple(n // 2 for n in shape[1:])
    inside, outside = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    inside[(2, *middle)] = outside[(shape[0] - 2, *middle)] = True
    grid = Grid(shape=shape, affine=np.eye(len(shape) + 1))
    near = nearness(Window(grid=grid, values=values, inside=inside, outside=outside)) > 0.5
    along = np.moveaxis(near, 0, -1)[middle]
    assert abs(int(along.sum()) - shape[0] * 3 // 4) <= 1
