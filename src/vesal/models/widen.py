"""A network made wider without changing what it computes (Chen et al., Net2Net, 2016).

Each channel is followed by its copies, which share a group of the normalisation with it. What reads
them splits its weights among them at random, so that the copies learn different things from the
first step on.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

_APART = 0.5
"""Deviation of the shares of copies, in that of the weights that are split."""


def widened(
    state: Mapping[str, Tensor], wanted: Mapping[str, Tensor], seed: int
) -> dict[str, Tensor]:
    """Weights of the same network with as many channels as a wider one.

    Args:
        state: the weights.
        wanted: tensors of the wider network, for their sizes alone: each axis of channels is a
            multiple of what it is in ``state``.
        seed: of the shares.
    """
    draws = torch.Generator().manual_seed(seed)
    return {name: _wider(state[name], wanted[name].shape, draws) for name in state}


def _wider(weight: Tensor, size: torch.Size, draws: torch.Generator) -> Tensor:
    if weight.ndim > 1 and weight.shape[1] != size[1]:
        times = size[1] // weight.shape[1]
        shape = (*weight.shape[:2], times, *weight.shape[2:])
        apart = torch.randn(shape, generator=draws) * (_APART * weight.std())
        apart -= apart.mean(dim=2, keepdim=True)  # together they are what the weight was
        weight = (weight[:, :, None] / times + apart).flatten(1, 2)
    return weight.repeat_interleave(size[0] // weight.shape[0], dim=0)
