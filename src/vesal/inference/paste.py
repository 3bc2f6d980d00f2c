"""What is known on one grid brought to another: windows, and the image that they show."""

from collections.abc import Iterable

import numpy as np

from vesal.arrays import Intensities, MaskArray, Resampled
from vesal.geometry.components import mask_box
from vesal.geometry.grid import Grid
from vesal.geometry.patch import Patch
from vesal.geometry.resample import resample
from vesal.inference.answer import Evidence
from vesal.inference.windows import part_under

OUTSIDE = -20.0
"""The logit where nothing was looked at, and outside of a user's box."""

_GIVEN_LOGIT = 6.0


def pasted(logits: Intensities, window: Grid, image: Grid) -> tuple[tuple[slice, ...], Patch]:
    """The part of the image under the window, and the mask in it.

    Logits are resampled, then thresholded; only around those above 0, for elsewhere no mean of them
    is above 0.

    Args:
        logits: on the window's grid.
        window: its axes are the image's, in any order.
        image: the image's grid.
    """
    part = part_under(image, window)
    around = reached(logits > 0, window, image)
    if around is None:
        return part, Patch.empty(image.shape)
    starts = [max(a.start, b.start) for a, b in zip(part, around, strict=True)]
    stops = [min(a.stop, b.stop) for a, b in zip(part, around, strict=True)]
    if any(b <= a for a, b in zip(starts, stops, strict=True)):
        return part, Patch.empty(image.shape)
    found = resample(logits, window, image.crop(starts, stops), fill=OUTSIDE)
    return part, Patch.of(found > 0, starts, image.shape)


def reached(voxels: MaskArray, source: Grid, target: Grid) -> tuple[slice, ...] | None:
    """The range of a grid in which some voxels of another have a say when it is read linearly.

    None where there is none.

    Args:
        voxels: on the other grid.
        source: the other grid; its axes are the target's, in any order.
        target: the grid of the range.
    """
    box = mask_box(voxels)
    if box is None:
        return None
    ends = np.array([[s.start - 1 for s in box], [s.stop for s in box]], np.float64)
    low, high = np.sort(target.to_index(source.to_world(ends)), axis=0)
    starts = np.clip(np.floor(low), 0, target.shape).astype(int).tolist()
    stops = np.clip(np.ceil(high) + 1, 0, target.shape).astype(int).tolist()
    if any(b <= a for a, b in zip(starts, stops, strict=True)):
        return None
    return tuple(slice(a, b) for a, b in zip(starts, stops, strict=True))


def laid_over(seen: Iterable[Evidence], window: Grid) -> Resampled:
    """What was seen on other grids on that of a window, the later on top; 0 where nothing was."""
    laid = np.zeros(window.shape, np.float32)
    for one in seen:
        found = resample(one.logits, one.grid, window, fill=OUTSIDE)
        there = found > OUTSIDE
        laid[there] = found[there]
    return laid


def given_logits(patch: Patch, image: Grid, window: Grid) -> Resampled:
    """A mask to begin with on a window's grid, as if the model had said it."""
    return as_logits(share_of(patch, image, window))


def as_logits(share: Resampled) -> Resampled:
    """Logits for how much of each voxel a mask to begin with fills, 0 to 1."""
    return np.asarray(_GIVEN_LOGIT * (2 * share - 1), np.float32)


def share_of(patch: Patch, image: Grid, window: Grid) -> Resampled:
    """How much of each voxel of a window a mask of the image fills, 0 to 1, read linearly."""
    return resample(patch.array(), image.crop(patch.start, patch.stop), window)
