"""Prompts in array indices, for programs that know voxels and no millimetres."""

from itertools import product

import numpy as np

from vesal.arrays import PointsIndex
from vesal.errors import PromptError
from vesal.geometry.grid import Grid
from vesal.prompts import Box, Point

Voxel = tuple[int, ...]

_ROUNDING = 1e-6  # voxels by which a place may miss its voxel's middle on the way through mm


def indices(points_mm: tuple[Point, ...], grid: Grid) -> PointsIndex:
    """Continuous array indices of places in world mm, whole where only rounding keeps them apart.

    Raises:
        PromptError: a place of another number of axes than the grid.
    """
    if {len(point) for point in points_mm} != {grid.ndim}:
        msg = f"a place in a {grid.ndim}D image needs {grid.ndim} numbers, got {points_mm[0]}"
        raise PromptError(msg)
    index = grid.to_index(np.array(points_mm, np.float64))
    whole = np.round(index)
    near = np.abs(index - whole) < _ROUNDING
    return np.asarray(np.where(near, whole + 0.0, index))


def voxel_of(point_mm: Point, grid: Grid) -> Voxel:
    """Index of the voxel that a place lies in.

    Raises:
        PromptError: it lies outside the image.
    """
    index = indices((point_mm,), grid)
    if not grid.contains(index)[0]:
        msg = f"the point {point_mm} lies outside the image of {grid.shape} voxels"
        raise PromptError(msg)
    last = np.array(grid.shape) - 1
    return tuple(np.clip(np.round(index[0]), 0, last).astype(int).tolist())


def voxels_of(box: Box, grid: Grid) -> tuple[Voxel, Voxel]:
    """Lowest and highest index of the voxels whose centres a box holds, both in it.

    On a slice it is one voxel thick. A box that does not run along the grid's axes becomes the
    one along them that is put around its corners. It may reach out of the image.

    Raises:
        PromptError: another number of axes than the grid.
    """
    ends = product(*zip(box.low_mm, box.high_mm, strict=True))
    corners = np.array(list(ends), np.float64) @ box.directions.T
    index = indices(tuple(map(tuple, corners.tolist())), grid)
    low, high = index.min(axis=0), index.max(axis=0)
    first = np.ceil(low - _ROUNDING).astype(int)
    last = np.floor(high + _ROUNDING).astype(int)
    middle = np.floor((low + high) / 2 + 0.5).astype(int)
    thin = last < first  # thinner than a voxel, and between two centres
    first, last = np.where(thin, middle, first), np.where(thin, middle, last)
    return tuple(first.tolist()), tuple(last.tolist())
