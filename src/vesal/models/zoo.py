"""The models that vesal knows by name: our own, and the published ones.

Sizes are those of the papers' files; `vesal.checkpoints.recognise` reads the same from the shapes
of their tensors.
"""

from dataclasses import replace

from vesal.models.sam_config import SamConfig
from vesal.models.unet_config import PromptableUNetConfig

_VIT_B = SamConfig(family="sam", ndim=2, image_channels=3, image_size=1024)
_SAM_UNET = replace(_VIT_B, family="sam-unet", image_size=256, branch_depth=34)
_SAM_MED3D = SamConfig(
    family="sam-med3d",
    ndim=3,
    image_channels=1,
    image_size=128,
    prompt_width=384,
    point_embeddings=2,
    code_waves=("sin", "cos", "sin"),
    point_axes=(0, 1, 2),
    dense_axes=(1, 0, 2),
    relative_positions="sam-med3d",
)

PUBLISHED: dict[str, SamConfig] = {
    "sam-vit-b": _VIT_B,
    "sam-vit-l": replace(_VIT_B, width=1024, depth=24, heads=16, global_blocks=(5, 11, 17, 23)),
    "sam-vit-h": replace(_VIT_B, width=1280, depth=32, heads=16, global_blocks=(7, 15, 23, 31)),
    "medsam": replace(_VIT_B, family="medsam"),
    "sam-med2d": replace(_VIT_B, family="sam-med2d", image_size=256, adapters=True),
    "ft-sam": replace(_VIT_B, family="ft-sam", image_size=256),
    "sam-med3d": _SAM_MED3D,
    "sam-med3d-turbo": _SAM_MED3D,
    "sam-unet-34": _SAM_UNET,
    "sam-unet-50": replace(_SAM_UNET, branch_depth=50),
}
"""Models of others, whose weights are not part of the package."""

ZOO: dict[str, PromptableUNetConfig | SamConfig] = {
    "vesal-mini": PromptableUNetConfig(),
    **PUBLISHED,
}
"""All models."""
