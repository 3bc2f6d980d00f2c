"""The lattice on which an automatic model sees an image: upright, at its own spacing.

The image is turned upright first (`upright`): how a file stores its axes therefore changes no voxel
of an answer, and no bit. The axes of the lattice are those of the upright image: each is resampled
alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vesal.arrays import Resampled, TurnedVoxels
from vesal.geometry.grid import Grid
from vesal.geometry.resample import resample
from vesal.images.intensity import robust_range
from vesal.images.normalisation import Normalisation, moments

_ROUNDING = 1e-6  # of sizes in voxels, before they are rounded up


def lattice_over(grid: Grid, spacing_mm: Sequence[float]) -> Grid:
    """The grid of that spacing along an upright image's axes, from its first corner on.

    Its last voxels may reach beyond the image. An axis of one voxel stays one voxel, and one of
    spacing 0 stays as it is.
    """
    counts, old = np.array(grid.shape), np.array(grid.spacing_mm)
    step = np.where(np.array(spacing_mm) > 0, np.array(spacing_mm) / old, 1.0)  # new in old voxels
    single = counts == 1
    shape = np.where(single, 1, np.ceil(counts / step - _ROUNDING)).astype(int)
    matrix = np.diag([*np.where(single, 1.0, step), 1.0])
    matrix[:-1, -1] = np.where(single, 0.0, 0.5 * (step - 1))
    return Grid(shape=tuple(int(n) for n in np.maximum(shape, 1)), affine=grid.affine @ matrix)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shown:
    """An image on a lattice, at the scale on which the model learnt."""

    values: Resampled
    beyond: float
    """What stands outside of the image, at the same scale: the least usual value in it."""


def shown(array: TurnedVoxels, grid: Grid, lattice: Grid, normalisation: Normalisation) -> Shown:
    """An image as the model wants it, blurred where the lattice is coarser.

    In the order of training (`vesal.training.sources.classes`): moved first, scaled by the moments
    of the image on its own grid after that.
    """
    moved = resample(array, grid, lattice, fill=float(array.min()), antialias=True)
    own, dark = moments(array), np.floor(robust_range(array)[0])
    beyond = normalisation.applied(np.full((1,), dark, np.float32), own)
    return Shown(values=normalisation.applied(moved, own), beyond=float(beyond[0]))
