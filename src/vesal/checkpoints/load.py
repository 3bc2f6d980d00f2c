"""Weights in and out: safetensors, in which no code can hide, the config in the header.

What a file claims is checked against its config before anything is built from it.
"""

import hashlib
import os
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from vesal.checkpoints.locate import weights_path
from vesal.errors import CheckpointError, ConfigError
from vesal.images.write import replacing
from vesal.models.config import from_json, to_json
from vesal.models.nd import fast_layout
from vesal.models.promptable_unet import PromptableUNet
from vesal.models.unet_config import PromptableUNetConfig
from vesal.models.zoo import ZOO

_CONFIG_KEY = "vesal.config"
_WEIGHT_TYPES = (torch.float16, torch.bfloat16, torch.float32)


def load_model(name: str | Path) -> PromptableUNet:
    """A model ready for inference, by its name in the zoo or from a file that vesal wrote.

    A file that happens to have the name of a model of the zoo is reached as ``./<name>``.

    Raises:
        ConfigError: neither a known name nor a file.
        CheckpointError: the file is damaged, has no config, or does not fit it exactly.
    """
    path = _located(name)
    config, tensors = _read(path)
    with torch.device("meta"):  # sizes without memory: a file cannot ask for more than it holds
        model = PromptableUNet(config)
    _check_fit(path, model.state_dict(), tensors)
    weights = {
        key: fast_layout(tensor.to(torch.float32, copy=True))  # the file may change afterwards
        for key, tensor in tensors.items()
    }
    model.load_state_dict(weights, assign=True)
    return model.requires_grad_(False).eval()


def save_model(model: PromptableUNet, path: Path) -> str:
    """Write the model in half precision, its config in the header; returns the file's SHA-256.

    Raises:
        CheckpointError: a weight is NaN, infinite, or too large for half precision.
        ResourceError: the disk refuses; what was there before is still there.
    """
    tensors = {key: tensor.half().contiguous() for key, tensor in model.state_dict().items()}
    _check_finite(path, tensors)
    content = save(tensors, metadata={_CONFIG_KEY: to_json(model.config)})
    with replacing(path, path.suffix) as temporary:
        temporary.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def _located(name: str | Path) -> Path:
    if str(name) in ZOO:
        return weights_path(str(name))
    if not os.path.isfile(name):  # unlike Path.is_file, False for a name that no disk can hold
        msg = (
            f"{str(name)!r} is neither a weights file nor a known model ({', '.join(sorted(ZOO))})"
        )
        raise ConfigError(msg)
    return Path(name)


def _read(path: Path) -> tuple[PromptableUNetConfig, dict[str, Tensor]]:
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


def _check_fit(path: Path, wanted: dict[str, Tensor], given: dict[str, Tensor]) -> None:
    missing = sorted(set(wanted) - set(given))
    extra = sorted(set(given) - set(wanted))
    resized = sorted(k for k in set(wanted) & set(given) if wanted[k].shape != given[k].shape)
    if missing or extra or resized:
        msg = (
            f"{path} does not fit its config: {len(missing)} tensors missing {missing[:3]}, "
            f"{len(extra)} extra {extra[:3]}, {len(resized)} of another shape {resized[:3]}"
        )
        raise CheckpointError(msg)
    odd = sorted(k for k, tensor in given.items() if tensor.dtype not in _WEIGHT_TYPES)
    if odd:
        msg = f"{path} needs weights of 16 or 32 bits, got {given[odd[0]].dtype} for {odd[:3]}"
        raise CheckpointError(msg)
    _check_finite(path, given)


def _check_finite(path: Path, tensors: dict[str, Tensor]) -> None:
    broken = sorted(k for k, tensor in tensors.items() if not torch.isfinite(tensor).all())
    if broken:
        msg = f"{path} holds NaN or infinite weights in {len(broken)} tensors {broken[:3]}"
        raise CheckpointError(msg)
