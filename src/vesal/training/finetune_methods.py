"""What of a model learns when it is fine-tuned, how fast, and how that is chosen."""

from dataclasses import dataclass

import torch

from vesal.errors import ConfigError
from vesal.models.build import Model
from vesal.models.promptable_unet import PromptableUNet
from vesal.training.freeze import learn
from vesal.training.lora import LowRank, wrap

METHODS = ("decoder", "lora", "adapters", "full")

_HANDFUL, _MANY = 4, 12
"""Structures up to which the decoder alone learns, and from which on everything does."""

_ADAPTERS = ".Adapter."
_RATES = {"decoder": 1e-3, "lora": 2e-3, "full": 5e-4}
_SAM_RATE = 1e-4  # of the recipe sam-decoder


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A way to learn, and its pace."""

    name: str
    rate: float
    """Of learning, at its height."""


def chosen(name: str, model: Model, structures: int) -> Method:
    """The method of that name; "auto" goes by the number of labelled structures.

    Of models of the SAM family only the decoder is tuned here: what else learns is a matter for
    their papers' recipes.

    Args:
        name: one of `METHODS`, or "auto".
        model: what will learn.
        structures: labelled ones, over all scans, that can be learnt from.

    Raises:
        ConfigError: an unknown name, or a method that this model has not.
    """
    if name not in (*METHODS, "auto"):
        msg = f"the method must be auto, {', '.join(METHODS)}, got {name!r}"
        raise ConfigError(msg)
    if not isinstance(model, PromptableUNet):
        return _of_sam(name, model)
    if name == "adapters":
        msg = "this model has no adapters, SAM-Med2D has; take --method decoder, lora or full"
        raise ConfigError(msg)
    if name == "auto":
        name = "decoder" if structures <= _HANDFUL else "lora" if structures < _MANY else "full"
    return Method(name=name, rate=_RATES[name])


def freeze(model: PromptableUNet, method: str, *, seed: int = 0) -> None:
    """Let a model learn by a method: what it does not need is frozen, corrections are put in.

    Args:
        model: changed; `vesal.training.lora.plain_state` has its weights without corrections.
        method: one of `METHODS`, but for adapters.
        seed: of the corrections.
    """
    if method == "lora":
        with torch.random.fork_rng(devices=[]):  # the caller's random numbers stay their own
            torch.manual_seed(seed)
            wrap(model, LowRank())
    elif method == "decoder":
        learn(model, ("clicks", "masks"))
    else:
        model.requires_grad_(True)


def _of_sam(name: str, model: Model) -> Method:
    if name in ("auto", "decoder"):
        return Method(name="decoder", rate=_SAM_RATE)
    what = "it has no adapters" if not _has_adapters(model) else "its recipe does"
    if name != "adapters":
        what = "vesal train has recipes for all of it"
    msg = (
        f"models of the family {model.config.family} are tuned by --method decoder; "
        f"got {name} ({what})"
    )
    raise ConfigError(msg)


def _has_adapters(model: Model) -> bool:
    return any(_ADAPTERS in key for key, _ in model.named_parameters())
