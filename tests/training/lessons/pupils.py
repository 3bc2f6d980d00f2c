"""Small models of every family that lessons teach, and real cases to learn."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tests.typechecks import types_checked
from vesal.images import open_image
from vesal.models.sam_config import SamConfig
from vesal.models.segmenter import Segmenter
from vesal.training.lesson import Lesson

ROOT = Path(__file__).parents[3]
SCANS = ROOT / "src/vesal/assets/scans"
DATA = ROOT / "tests/data"

_PICTURES = SamConfig(
    family="sam",
    ndim=2,
    image_channels=3,
    image_size=64,
    patch=8,
    width=48,
    depth=2,
    heads=4,
    window=3,
    global_blocks=(0, 1),
    prompt_width=64,
)
_VOLUMES = SamConfig(
    family="sam-med3d",
    ndim=3,
    image_channels=1,
    image_size=24,
    patch=4,
    width=48,
    depth=2,
    heads=4,
    window=4,
    global_blocks=(1,),
    prompt_width=48,
    point_embeddings=2,
    code_waves=("sin", "cos", "sin"),
    point_axes=(0, 1, 2),
    dense_axes=(1, 0, 2),
    relative_positions="sam-med3d",
)
CONFIGS = {
    "sam": _PICTURES,
    "medsam": replace(_PICTURES, family="medsam"),
    "sam-med2d": replace(_PICTURES, family="sam-med2d", adapters=True),
    "ft-sam": replace(_PICTURES, family="ft-sam"),
    "sam-unet": replace(
        _PICTURES, family="sam-unet", depth=4, global_blocks=(0, 1, 2, 3), branch_depth=34
    ),
    "sam-med3d": _VOLUMES,
}
"""A small config of each family."""
BY_HEART = 5
"""Batches in which every answer was right."""


def pupil(family: str, seed: int = 0, **changes: Any) -> Segmenter:
    """A small model of a family with random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Segmenter(replace(CONFIGS[family], **changes))


@cache
def spleen() -> tuple[Tensor, Tensor]:
    """A window of a CT at 6 mm with the spleen, as SAM-Med3D is shown it."""
    image, labels = (
        open_image(SCANS / name).array[::2, ::2, ::2]
        for name in ("example_ct.nii.gz", "example_seg_fast_force_split.nii.gz")
    )
    size = CONFIGS["sam-med3d"].image_size
    middle = np.argwhere(labels == 1).mean(0).round().astype(int)
    starts = np.clip(middle - size // 2, 0, np.array(labels.shape) - size)
    window = tuple(slice(a, a + size) for a in starts)
    values = np.clip(image[window], -1000, 1000).astype(np.float32)
    values = (values - values[values > 0].mean()) / values[values > 0].std()
    return torch.from_numpy(values)[None, None], _float(labels[window] == 1)[None, None]


@cache
def nuclei() -> tuple[Tensor, Tensor]:
    """A part of a micrograph with three nuclei, as the 2D families are shown pictures."""
    image, labels = (open_image(DATA / name).array for name in ("img2d.tif", "mask2d.tif"))
    size = CONFIGS["sam"].image_size
    part = (slice(304, 304 + size), slice(416, 416 + size))
    values = image[part].astype(np.float32)
    values = (values - values.mean()) / values.std()
    sizes = np.bincount(labels[part].ravel())
    sizes[0] = 0
    masks = np.stack([labels[part] == label for label in np.argsort(-sizes)[:3]])
    return torch.from_numpy(np.stack([values] * 3))[None], _float(masks)[None]


def learnt(lesson: Lesson, images: Tensor, targets: Tensor, steps: int, rate: float) -> None:
    """Teach the same batch until it is known by heart, so often at most.

    With Adam, a rate that falls to a tenth, and a short memory of the gradients before anything
    was told apart.
    """
    groups = [{"params": group.parameters, "lr": rate} for group in lesson.groups()]
    optimiser = torch.optim.Adam(groups, betas=(0.9, 0.95), fused=True)
    falling = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.1, steps)
    worst: list[float] = []
    for step in range(steps):
        if len(worst) >= BY_HEART and min(worst[-BY_HEART:]) > 0.97:
            return
        memory: tuple[Tensor, ...] = ()
        dices: list[float] = []
        for turn in range(lesson.turns):
            with types_checked(now=step < 2):
                taught = lesson(images, targets, turn, memory, (0, step, turn))
            memory = taught.memory
            dices += taught.dices
            optimiser.zero_grad()
            taught.loss.backward()
            optimiser.step()
        worst.append(min(dices))
        falling.step()


def _float(masks: NDArray[np.bool_]) -> Tensor:
    return torch.from_numpy(masks.astype(np.float32))
