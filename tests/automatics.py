"""Small automatic models: of both encoders, and one whose answer is known exactly."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from tests.networks import tiny_config
from vesal.checkpoints.automatic import new_automatic
from vesal.images.normalisation import Normalisation
from vesal.models.automatic import Automatic
from vesal.models.automatic_config import AutomaticConfig
from vesal.models.sam_config import SamConfig
from vesal.models.zoo import PUBLISHED

AS_IT_IS = Normalisation(kind="ct", low=-1e6, high=1e6)
"""Leaves intensities alone."""


def tiny_sam(ndim: int = 3, size: int = 32) -> SamConfig:
    """SAM-Med3D or SAM-Med2D with four small blocks, all of them global."""
    return replace(
        PUBLISHED["sam-med3d" if ndim == 3 else "sam-med2d"],
        image_size=size,
        width=24,
        depth=4,
        heads=2,
        window=2,
        global_blocks=(0, 1, 2, 3),
        prompt_width=48,
    )


def automatic_config(
    kind: str = "unet",
    *,
    ndim: int = 3,
    side: int = 32,
    spacing_mm: float = 2.0,
    classes: tuple[str, ...] = ("liver", "spleen"),
    normalisation: Normalisation = AS_IT_IS,
) -> AutomaticConfig:
    """A config of either encoder, a few thousand weights."""
    return AutomaticConfig(
        encoder=tiny_config(ndim) if kind == "unet" else tiny_sam(ndim, side),
        classes=classes,
        window=(side,) * ndim,
        spacing_mm=(spacing_mm,) * ndim,
        normalisation=normalisation,
        features=4,
    )


def tiny_automatic(
    kind: str = "unet", *, ndim: int = 3, side: int = 32, spacing_mm: float = 2.0
) -> Automatic:
    """A model with random weights, in the mode for use."""
    config = automatic_config(kind, ndim=ndim, side=side, spacing_mm=spacing_mm)
    return new_automatic(config).eval()


class Thresholds(nn.Module):
    """In place of a decoder: class n is what is closest to n, voxel by voxel."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.outputs = outputs

    def forward(self, image: Tensor, _levels: object) -> Tensor:
        """Minus the squared distances to 0, 1, 2, ..."""
        numbers = torch.arange(self.outputs).reshape(1, -1, *[1] * (image.ndim - 2))
        return -((image - numbers) ** 2)


def exact_automatic(config: AutomaticConfig) -> Automatic:
    """A model that takes the value of a voxel for the number of its class."""
    model = new_automatic(config).eval()
    model.decoder = Thresholds(config.outputs)
    return model
