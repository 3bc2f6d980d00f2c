"""What simulated users do, said in world mm: voxels of a grid become prompts."""

from collections.abc import Sequence

import numpy as np

from vesal.errors import PromptError
from vesal.geometry.grid import Grid
from vesal.prompts.prompt import Box, Click, Lasso, Point, Scribble
from vesal.prompts.simulate import Voxel
from vesal.prompts.simulate_boxes import IndexBox


def click_on(grid: Grid, voxel: Voxel, *, positive: bool) -> Click:
    """The click in the middle of a voxel.

    Raises:
        PromptError: if the voxel has another number of axes than the grid.
    """
    return Click(point_mm=_world(grid, [voxel])[0], positive=positive)


def box_on(grid: Grid, box: IndexBox, *, positive: bool = True) -> Box:
    """The box along the grid's own axes that holds the voxels of an index range, whole.

    One voxel thick in a volume it is a box on a slice, which says nothing of other slices.

    Raises:
        PromptError: a range that is empty, or of another number of axes than the grid.
    """
    low, high = box
    if any(b <= a for a, b in zip(low, high, strict=False)):
        msg = f"a box needs at least one voxel on each axis, got those from {low} to before {high}"
        raise PromptError(msg)
    return Box.of_voxels(grid, low, tuple(i - 1 for i in high), positive=positive)


def scribble_on(grid: Grid, voxels: Sequence[Voxel], *, positive: bool) -> Scribble:
    """The scribble over voxels, one after the other, and over no others between them.

    Raises:
        PromptError: no voxel, or one of another number of axes than the grid.
    """
    return Scribble(points_mm=_world(grid, voxels), positive=positive, joined=False)


def lasso_on(grid: Grid, outline: Sequence[Point], *, positive: bool = True) -> Lasso:
    """The lasso along an outline of continuous array indices.

    Raises:
        PromptError: fewer than three corners, corners on a line, or of another number of axes than
            the grid.
    """
    return Lasso(outline_mm=_world(grid, outline), positive=positive)


def _world(grid: Grid, points: Sequence[Point]) -> tuple[Point, ...]:
    wrong = next((point for point in points if len(point) != grid.ndim), None)
    if wrong is not None:
        msg = f"a place in a {grid.ndim}D image needs {grid.ndim} indices, got {wrong}"
        raise PromptError(msg)
    index = np.array(points, np.float64).reshape(-1, grid.ndim)
    return tuple(map(tuple, grid.to_world(index).tolist()))
