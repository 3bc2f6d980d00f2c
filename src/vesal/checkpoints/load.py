"""Weights in and out: safetensors (no code can hide in it) with the model's config in the header."""

import hashlib
import os
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from vesal.checkpoints.locate import weights_path
from vesal.errors import CheckpointError, ConfigError
from vesal.models.config import PromptableUNetConfig, from_json, to_json
from vesal.models.nd import fast_layout
from vesal.models.promptable_unet import PromptableUNet

_CONFIG_KEY = "vesal.config"


def load_model(name: str | Path) -> PromptableUNet:
    """A model ready for inference, by its name in the zoo or from a safetensors file that vesal wrote.

    Raises:
        ConfigError: neither a known name nor a file.
        CheckpointError: the file is damaged, has no config, or does not fit it exactly.
    """
    path = Path(name)
    if not path.is_file():
        path = weights_path(str(name))
    config, tensors = _read(path)
    model = PromptableUNet(config)
    _check_fit(path, model.state_dict(), tensors)
    model.load_state_dict({key: tensor.float() for key, tensor in tensors.items()})
    for parameter in model.parameters():
        parameter.data = fast_layout(parameter.data)
        parameter.requires_grad_(requires_grad=False)
    return model.eval()


def save_model(model: PromptableUNet, path: Path) -> str:
    """Write the model in half precision, its config in the header; returns the file's SHA-256."""
    tensors = {key: tensor.half().contiguous() for key, tensor in model.state_dict().items()}
    partial = path.with_name(path.name + ".part")
    save_file(tensors, partial, metadata={_CONFIG_KEY: to_json(model.config)})
    os.replace(partial, path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read(path: Path) -> tuple[PromptableUNetConfig, dict[str, torch.Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        msg = f"{path} cannot be read as safetensors weights: {error}"
        raise CheckpointError(msg) from error
    if _CONFIG_KEY not in metadata:
        msg = f"{path} has no vesal config in its header; it was not written by vesal"
        raise CheckpointError(msg)
    try:
        return from_json(metadata[_CONFIG_KEY]), tensors
    except ConfigError as error:
        msg = f"{path}: {error}"
        raise CheckpointError(msg) from error


def _check_fit(
    path: Path, wanted: dict[str, torch.Tensor], given: dict[str, torch.Tensor]
) -> None:
    missing = sorted(set(wanted) - set(given))
    extra = sorted(set(given) - set(wanted))
    resized = sorted(k for k in set(wanted) & set(given) if wanted[k].shape != given[k].shape)
    if missing or extra or resized:
        msg = (
            f"{path} does not fit its config: {len(missing)} tensors missing {missing[:3]}, "
            f"{len(extra)} extra {extra[:3]}, {len(resized)} of another shape {resized[:3]}"
        )
        raise CheckpointError(msg)
    broken = [k for k, tensor in given.items() if not torch.isfinite(tensor).all()]
    if broken:
        msg = f"{path} holds NaN or infinite weights in {len(broken)} tensors {broken[:3]}"
        raise CheckpointError(msg)
