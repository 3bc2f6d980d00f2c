"""The lattice on which SAM-Med3D sees a volume: cubic voxels, axes as close to RAS as they go.

Its published preprocessing resamples along the volume's own axes, exchanges and turns the axes, and
cuts a cube; here the same lattice is written down as a grid, and only the cube is ever read.
"""

import numpy as np
from numpy.typing import NDArray

from vesal.arrays import Resampled, Voxels
from vesal.geometry.grid import Grid
from vesal.geometry.resample import resample
from vesal.inference.upright import upright_grid

_ROUNDING = 1e-6  # of sizes in voxels, before they are rounded up


def lattice_of(grid: Grid, spacing_mm: float) -> Grid:
    """The grid of cubic voxels over a volume, its first axis nearest to right, then front, head.

    Its corner is the volume's corner, and its last voxels may reach beyond the volume (SAM-Med3D
    resamples with TorchIO, which rounds sizes up). An axis of one voxel stays one voxel, in the
    middle of the old one: TorchIO's corner would lie outside of a voxel thinner than a new one.
    """
    old = np.array(grid.spacing_mm)
    counts = np.array(grid.shape)
    step = spacing_mm / old  # a new voxel in old ones
    single = counts == 1
    shape = np.where(single, 1, np.ceil(counts / step - _ROUNDING)).astype(int)
    first = np.where(single, 0.0, 0.5 * (step - 1))
    matrix = np.diag([*step, 1.0])
    matrix[:-1, -1] = first
    return upright_grid(
        Grid(shape=tuple(int(n) for n in np.maximum(shape, 1)), affine=grid.affine @ matrix)
    )


def window_starts(low: NDArray[np.int64], high: NDArray[np.int64], size: int) -> tuple[int, ...]:
    """The first index, on each axis, of a window of ``size`` voxels around voxels low to high.

    TorchIO's rule for a crop around a mask: where a middle falls between two choices, the lower.

    Args:
        low: lowest voxel on each axis.
        high: one more than the highest voxel on each axis.
        size: voxels an axis of the window.
    """
    doubled = low + high  # twice the middle, a whole number
    between = (size % 2 == 0) != (doubled % 2 == 0)
    return tuple(int(v) for v in (doubled - between - size) // 2)


def read_window(voxels: Voxels, grid: Grid, window: Grid) -> Resampled:
    """The volume in a window, linear, 0 outside, whole numbers cut back to whole numbers.

    ITK, which the published preprocessing resamples with, keeps the type of the voxels and drops
    what lies behind the point; a linear mean of 2 and 3 is 2.
    """
    values = resample(voxels, grid, window)
    if voxels.dtype.kind in "biu":
        np.trunc(values, out=values)
    return values
