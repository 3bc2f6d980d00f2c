"""How a window's intensities look to our own model: one rule for training, use and modalities."""

import numpy as np
from numpy.typing import NDArray

_TAIL_PERCENT = 0.5
_RANKS = 129  # quantiles that describe the window's histogram
_SAMPLE = 20_000  # voxels that are enough to estimate them


def linear_and_rank(window: NDArray[np.float32]) -> NDArray[np.float32]:
    """Two channels in [-1, 1], ``(2, *space)``: intensity within its range, and its rank.

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
