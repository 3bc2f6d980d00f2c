"""A label map without prompts: windows over an image, logits back on its grid, the largest wins.

Logits are brought to the image's own grid before classes are compared. That is done class by class
with the best so far, and slab by slab, so that 20 classes take no more memory there than two.
"""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from vesal.arrays import ClassLogits, Resampled
from vesal.errors import ImageError
from vesal.geometry.grid import Grid
from vesal.geometry.resample import resample
from vesal.images import Image
from vesal.images.intensity import is_constant
from vesal.inference.automatic_lattice import lattice_over, shown
from vesal.inference.automatic_windows import Slab, Slabs
from vesal.inference.paste import reached
from vesal.inference.upright import upright
from vesal.labels import LabelMap, Segment
from vesal.labels.palette import colour_of
from vesal.models.automatic import Automatic
from vesal.models.automatic_config import AutomaticConfig
from vesal.progress import Progress, silent

logger = logging.getLogger(__name__)


def segment_automatically(
    image: Image, model: Automatic, *, progress: Progress = silent
) -> LabelMap:
    """Everything that a model finds in an image, on its grid, with the names of the classes.

    Args:
        image: a volume, or a raster for a model of rasters; colours are seen as grey.
        model: on any device; as it is, so in the mode for use.
        progress: told of every window.

    Raises:
        ImageError: all voxels are equal, or the model was not made for images of so many axes.
    """
    started = time.monotonic()
    config = model.config
    values = image.intensities
    if image.grid.ndim != config.ndim:
        msg = (
            f"this model needs an image with {config.ndim} axes, got {image.source.name}, "
            f"which has {image.grid.ndim}"
        )
        raise ImageError(msg)
    if is_constant(values):
        msg = f"{image.source.name} has the same value in every voxel: there is nothing to find"
        raise ImageError(msg)
    labels = np.zeros(image.grid.shape, np.uint8)
    turned, grid = upright(values, image.grid)
    target, _ = upright(labels, image.grid)
    lattice = lattice_over(grid, config.spacing_mm)
    seen = shown(turned, grid, lattice, config.normalisation)
    slabs = Slabs(seen, config, lambda window: asked(model, window), progress=progress)
    for piece in _pieces(slabs, lattice, grid):
        target[piece.planes] = piece.numbers()
    logger.info("looked at %d windows in %.2f s", slabs.windows, time.monotonic() - started)
    return LabelMap(
        array=labels, grid=image.grid, segments=segments_of(config), source=image.source
    )


def asked(model: Automatic, window: Resampled) -> ClassLogits:
    """The model's logits in one window, ``(1 + class, *window)``."""
    device = next(model.parameters()).device
    with torch.inference_mode():
        logits = model(torch.from_numpy(window)[None, None].to(device))[0]
    return np.asarray(logits.float().cpu().numpy())


def segments_of(config: AutomaticConfig) -> tuple[Segment, ...]:
    """Number, name and colour of each class."""
    return tuple(
        Segment(number=number, name=name, colour=colour_of(number))
        for number, name in enumerate(config.classes, 1)
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Piece:
    """Planes of the image, and all logits that have a say in them."""

    planes: tuple[slice, ...]
    grid: Grid
    """Of the planes."""
    logits: ClassLogits
    lattice: Grid
    """Of the logits."""

    def numbers(self) -> NDArray[np.uint8]:
        """The class of each voxel; where several are equal, the first.

        A class is interpolated only where some logit of it is above the background's: elsewhere a
        mean of its logits cannot be.
        """
        best = resample(self.logits[0], self.lattice, self.grid)
        numbers = np.zeros(best.shape, np.uint8)
        for number in range(1, len(self.logits)):
            part = reached(self.logits[number] > self.logits[0], self.lattice, self.grid)
            if part is None:
                continue
            grid = self.grid.crop([s.start for s in part], [s.stop for s in part])
            mine = resample(self.logits[number], self.lattice, grid)
            better = mine > best[part]
            best[part][better] = mine[better]
            numbers[part][better] = number
        return numbers


def _pieces(slabs: Slabs, lattice: Grid, grid: Grid) -> Iterator[_Piece]:
    """All planes of the image, each as soon as the logits on both sides of it are finished."""
    axis, done = slabs.axis, 0
    for slab in slabs:
        ready = _ready(lattice, grid, axis, slab.first + slab.logits.shape[1 + axis])
        if ready > done:
            yield _piece(slab, lattice, grid, axis, slice(done, ready))
            done = ready


def _ready(lattice: Grid, grid: Grid, axis: int, planes: int) -> int:
    """How many of the image's planes lie before the middle of the lattice's last finished plane."""
    if planes == lattice.shape[axis]:
        return grid.shape[axis]
    end = np.zeros((1, grid.ndim))
    end[0, axis] = planes - 1
    return int(np.floor(grid.to_index(lattice.to_world(end))[0, axis] + 1e-6)) + 1


def _piece(slab: Slab, lattice: Grid, grid: Grid, axis: int, planes: slice) -> _Piece:
    return _Piece(
        planes=(*[slice(None)] * axis, planes),
        grid=_cut(grid, axis, planes.start, planes.stop),
        logits=slab.logits,
        lattice=_cut(lattice, axis, slab.first, slab.first + slab.logits.shape[1 + axis]),
    )


def _cut(grid: Grid, axis: int, start: int, stop: int) -> Grid:
    """Some planes of a grid."""
    first, last = [0] * grid.ndim, list(grid.shape)
    first[axis], last[axis] = start, stop
    return grid.crop(first, last)
