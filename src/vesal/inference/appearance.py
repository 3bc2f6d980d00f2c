"""How a window's intensities look to a 3D model: to our own, and to SAM-Med3D."""

import numpy as np
from numpy.typing import NDArray

from vesal.errors import ImageError

_TAIL_PERCENT = 0.5
_RANKS = 129  # quantiles that describe the window's histogram
_SAMPLE = 20_000  # voxels that are enough to estimate them


def linear_and_rank(window: NDArray[np.float32]) -> NDArray[np.float32]:
    """Two channels in [-1, 1], ``(2, *space)``: intensity within its range, and its rank.

    Our own model's, one rule for training, use and all modalities.
    The linear channel keeps what is bright; the rank channel (histogram equalisation) spreads the
    contrast to where most voxels are, so that soft tissue is visible although air and bone are in
    the same window, without knowing the modality. Neither changes when intensities are scaled or
    shifted.
    """
    flat = window.reshape(-1)
    sample = flat[:: max(1, flat.size // _SAMPLE)]
    low, high = np.percentile(sample, [_TAIL_PERCENT, 100 - _TAIL_PERCENT])
    if high <= low:
        low, high = float(flat.min()), float(flat.max())
    if high <= low:
        return np.zeros((2, *window.shape), np.float32)
    linear = np.clip((window - low) * np.float32(2 / (high - low)) - 1, -1, 1)
    quantiles = np.quantile(sample, np.linspace(0, 1, _RANKS))
    levels, first = np.unique(quantiles, return_index=True)
    last = np.append(first[1:], _RANKS) - 1
    rank = np.interp(
        window, levels, (first + last) / (_RANKS - 1) - 1
    )  # ties share their middle rank
    return np.stack([linear, rank]).astype(np.float32)


def positive_zscore(window: NDArray[np.float32]) -> tuple[NDArray[np.float32], bool]:
    """Values less their mean, over their deviation, both taken over the voxels above 0.

    SAM-Med3D's rule: values at or below 0, and what was filled in outside the volume, do not enter
    the statistics, but are scaled by them. Where nothing lies above 0, or it is all the same, the
    published code fails; here all voxels count, and the second thing returned is False.

    Raises:
        ImageError: all voxels of the window are equal.
    """
    above = window[window > 0].astype(np.float64)
    usable = above.size > 1 and bool(above.min() < above.max())
    counted = above if usable else window.astype(np.float64)
    deviation = float(counted.std(ddof=1)) if counted.size > 1 else 0.0
    if deviation == 0:
        raise ImageError(
            "the part of the volume that the model sees has the same value in every voxel; "
            "click where there is something to see"
        )
    return ((window - counted.mean()) / deviation).astype(np.float32), usable
