"""Values to 8 bits, as SA-Med2D-20M has them, and as its users have asked for.

The paper takes the whole range of a volume. One metal implant then leaves few greys to the tissue
around it: hence a window for CT (openmedlab/SAM-Med2D issue 1) and percentiles.
"""

import numpy as np

from vesal.arrays import EightBits, Voxels
from vesal.images import Image
from vesal.images.intensity import robust_range

_WHITE = 255


def whole_range(array: Voxels) -> tuple[float, float]:
    """Lowest and highest value, which become 0 and 255: the published rule."""
    return float(array.min()), float(array.max())


def window_range(window: tuple[float, float]) -> tuple[float, float]:
    """The values that become 0 and 255 in a window of a level and a width."""
    level, width = window
    return level - width / 2, level + width / 2


def percentile_range(array: Voxels, percentiles: tuple[float, float]) -> tuple[float, float]:
    """Two percentiles, 0 to 100; the whole range where they are one value."""
    low, high = robust_range(array, *percentiles)
    return (low, high) if low < high else whole_range(array)


def is_eight_bits(array: Voxels) -> bool:
    """Whether all values are whole numbers from 0 to 255, whatever their type.

    This is all that the paper asks of a picture.
    """
    if array.dtype == np.uint8:
        return True
    low, high = whole_range(array)
    whole = array.dtype.kind != "f" or bool((array == np.rint(array)).all())
    return low >= 0 and high <= _WHITE and whole


def eight_bits(
    image: Image,
    modality: str,
    *,
    ct_window: tuple[float, float] | None = None,
    percentiles: tuple[float, float] | None = None,
) -> EightBits:
    """The array of an image in 8 bits: the nearest of 256 equal steps, clipped beyond the ends.

    Pictures that have 8 bits stay as they are, colours too.

    Args:
        image: a picture or a volume.
        modality: "CT" for one that the window is meant for.
        ct_window: level and width in HU, for CT alone; the whole range without one.
        percentiles: two, 0 to 100, for what has no window.
    """
    array = image.array
    if image.grid.ndim == 2 and is_eight_bits(array):
        return array.astype(np.uint8)
    if ct_window is not None and modality == "CT":
        low, high = window_range(ct_window)
    elif percentiles is not None:
        low, high = percentile_range(array, percentiles)
    else:
        low, high = whole_range(array)
    return _scaled(array, low, high)


def _scaled(array: Voxels, low: float, high: float) -> EightBits:
    """Values with `low` at 0 and `high` at 255; 0 everywhere where both are one."""
    scaled = np.zeros_like(array, dtype=np.uint8)
    if not low < high:
        return scaled
    # Slab by slab along the slowest axis: floats of a whole CT would take eight times its memory.
    slowest = int(np.argmax(np.abs(array.strides)))
    for slab, result in zip(
        np.moveaxis(array, slowest, 0), np.moveaxis(scaled, slowest, 0), strict=True
    ):
        values = (slab.astype(np.float64) - low) * (_WHITE / (high - low))
        result[...] = np.rint(np.clip(values, 0, _WHITE))
    return scaled
