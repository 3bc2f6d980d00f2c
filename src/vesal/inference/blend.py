"""Logits of windows that overlap, as one array."""

from collections.abc import Mapping

import numpy as np

from vesal.arrays import Intensities, Resampled
from vesal.inference.paste import OUTSIDE


def blend(
    windows: Mapping[tuple[int, ...], Intensities], ratio: int
) -> tuple[tuple[int, ...], Resampled]:
    """First lattice voxel of all windows together, and their logits, blended where they overlap.

    A window counts the more the further a voxel is from its faces. Where there is no window the
    logit is that of nothing.

    Args:
        windows: logits by the first lattice voxel of each window; all of one shape, and whole
            logit voxels apart.
        ratio: lattice voxels along an edge of a logit voxel.
    """
    if len(windows) == 1:
        return next(iter(windows.items()))
    starts = np.array(list(windows))
    shape = np.array(next(iter(windows.values())).shape)
    first = starts.min(axis=0)
    total = np.zeros((starts.max(axis=0) - first) // ratio + shape, np.float32)
    weights = np.zeros_like(total)
    weight = _pyramid(tuple(shape.tolist()))
    for start, logits in zip(starts, windows.values(), strict=True):
        low = (start - first) // ratio
        part = tuple(slice(int(a), int(a + n)) for a, n in zip(low, shape, strict=True))
        total[part] += weight * logits
        weights[part] += weight
    seen = weights > 0
    total[seen] /= weights[seen]
    total[~seen] = OUTSIDE
    return tuple(int(v) for v in first), total


def _pyramid(shape: tuple[int, ...]) -> Resampled:
    """How far each voxel is from the nearest face, from 1 on."""
    depths = [np.minimum(np.arange(n), np.arange(n)[::-1]) + 1.0 for n in shape]
    grids = np.meshgrid(*depths, indexing="ij")
    return np.asarray(np.minimum.reduce(grids), np.float32)
