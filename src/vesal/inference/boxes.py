"""A user's box as a grid sees it: which voxels are in it, and where it lies."""

import numpy as np
from numpy.typing import NDArray

from vesal.arrays import MaskArray
from vesal.geometry.box import AxisBox
from vesal.geometry.frames import Frame
from vesal.geometry.grid import Grid
from vesal.geometry.patch import Patch
from vesal.prompts import Box

_ROUNDING = 1e-6  # of a voxel
_FLAT = 1 + _ROUNDING  # voxels across: a box that is not thicker lies on one slice


def within(grid: Grid, box: Box) -> MaskArray:
    """The voxels whose centres lie in the box; across a thinner one those nearest to its middle."""
    inside = np.ones(grid.shape, np.bool_)
    for along, low, high in _sides(grid, box):
        inside &= (along >= low) & (along <= high)
    return inside


def allowed(grid: Grid, box: Box, image: Grid) -> MaskArray:
    """The voxels of a part of an image that an object in the box may have.

    Those in it; of a box on a slice also all that lie on other slices.

    Args:
        grid: of the part.
        box: the user's.
        image: the whole grid, which tells whether there are other slices.
    """
    flat = flat_axis(image, box)
    inside = within(grid, box)
    if flat is None:
        return inside
    along, low, high = _sides(grid, box)[flat]
    off = (along < low) | (along > high)
    return inside | np.broadcast_to(off, inside.shape)


def boxed(grid: Grid, box: Box) -> Patch:
    """The voxels in the box, looking at no others."""
    around = index_box(grid, box).grow((1.0,) * grid.ndim)
    starts = np.clip(np.floor(around.low), 0, grid.shape).astype(int)
    stops = np.clip(np.ceil(around.high) + 1, 0, grid.shape).astype(int)
    if (stops <= starts).any():
        return Patch.of(np.zeros((1,) * grid.ndim, np.bool_), (0,) * grid.ndim, grid.shape)
    local = grid.crop(starts.tolist(), stops.tolist())
    return Patch.of(within(local, box), starts.tolist(), grid.shape)


def flat_axis(grid: Grid, box: Box) -> int | None:
    """The axis of the box along which it is at most one voxel thick; None for a solid box.

    A box around the only slice of an image is solid: there is nothing else.
    """
    if grid.ndim < 3:
        return None
    steps = np.abs(_steps(grid, box))
    thick = np.array(grid.shape) > 1
    for axis, (low, high) in enumerate(zip(box.low_mm, box.high_mm, strict=True)):
        across = int(np.argmax(steps[axis]))
        if high - low <= _FLAT * steps[axis, across] and thick[across]:
            return axis
    return None


def index_box(grid: Grid, box: Box) -> AxisBox:
    """The smallest box of array indices around all corners of the user's box."""
    low, high = (tuple(float(v) for v in corner) for corner in (box.low_mm, box.high_mm))
    own = AxisBox(frame=Frame.WORLD, low=low, high=high)
    matrix = np.eye(grid.ndim + 1)
    matrix[:-1, :-1] = box.directions
    return own.mapped(np.linalg.solve(grid.affine, matrix), Frame.INDEX)


def corners_mm(box: Box) -> NDArray[np.float64]:
    """All corners of the box in world mm, one a row."""
    low, high = (tuple(float(v) for v in corner) for corner in (box.low_mm, box.high_mm))
    moved: NDArray[np.float64] = (
        AxisBox(frame=Frame.WORLD, low=low, high=high).corners() @ box.directions.T
    )
    return moved


def _steps(grid: Grid, box: Box) -> NDArray[np.float64]:
    """How far a step along each array axis leads along each axis of the box, in mm."""
    return np.asarray(np.linalg.solve(box.directions, grid.affine[:-1, :-1]))


def _sides(grid: Grid, box: Box) -> list[tuple[NDArray[np.float64], float, float]]:
    """For each axis of the box: where voxels lie along it, and its ends, at least a voxel apart."""
    axes = np.ogrid[tuple(slice(n) for n in grid.shape)]
    first = np.linalg.solve(box.directions, grid.affine[:-1, -1])
    sides = []
    rows = zip(_steps(grid, box), first, box.low_mm, box.high_mm, strict=True)
    for steps, start, low, high in rows:
        along = sum((step * axis for step, axis in zip(steps, axes, strict=True)), start)
        voxel = float(np.abs(steps).max())
        slack = max(0.0, (voxel - (high - low)) / 2) + _ROUNDING * voxel
        sides.append((np.asarray(along), low - slack, high + slack))
    return sides
