"""The part of an image that methods without learning look at, with cubic voxels and few of them."""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from vesal.arrays import Intensities, MaskArray, MovedMask, VoxelIndices
from vesal.evaluation.methods.seeds import Seeds
from vesal.geometry.grid import Grid
from vesal.geometry.resample import resample
from vesal.images import Image
from vesal.inference.boxes import allowed, flat_axis, index_box

_MOST_VOXELS = 48  # along a side: a walk through 64 of them on each side takes twice as long
_MARGIN = 1 / 6  # of the image's second longest side, round clicks
_BOX_MARGIN = 1 / 10  # of each side of a box
_EXTREMES = (0.5, 99.5)  # percentiles between which values count: metal and noise are cut off
_SLACK = 1e-6  # voxels, for rounding
_NUDGE = 1e-3  # voxels off a border within which a point is on it


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Window:
    """A part of an image, and what was said there.

    Attributes:
        grid: along the image's own axes, with voxels about as long on each of them.
        values: of the image, 0 to 1.
        positive: voxels that belong to the object, at least one.
        negative: voxels that were said not to.
        beyond: voxels taken for background, as they are on the window's border or out of the box.
    """

    grid: Grid
    values: Intensities
    positive: MaskArray
    negative: MaskArray
    beyond: MaskArray

    @property
    def background(self) -> MaskArray:
        """All voxels that do not belong to the object."""
        return np.asarray(self.negative | self.beyond)


def window_of(image: Image, seeds: Seeds) -> Window:
    """The window that seeds ask for: round the box, or round the clicks with a wider margin.

    Args:
        image: of any kind; colour counts as grey.
        seeds: with at least one positive voxel.
    """
    low, high = _range(image.grid, seeds)
    grid = _cubic(image.grid, low, high)
    array = image.grey() if image.is_colour else image.array
    positive = _marked(seeds.inside, image.grid, grid)
    negative = _marked(seeds.outside, image.grid, grid) & ~positive
    return Window(
        grid=grid,
        values=_scaled(resample(array, image.grid, grid, antialias=True)),
        positive=positive,
        negative=negative,
        beyond=_beyond(image.grid, grid, seeds, (low, high)) & ~positive,
    )


def mask_of(chances: Intensities, window: Window, image: Grid, seeds: Seeds) -> MovedMask:
    """The mask on the image's grid where chances are above a half, as the seeds allow.

    Args:
        chances: of each voxel of the window to belong to the object, 0 to 1.
        window: what was looked at; beyond it nothing belongs to the object.
        image: grid of the whole image.
        seeds: what was said.
    """
    ends = np.array([[-0.5] * image.ndim, [n - 0.5 for n in window.grid.shape]])
    low, high = image.to_index(window.grid.to_world(ends))
    start = np.ceil(low - _SLACK).astype(int).tolist()
    stop = (np.floor(high + _SLACK).astype(int) + 1).tolist()
    part = tuple(
        slice(max(a, 0), min(b, n)) for a, b, n in zip(start, stop, image.shape, strict=True)
    )
    start = [s.start for s in part]
    here = resample(chances, window.grid, image.crop(start, [s.stop for s in part]))
    mask = np.zeros(image.shape, np.bool_)
    mask[part] = seeds.settled(here > 0.5, start, image)
    return seeds.obeyed(mask)


def _range(grid: Grid, seeds: Seeds) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Outer faces of the window in continuous array indices, inside the image."""
    spacing = np.array(grid.spacing_mm)
    sides = sorted(spacing * grid.shape)
    low, high = seeds.inside.min(axis=0) - 0.5, seeds.inside.max(axis=0) + 0.5
    margin = np.full(grid.ndim, _MARGIN * sides[-2]) / spacing
    if seeds.box is not None:
        around = index_box(grid, seeds.box)
        low, high = np.minimum(low, around.low), np.maximum(high, around.high)
        if flat_axis(grid, seeds.box) is None:  # one on a slice does not tell how far others go
            margin = np.maximum(_BOX_MARGIN * (high - low), 1)
    # whole voxels of the image: at its own resolution nothing is interpolated
    low = np.floor(low - margin + 0.5 + _SLACK) - 0.5
    high = np.ceil(high + margin - 0.5 - _SLACK) + 0.5
    return np.maximum(low, -0.5), np.minimum(high, np.array(grid.shape) - 0.5)


def _cubic(grid: Grid, low: NDArray[np.float64], high: NDArray[np.float64]) -> Grid:
    """A grid between these faces, as fine as the image's finest axis or as numbers permit."""
    spacing, thick = np.array(grid.spacing_mm), np.array(grid.shape) > 1
    sides = (high - low) * spacing
    finest = spacing[thick].min() if thick.any() else spacing.min()
    step = max(finest, sides[thick].max(initial=0.0) / _MOST_VOXELS)
    counts = np.clip(np.round(sides / step), 1, _MOST_VOXELS).astype(int)
    counts[~thick] = 1
    matrix = np.eye(grid.ndim + 1)
    widths = (high - low) / counts
    matrix[:-1, :-1] = np.diag(widths)
    matrix[:-1, -1] = low + widths / 2
    return Grid(shape=tuple(counts.tolist()), affine=grid.affine @ matrix)


def _marked(voxels: VoxelIndices, image: Grid, window: Grid) -> MaskArray:
    """The voxels of the window in which voxels of the image have their centres.

    All that share a centre on their border: rounding would make the order of storage matter.
    """
    mask = np.zeros(window.shape, np.bool_)
    index = window.to_index(image.to_world(voxels.astype(np.float64)))
    index = index[window.contains(index)]
    for nudge in product((-_NUDGE, _NUDGE), repeat=window.ndim):
        near = np.round(index + nudge).astype(int)
        mask[tuple(np.clip(near, 0, np.array(window.shape) - 1).T)] = True
    return mask


def _scaled(values: Intensities) -> Intensities:
    low, high = np.percentile(values, _EXTREMES)
    if high <= low:  # hardly any voxel differs from the others
        low, high = values.min(), values.max()
    if high <= low:
        return np.zeros_like(values)
    return np.asarray(
        np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1).astype(np.float32)
    )


def _beyond(
    image: Grid,
    window: Grid,
    seeds: Seeds,
    faces: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> MaskArray:
    """Voxels out of the box and on faces of the window that are not the image's own.

    Where all faces are the image's own and nothing was said to be outside, on all its faces:
    without any background everything would be the object.
    """
    own = np.array([faces[0] <= -0.5, faces[1] >= np.array(image.shape) - 0.5])
    if own.all() and not len(seeds.outside):
        own = np.array([np.array(image.shape) == 1] * 2)
    beyond = np.zeros(window.shape, np.bool_)
    for axis in range(window.ndim):
        for side, index in enumerate((0, -1)):
            if not own[side, axis]:
                np.moveaxis(beyond, axis, 0)[index] = True
    if seeds.box is not None:
        beyond |= ~allowed(window, seeds.box, image)
    return np.asarray(beyond)
