"""The two sides of a comparison, the reference and vesal: same weights, same image, same click."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from references import click, reference, rule_weights
from torch import Tensor

from vesal.models.promptable import PromptTensors
from vesal.models.sam_config import SamConfig
from vesal.models.segmenter import Segmenter
from vesal.models.zoo import PUBLISHED


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One implementation with its weights."""

    encode: Callable[[], Tensor]
    """The image's embedding; what a click needs is kept."""
    click: Callable[[], Tensor]
    """Low-resolution logits of one click after the encode."""


def sides(name: str, only: str = "") -> dict[str, Side]:
    """Both sides for a model of the zoo, or ``only`` "reference" or "vesal"."""
    config = PUBLISHED[name]
    makers = {"reference": _reference, "vesal": _vesal}
    return {side: make(name, config) for side, make in makers.items() if only in ("", side)}


def image_of(config: SamConfig) -> Tensor:
    """The image of the golden numbers."""
    shape = (1, config.image_channels, *[config.image_size] * config.ndim)
    noise = np.random.default_rng(0).standard_normal(shape)
    return torch.from_numpy(noise.astype(np.float32))


def _prompt(config: SamConfig) -> tuple[Tensor, Tensor]:
    """A point in array order, ``(1, 1, axis)``, and the logits of a click before it."""
    share = torch.tensor([0.3, 0.5, 0.8][: config.ndim])
    points = (share * config.image_size).round()[None, None]
    return points, torch.zeros(1, 1, *[config.mask_size] * config.ndim)


def _reference(name: str, config: SamConfig) -> Side:
    model, image = reference(name), image_of(config)
    points, previous = _prompt(config)
    points = points[..., list(config.point_axes)]  # SAM's are (x, y)
    kept: list[Tensor] = []

    def encode() -> Tensor:
        kept[:] = [model.image_encoder(image)]
        return kept[0]

    return Side(encode=encode, click=lambda: click(model, kept[0], points, previous))


def vesal_model(config: SamConfig) -> Segmenter:
    """Ours, with the weights of the rule."""
    with torch.device("meta"):
        model = Segmenter(config)
    model.load_state_dict(rule_weights(model.state_dict()), assign=True)
    return model.eval().requires_grad_(requires_grad=False)


def _vesal(_: str, config: SamConfig) -> Side:
    model, image = vesal_model(config), image_of(config)
    points, previous = _prompt(config)
    prompts = PromptTensors(
        points=points, labels=torch.ones(1, 1, dtype=torch.int64), previous=previous
    )
    kept = []

    def encode() -> Tensor:
        kept[:] = [model.encode(image)]
        return kept[0].levels[0]

    return Side(encode=encode, click=lambda: model.decode(kept[0], prompts).logits[:, :1])
