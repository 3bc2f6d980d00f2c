"""What of a model learns when it is fine-tuned, and how that is chosen."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from vesal.errors import ConfigError
from vesal.models.build import Model
from vesal.models.promptable_unet import PromptableUNet
from vesal.training.lora import LowRank, wrap

METHODS = ("decoder", "lora", "adapters", "full")

_HANDFUL, _MANY = 4, 12
"""Structures up to which the decoder alone learns, and from which on everything does: from the
measurements in docs/finetune.md."""

_UNET_ENCODER = "image_"
_SAM_ENCODERS = ("image_encoder.", "resnet.", "adapters_in.")
_SAM_LAYERS = ("image_encoder.*.qkv", "image_encoder.*.proj", "image_encoder.*.lin?")
_ADAPTERS = ".Adapter."


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A way to learn, and its pace."""

    name: str
    rate: float
    """Of learning, at its height."""


_RATES = {"decoder": 1e-3, "lora": 2e-3, "adapters": 1e-3, "full": 5e-4}  # of our own model
_SAM_RATES = {"decoder": 1e-4, "lora": 1e-4, "adapters": 1e-4, "full": 1e-5}


def chosen(name: str, model: Model, structures: int) -> Method:
    """The method of that name; "auto" goes by the number of labelled structures.

    Args:
        name: one of `METHODS`, or "auto".
        model: what will learn.
        structures: labelled ones, over all scans, that can be learnt from.

    Raises:
        ConfigError: an unknown name, or adapters for a model that has none.
    """
    if name not in (*METHODS, "auto"):
        msg = f"the method must be auto, {', '.join(METHODS)}, got {name!r}"
        raise ConfigError(msg)
    if name == "adapters" and not any(_ADAPTERS in key for key, _ in model.named_parameters()):
        msg = "this model has no adapters, SAM-Med2D has; take --method decoder, lora or full"
        raise ConfigError(msg)
    if name == "auto":
        name = "decoder" if structures <= _HANDFUL else "lora" if structures < _MANY else "full"
    rates = _RATES if isinstance(model, PromptableUNet) else _SAM_RATES
    return Method(name=name, rate=rates[name])


def freeze(model: Model, method: str, *, seed: int = 0) -> None:
    """Let a model learn by a method: what it does not need is frozen, corrections are put in.

    Args:
        model: changed; `vesal.training.lora.merge` takes corrections out again.
        method: one of `METHODS`.
        seed: of the corrections.
    """
    if method == "lora":
        own = isinstance(model, PromptableUNet)
        with torch.random.fork_rng(devices=[]):  # the caller's random numbers stay their own
            torch.manual_seed(seed)
            wrap(model, LowRank(layers=("*",) if own else _SAM_LAYERS))
        if not own:  # the light decoder is too small for corrections to spare anything
            _learn(model, lambda name: not name.startswith(_SAM_ENCODERS))
        return
    model.requires_grad_(method == "full")
    if method == "adapters":
        _learn(model, lambda name: _ADAPTERS in name or not name.startswith(_SAM_ENCODERS))
    elif method == "decoder" and isinstance(model, PromptableUNet):
        _learn(model, lambda name: not name.startswith(_UNET_ENCODER))
    elif method == "decoder":
        _learn(model, lambda name: not name.startswith(_SAM_ENCODERS))


def _learn(model: nn.Module, learns: Callable[[str], bool]) -> None:
    for name, parameter in model.named_parameters():
        if learns(name):
            parameter.requires_grad_(True)
