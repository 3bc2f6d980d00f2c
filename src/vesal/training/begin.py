"""The weights that a training begins with: random ones, a model's own, or those of its ancestor."""

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from vesal.checkpoints.load import load_model
from vesal.checkpoints.resize import resized
from vesal.errors import CheckpointError
from vesal.models.build import Model, build
from vesal.models.config import ModelConfig
from vesal.models.sam_config import SamConfig
from vesal.models.unet_config import PromptableUNetConfig
from vesal.models.widen import widened

RANDOM = "none"
"""What is said for weights where random ones are wanted all the same."""

_SAM = ("sam", "medsam", "ft-sam", "sam-med2d")  # one network, but for the adapters of the last
_ADAPTER = ".Adapter."


def begun(config: ModelConfig, seed: int, start: str | Path) -> tuple[Model, tuple[str, ...]]:
    """A network with its first weights, and notes on where they come from.

    Args:
        config: what it is.
        seed: of what begins at random.
        start: weights by name or file: of this network, of a narrower one of ours, which is
            widened, or of one of SAM's kin, whose positions are resized and whose adapters begin
            at random; "none" or "" for random ones.

    Raises:
        ConfigError: neither a known name nor a file.
        CheckpointError: weights of another network, or that are not there.
    """
    with torch.random.fork_rng(devices=[]):  # the caller's random numbers stay their own
        torch.manual_seed(seed)
        model = build(config)
    if str(start) in (RANDOM, ""):
        return model.train(), ()
    known = load_model(start)
    if _narrower(known.config, config):
        found = widened(known.state_dict(), model.state_dict(), seed)
        notes: tuple[str, ...] = (f"more channels than {start}: they begin as copies of its own",)
    else:
        found, notes = _adapted(known, config, start)
    missing = model.load_state_dict(found, strict=False).missing_keys
    if missing:
        notes = (*notes, f"{len(missing)} tensors of adapters begin at random with seed {seed}")
    return model.train(), notes


def _adapted(
    known: Model, config: ModelConfig, start: str | Path
) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """The weights as that network takes them; its adapters may be missing."""
    theirs, state = known.config, dict(known.state_dict())
    if theirs == config:
        return state, ()
    refused = CheckpointError(
        f"{start} is not of this recipe's network: it is of {_said(theirs)}, "
        f"the recipe trains {_said(config)}{_hint(theirs, config)}"
    )
    if not (isinstance(theirs, SamConfig) and isinstance(config, SamConfig)):
        raise refused
    if theirs.family != config.family and not {theirs.family, config.family} <= set(_SAM):
        raise refused
    alike = replace(theirs, family=config.family, adapters=config.adapters, image_size=1024)
    if alike != replace(config, image_size=1024):
        raise refused
    _, state, notes = resized(theirs, state, config.image_size)
    if theirs.adapters and not config.adapters:
        state = {name: tensor for name, tensor in state.items() if _ADAPTER not in name}
        notes = (*notes, "adapters are left out")
    return state, notes


def _narrower(theirs: ModelConfig, config: ModelConfig) -> bool:
    """Whether it is a network like ours but for a whole number of times fewer channels."""
    if not isinstance(theirs, PromptableUNetConfig) or not isinstance(config, PromptableUNetConfig):
        return False
    alike = replace(
        theirs, widths=config.widths, window=config.window, slice_window=config.slice_window
    )
    return (
        theirs.widths != config.widths
        and alike == config
        and len(theirs.widths) == len(config.widths)
        and all(wide % own == 0 for own, wide in zip(theirs.widths, config.widths, strict=True))
    )


def _said(config: ModelConfig) -> str:
    if isinstance(config, SamConfig):
        return f"{config.family} ({config.image_size} voxels an axis, {config.depth} blocks)"
    return f"{config.family} (widths {config.widths}, windows of {config.window})"


def _hint(theirs: ModelConfig, config: ModelConfig) -> str:
    if theirs.family == "sam" and config.family == "sam-unet":
        return "; `vesal weights assemble` makes a start of SAM's file and a ResNet's"
    return ""
