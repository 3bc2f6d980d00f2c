"""Small models of every family, and files of their weights as their authors would write them."""

from collections import OrderedDict
from pathlib import Path

import torch
from torch import Tensor

from vesal.checkpoints.families import CONTAINERS, foreign
from vesal.checkpoints.tensors import empty
from vesal.models.sam_config import SamConfig

SIZES = {
    "family": "sam",
    "ndim": 2,
    "image_channels": 3,
    "image_size": 64,
    "patch": 8,
    "width": 24,
    "depth": 4,
    "heads": 2,
    "window": 3,
    "global_blocks": (1, 3),
    "prompt_width": 48,
}
SAM_MED3D_QUIRKS = {
    "code_waves": ("sin", "cos", "sin"),
    "point_axes": (0, 1, 2),
    "dense_axes": (1, 0, 2),
    "relative_positions": "sam-med3d",
}
CHANGES: dict[str, dict[str, object]] = {
    "sam": {},
    "medsam": {},
    "ft-sam": {"image_size": 256, "patch": 32},
    "sam-med2d": {"adapters": True},
    "sam-unet": {"branch_depth": 34, "global_blocks": (0, 1, 2, 3), "patch": 16, "window": 4},
    "sam-med3d": {"ndim": 3, "image_channels": 1, "point_embeddings": 2, **SAM_MED3D_QUIRKS},
}
"""How a small model of each family differs from `SIZES`."""


def small(family: str = "sam", **changes: object) -> SamConfig:
    """A config of few weights."""
    fields = SIZES | CHANGES[family] | {"family": family} | changes
    return SamConfig(**fields)  # type: ignore[arg-type]


def weights_of(config: SamConfig, seed: int = 0) -> dict[str, Tensor]:
    """Random weights under vesal's names, each of them another number."""
    state = empty(config).state_dict()
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(tensor.shape, generator=generator)
        if tensor.is_floating_point()
        else torch.randint(0, 99, tensor.shape, generator=generator)
        for name, tensor in state.items()
    }


def family_file(path: Path, family: str, weights: dict[str, Tensor], **beside: object) -> Path:
    """What the family's own training script would have saved, other things beside the weights."""
    state = OrderedDict(foreign(family, weights))
    container = CONTAINERS[family]
    torch.save(state if container == "bare" else {container: state, **beside}, path)
    return path
