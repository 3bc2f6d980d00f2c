"""What vesal-mini's encoder was taught to see: intensities in their range, and their rank.

The same rule as `vesal.inference.appearance.linear_and_rank`, for batches on any device.
"""

import torch
from torch import Tensor

from vesal.models.shapes import AnyFeatures, Images

_TAIL = 0.005
_RANKS = 129  # quantiles that describe a window's histogram
_SAMPLE = 20_000  # voxels that are enough to estimate them


def linear_and_rank(images: Images) -> AnyFeatures:
    """Two channels in [-1, 1] of each window, ``(batch, 2, *space)``, of its only channel."""
    return torch.stack([_of_one(image[0]) for image in images])


def _of_one(window: Tensor) -> Tensor:
    flat = window.reshape(-1).float()
    sample = flat[:: max(1, flat.numel() // _SAMPLE)]
    shares = torch.linspace(0, 1, _RANKS, device=flat.device)
    tails = torch.quantile(sample, shares.new_tensor([_TAIL, 1 - _TAIL]))
    low, high = tails.unbind()
    if not low < high:
        low, high = flat.min(), flat.max()
    if not low < high:
        return flat.new_zeros((2, *window.shape))
    linear = ((flat - low) * (2 / (high - low)) - 1).clamp(-1, 1)
    rank = _rank(flat, torch.quantile(sample, shares))
    both: Tensor = torch.stack([linear, rank]).reshape(2, *window.shape)
    return both


def _rank(values: Tensor, quantiles: Tensor) -> Tensor:
    """Where values lie among the quantiles, -1 to 1; quantiles that are equal share the middle."""
    levels, counts = torch.unique_consecutive(quantiles, return_counts=True)
    last = counts.cumsum(0) - 1
    places: Tensor = ((2 * last - counts + 1) / (_RANKS - 1) - 1).to(values)
    if len(levels) == 1:
        return places.expand_as(values)
    above = torch.searchsorted(levels, values).clamp(1, len(levels) - 1)
    low, high = levels[above - 1], levels[above]
    share = ((values - low) / (high - low)).clamp(0, 1)
    start = places[above - 1]
    rank: Tensor = start + share * (places[above] - start)
    return rank
