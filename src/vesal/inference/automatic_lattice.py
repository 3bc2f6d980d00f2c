"""The lattice on which an automatic model sees an image: upright, at its own spacing.

Upright is the image's own voxels with axes exchanged and turned to the nearest ones of right, front
and head (down and right of a raster). How a file stores its axes therefore changes no voxel of an
answer, and no bit. The axes of the lattice are those of the upright image: each is resampled alone.
"""

from collections.abc import Sequence

import numpy as np

from vesal.arrays import Resampled, TurnedVoxels, Voxels
from vesal.geometry.grid import Grid
from vesal.geometry.resample import resample
from vesal.models.automatic_config import Normalisation

_LETTERS = {2: "DR", 3: "RAS"}
_OPPOSITE = {"R": "L", "A": "P", "S": "I", "D": "U"}
_ROUNDING = 1e-6  # of sizes in voxels, before they are rounded up


def upright(array: Voxels, grid: Grid) -> tuple[TurnedVoxels, Grid]:
    """A view of the array with its axes turned upright, and the grid of that view."""
    ndim, letters = grid.ndim, grid.orientation
    matrix = np.zeros((ndim + 1, ndim + 1))
    matrix[-1, -1] = 1.0
    axes = []
    turns: list[slice] = []
    for axis, letter in enumerate(_LETTERS[ndim]):
        grows = letter in letters
        old = letters.index(letter if grows else _OPPOSITE[letter])
        matrix[old, axis] = 1.0 if grows else -1.0
        matrix[old, -1] = 0.0 if grows else grid.shape[old] - 1.0
        axes.append(old)
        turns.append(slice(None, None, 1 if grows else -1))
    shape = tuple(grid.shape[old] for old in axes)
    turned = array.transpose(axes)[tuple(turns)]
    return turned, Grid(shape=shape, affine=grid.affine @ matrix)


def lattice_over(grid: Grid, spacing_mm: Sequence[float]) -> Grid:
    """The grid of that spacing along an upright image's axes, from its first corner on.

    Its last voxels may reach beyond the image. An axis of one voxel stays one voxel.
    """
    counts = np.array(grid.shape)
    step = np.array(spacing_mm) / np.array(grid.spacing_mm)  # a new voxel in old ones
    single = counts == 1
    shape = np.where(single, 1, np.ceil(counts / step - _ROUNDING)).astype(int)
    matrix = np.diag([*np.where(single, 1.0, step), 1.0])
    matrix[:-1, -1] = np.where(single, 0.0, 0.5 * (step - 1))
    return Grid(shape=tuple(int(n) for n in np.maximum(shape, 1)), affine=grid.affine @ matrix)


def seen(array: TurnedVoxels, grid: Grid, lattice: Grid, normalisation: Normalisation) -> Resampled:
    """An image on a lattice as the model wants it, blurred where the lattice is coarser.

    Normalised before it is resampled: a mean of cut intensities is not the cut mean. Outside of the
    image there is 0, the mean.
    """
    return resample(normalised(array, normalisation), grid, lattice, antialias=True)


def normalised(array: Voxels, rule: Normalisation) -> Resampled:
    """Intensities cut and scaled by the rule; an image of one value becomes 0 everywhere.

    Where the rule takes mean and deviation of each image, they are those of all its voxels.
    """
    values = np.clip(array.astype(np.float32), np.float32(rule.low), np.float32(rule.high))
    mean, deviation = rule.mean, rule.deviation
    if not rule.is_fixed:
        mean = float(values.mean(dtype=np.float64))
        deviation = float(values.std(dtype=np.float64)) or 1.0
    values -= np.float32(mean)
    values /= np.float32(deviation)
    return values
