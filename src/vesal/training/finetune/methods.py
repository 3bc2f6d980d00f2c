"""What of a model learns when it is fine-tuned, how fast, and how that is chosen."""

from dataclasses import dataclass

import torch

from vesal.errors import ConfigError
from vesal.models.build import Model
from vesal.models.promptable_unet import PromptableUNet
from vesal.models.segmenter import Segmenter
from vesal.training.freeze import learn, parts_of
from vesal.training.lesson import Lesson
from vesal.training.lessons.sam_decoder import SamDecoder
from vesal.training.lora import LowRank, wrap

METHODS = ("decoder", "lora", "adapters", "full")

_HANDFUL, _MANY = 4, 12
"""Structures up to which the decoder alone learns, and from which on everything does."""

_SAM_MANY = 50  # of models of the SAM family, which are thirty times as large

_ADAPTERS = "adapters"
_RATES = {"decoder": 1e-3, "lora": 2e-3, "full": 5e-4}
# The first two are those of the papers' recipes; all of a ViT bears a tenth.
_SAM_RATES = {"decoder": 1e-4, "adapters": 1e-4, "lora": 2e-4, "full": 1e-5}
_SAM_LAYERS = LowRank(layers=("*.attn.qkv", "*.attn.proj", "*.mlp.lin1", "*.mlp.lin2"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A way to learn, and its pace."""

    name: str
    rate: float
    """Of learning, at its height."""


def chosen(name: str, model: Model, structures: int) -> Method:
    """The method of that name; "auto" goes by the number of labelled structures.

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
    own = isinstance(model, PromptableUNet)
    adapted = _ADAPTERS in parts_of(model)
    if name == "adapters" and not adapted:
        msg = "this model has no adapters, SAM-Med2D has; take --method decoder, lora or full"
        raise ConfigError(msg)
    if name == "auto":
        some = "adapters" if adapted else "lora"
        many = _MANY if own else _SAM_MANY
        name = "decoder" if structures <= _HANDFUL else some if structures < many else "full"
    return Method(name=name, rate=(_RATES if own else _SAM_RATES)[name])


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


def sam_lesson(model: Segmenter, method: str, *, rounds: int, seed: int = 0) -> Lesson:
    """The lesson of a model of the SAM family: its decoder learns, and what the method says.

    Args:
        model: changed, as by `freeze`.
        method: one of `METHODS`.
        rounds: answers to each target.
        seed: of the corrections.
    """
    if method in ("decoder", "lora"):
        lesson = SamDecoder(rounds=rounds).lesson(model)
    else:
        there = parts_of(model)
        wanted = ("adapters",) if method == "adapters" else ("encoder", "adapters", "branch")
        also = tuple(part for part in (*wanted, "bridges") if part in there)
        lesson = SamDecoder(rounds=rounds, prompt_encoder=True, also=also).lesson(model)
    if method == "lora":
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            wrap(model.image_encoder, _SAM_LAYERS)
    return lesson
