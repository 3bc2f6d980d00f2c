"""Weights in and out: a model ready for inference from a file, and our own model into one.

What a file claims is checked against its config before anything is built from it.
"""

import logging
import os
from pathlib import Path

from vesal.checkpoints.locate import how_to_get, in_folder, weights_path
from vesal.checkpoints.resize import resized
from vesal.checkpoints.tensors import filled, read_state
from vesal.checkpoints.weights import WeightsFile, open_weights
from vesal.checkpoints.write import write_checked
from vesal.errors import CheckpointError, ConfigError
from vesal.models.automatic_config import AutomaticConfig
from vesal.models.build import Model
from vesal.models.config import ModelConfig
from vesal.models.precision import encoding_type
from vesal.models.promptable_unet import PromptableUNet
from vesal.models.sam_config import SamConfig
from vesal.models.segmenter import Segmenter
from vesal.models.zoo import ZOO

logger = logging.getLogger(__name__)


def load_model(
    name: str | Path,
    *,
    family: str | None = None,
    image_size: int | None = None,
    precision: str = "float32",
) -> Model:
    """A model ready for inference, by its name in the zoo or from a weights file of any family.

    A file that happens to have the name of a model of the zoo is reached as ``./<name>``. The
    file is recognised by its tensors, and nothing in it is ever executed.

    Args:
        name: of `vesal models`, or a path of weights, or of a folder with ``model.safetensors``.
        family: what the file is taken for. MedSAM's files look like SAM's: only this, or the
            name "medsam", can say it.
        image_size: voxels an axis of the model's input, where it is not that of the file; the
            positions are resized then, and the log says so.
        precision: in which a published model encodes images: "float32", "bfloat16", or "auto",
            which is bfloat16 where the CPU has instructions for it.

    Raises:
        ConfigError: neither a known name nor a file, no such family or size, or an automatic
            model.
        CheckpointError: the file is missing, damaged, of another family, or does not fit exactly.
    """
    encoding_type(precision)  # refuses a wrong word before anything is read
    path = _located(name)
    known = ZOO.get(str(name))
    weights = open_weights(path, family or (known.family if known else None))
    config = _promptable(weights)
    state = read_state(weights)
    if image_size is not None:
        if not isinstance(config, SamConfig):
            msg = f"{name} takes images of any size; leave image_size {image_size} out"
            raise ConfigError(msg)
        config, state, notes = resized(config, state, image_size)
        for note in notes:
            logger.info("%s: %s", path, note)
    model = filled(config, state)
    if isinstance(model, Segmenter):
        model.encoding_type = encoding_type(precision)
    return model


def save_model(model: Model, path: Path, notes: tuple[str, ...] = ()) -> str:
    """Write the model with its config in the header; returns the file's SHA-256.

    Our own network is written in half precision, one of a published family as it is.

    Args:
        model: on any device.
        path: of the safetensors file.
        notes: sentences that `vesal weights info` shows.

    Raises:
        CheckpointError: a weight is NaN, infinite, or too large for half precision.
        ResourceError: the disk refuses; what was there before is still there.
    """
    half = isinstance(model, PromptableUNet)
    tensors = {
        key: (tensor.half() if half and tensor.is_floating_point() else tensor).cpu().contiguous()
        for key, tensor in model.state_dict().items()
    }
    return write_checked(path, model.config, tensors, notes)


def _located(name: str | Path) -> Path:
    if str(name) in ZOO:
        path = weights_path(str(name))
        if not path.is_file():
            msg = f"the weights of {name} are missing: {how_to_get(str(name))}"
            raise CheckpointError(msg)
        return path
    path = in_folder(Path(name))
    if not os.path.isfile(path):  # unlike Path.is_file, False for a name that no disk can hold
        msg = (
            f"{str(name)!r} is neither a weights file nor a known model ({', '.join(sorted(ZOO))})"
        )
        raise ConfigError(msg)
    return path


def _promptable(weights: WeightsFile) -> ModelConfig:
    """The config of a model that takes prompts; ConfigError for one that takes none."""
    if isinstance(weights.config, AutomaticConfig):
        msg = (
            f"{weights.path} is an automatic model, which takes no prompts: use vesal segment "
            "--auto, or load_automatic in Python"
        )
        raise ConfigError(msg)
    return weights.config
