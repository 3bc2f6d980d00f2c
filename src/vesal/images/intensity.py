"""What the values of an image are like: range, window, whether there is anything to see.

Pure functions over arrays of any shape and real type.
"""

import math

import numpy as np
from numpy.typing import NDArray

from vesal.arrays import Intensities, Voxels

_SAMPLE_SIZE = 1_000_000  # voxels that a percentile looks at; its error is below 0.1 %


def robust_range(array: Voxels, low: float = 0.5, high: float = 99.5) -> tuple[float, float]:
    """Return two percentiles of the values, taken on an even subsample.

    Args:
        array: any shape and real type.
        low: lower percentile, 0 to 100.
        high: upper percentile, 0 to 100.
    """
    first, last = np.percentile(_subsample(array).astype(np.float64), (low, high))
    return float(first), float(last)


def window(array: Voxels, low: float, high: float) -> Intensities:
    """Return the values as float32 with `low` mapped to 0, `high` to 1, clipped beyond.

    Where `low` equals `high` the result is 0 below and at it, 1 above.
    """
    values = array.astype(np.float32)
    if high <= low:
        return np.asarray(values > low, dtype=np.float32)
    values -= np.float32(low)
    values /= np.float32(high - low)
    return np.clip(values, 0, 1, out=values)


def is_constant(array: Voxels) -> bool:
    """True when all values are equal, so that there is nothing to segment."""
    return bool(array.min() == array.max())


def _subsample(array: Voxels) -> NDArray[np.generic]:
    """Every n-th voxel along every axis, at most `_SAMPLE_SIZE` in all."""
    step = 1
    while math.prod(-(-n // step) for n in array.shape) > _SAMPLE_SIZE:
        step += 1
    return array[(slice(None, None, step),) * array.ndim]
