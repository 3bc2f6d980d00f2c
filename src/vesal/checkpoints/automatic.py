"""Automatic models: begun with the encoder of a promptable one, written, and read again."""

from pathlib import Path

import torch
from torch import Tensor

from vesal.checkpoints.load import load_model
from vesal.checkpoints.resize import resized
from vesal.checkpoints.tensors import filled, read_state
from vesal.checkpoints.weights import open_weights
from vesal.checkpoints.write import write_checked
from vesal.errors import CheckpointError, ConfigError
from vesal.models.automatic import Automatic
from vesal.models.automatic_config import AutomaticConfig
from vesal.models.nd import fast_layout
from vesal.models.sam_config import SamConfig
from vesal.models.zoo import ZOO

_ENCODER = "image_encoder."  # of a SAM
_UNET_PARTS = ("image_stem.", "image_blocks.", "image_down.")


def new_automatic(
    config: AutomaticConfig, *, start: str | Path | None = None, seed: int = 0
) -> Automatic:
    """A model to be trained: its decoder at random, its encoder too if nothing is given.

    Args:
        config: of the model.
        start: name of the zoo or weights file of the promptable model whose encoder it begins
            with; positions are resized to the config's window.
        seed: of what is random.

    Raises:
        ConfigError: neither a known name nor a file, or an automatic model.
        CheckpointError: its weights are missing or damaged, or of another encoder.
        ResourceError: MONAI is missing, which a ViT needs.
    """
    with torch.random.fork_rng(devices=[]):  # the caller's random numbers stay their own
        torch.manual_seed(seed)
        model = Automatic(config)
    if start is not None:
        model.encoder.load_state_dict(_encoder_of(start, config))
    if not isinstance(config.encoder, SamConfig):
        for parameter in model.parameters():
            parameter.data = fast_layout(parameter.data)
    return model


def save_automatic(model: Automatic, path: Path, notes: tuple[str, ...] = ()) -> str:
    """Write the model in single precision, its config in the header; the file's SHA-256.

    Args:
        model: the model.
        path: ending in .safetensors.
        notes: what `vesal weights info` is to say of it, each a line.

    Raises:
        ConfigError: another suffix.
        CheckpointError: a weight is NaN or infinite.
        ResourceError: the disk refuses; what was there before is still there.
    """
    if path.suffix != ".safetensors":
        msg = f"automatic models are written as .safetensors, got {path.name!r}"
        raise ConfigError(msg)
    tensors = {key: tensor.detach().cpu() for key, tensor in model.state_dict().items()}
    return write_checked(path, model.config, tensors, notes)


def load_automatic(path: str | Path) -> Automatic:
    """An automatic model ready for use, as `save_automatic` wrote it.

    Raises:
        ConfigError: no file, or a model that takes prompts.
        CheckpointError: damaged, or does not fit exactly.
        ResourceError: MONAI is missing, which a ViT needs.
    """
    if str(path) in ZOO and not Path(path).is_file():
        raise ConfigError(_needs_prompts(str(path), ZOO[str(path)].family))
    path = Path(path)
    if not path.is_file():
        msg = f"{str(path)!r} is no file; an automatic model is what vesal train auto wrote"
        raise ConfigError(msg)
    weights = open_weights(path)
    config = weights.config
    if not isinstance(config, AutomaticConfig):
        raise ConfigError(_needs_prompts(str(path), config.family))
    return filled(config, read_state(weights))


def _needs_prompts(name: str, family: str) -> str:
    return (
        f"{name} is of the family {family}, which needs prompts: leave --auto out and say what to "
        "segment, or give with --model what vesal train auto made of it"
    )


def _encoder_of(start: str | Path, config: AutomaticConfig) -> dict[str, Tensor]:
    """The encoder's tensors of a promptable model, at the window of the config."""
    known = load_model(start)
    found, state = known.config, known.state_dict()
    if isinstance(found, SamConfig) and isinstance(config.encoder, SamConfig):
        found, state, _ = resized(found, state, config.encoder.image_size)
        state = {k.removeprefix(_ENCODER): v for k, v in state.items() if k.startswith(_ENCODER)}
    else:
        state = {k: v for k, v in state.items() if k.startswith(_UNET_PARTS)}
    if found != config.encoder:
        msg = (
            f"{start} has another encoder than the config, of the family {found.family}; make the "
            "config of the model that it begins with"
        )
        raise CheckpointError(msg)
    return state
