"""A user's box, which has faces across the world's axes, as a grid sees it."""

import numpy as np

from vesal.arrays import MaskArray
from vesal.geometry.box import AxisBox
from vesal.geometry.frames import Frame
from vesal.geometry.grid import Grid
from vesal.prompts import Box


def within(grid: Grid, box: Box) -> MaskArray:
    """The voxels whose centres lie in the box, or outside by at most half a voxel."""
    inside = np.ones(grid.shape, np.bool_)
    axes = np.ogrid[tuple(slice(n) for n in grid.shape)]
    rows = zip(grid.affine[:-1], box.low_mm, box.high_mm, strict=True)
    for row, low, high in rows:
        world = sum(step * axis for step, axis in zip(row[:-1], axes, strict=True)) + row[-1]
        slack = 0.5 * np.abs(row[:-1]).max()
        inside &= (world >= low - slack) & (world <= high + slack)
    return inside


def index_box(grid: Grid, box: Box) -> AxisBox:
    """The smallest box of array indices around all corners of the user's box."""
    low, high = (tuple(float(v) for v in corner) for corner in (box.low_mm, box.high_mm))
    world = AxisBox(frame=Frame.WORLD, low=low, high=high)
    return world.mapped(np.linalg.inv(grid.affine), Frame.INDEX)


def middle_mm(box: Box) -> tuple[float, ...]:
    """The middle of the box in world mm."""
    return tuple((a + b) / 2 for a, b in zip(box.low_mm, box.high_mm, strict=True))
