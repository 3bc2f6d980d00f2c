"""Small networks with random weights, and windows and clicks to show them."""

import numpy as np
import torch

from vesal.models.promptable import PromptTensors
from vesal.models.promptable_unet import PromptableUNet
from vesal.models.sam_config import SamConfig
from vesal.models.segmenter import Segmenter
from vesal.models.unet_config import PromptableUNetConfig


def tiny_config(ndim: int = 3) -> PromptableUNetConfig:
    """Three levels, a few thousand weights; windows are multiples of 8."""
    return PromptableUNetConfig(
        ndim=ndim, widths=(8, 16, 24), groups=4, similarity=5, window=16, slice_window=24
    )


def tiny_sam(*, adapters: bool = False) -> Segmenter:
    """SAM with two blocks."""
    return Segmenter(
        SamConfig(
            family="sam-med2d" if adapters else "sam",
            ndim=2,
            image_channels=3,
            image_size=64,
            width=16,
            depth=2,
            heads=2,
            prompt_width=16,
            global_blocks=(1,),
            adapters=adapters,
        )
    )


def random_network(config: PromptableUNetConfig, seed: int = 0) -> PromptableUNet:
    """A network with weights of that seed, biases included, far from any symmetric start."""
    network = PromptableUNet(config).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(noise / max(1, parameter[0].numel()) ** 0.5)
    return network


def random_window(shape: tuple[int, ...], seed: int = 1, batch: int = 1) -> torch.Tensor:
    """Two channels in [-1, 1], as `linear_and_rank` gives them."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand((batch, 2, *shape), generator=generator) * 2 - 1


def random_prompts(
    shape: tuple[int, ...], clicks: int, seed: int = 2, *, batch: int = 1, previous: bool = False
) -> PromptTensors:
    """Clicks on different voxels of the window, the first one positive, and maybe a last answer."""
    rng = np.random.default_rng(seed)
    flat = np.stack([rng.choice(np.prod(shape), clicks, replace=False) for _ in range(batch)])
    points = np.stack(np.unravel_index(flat, shape), axis=-1)
    labels = rng.integers(0, 2, (batch, clicks))
    labels[:, 0] = 1
    last = rng.normal(0, 3, (batch, 1, *shape)).astype(np.float32)
    return PromptTensors(
        points=torch.from_numpy(points.astype(np.float32)),
        labels=torch.from_numpy(labels),
        previous=torch.from_numpy(last) if previous else None,
    )
