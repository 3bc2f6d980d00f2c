"""Which weights a model has: a hash of what it computes with."""

import hashlib

import torch
from torch import nn

from vesal.models.config import AnyConfig, to_json
from vesal.models.placed import Placed
from vesal.models.promptable import Promptable


def identity(model: Promptable) -> str:
    """SHA-256 of a model's config and all its tensors, as 64 hexadecimal digits.

    The same whatever file they came from; another one if a single weight differs, or the type in
    which the model computes, or the kind of device: its sums are other ones in the last bits.
    Empty for what is no network of PyTorch, and so has no tensors.
    """
    if isinstance(model, Placed):
        placed = f"{identity(model.model)} {model.device.type}"
        return hashlib.sha256(placed.encode()).hexdigest()
    return identity_of(model, model.config) if isinstance(model, nn.Module) else ""


def identity_of(network: nn.Module, config: AnyConfig) -> str:
    """The same of any network and its config, be it one without prompts."""
    digest = hashlib.sha256(to_json(config).encode())
    digest.update(str(getattr(network, "encoding_type", torch.float32)).encode())
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        plain = tensor.detach().cpu().contiguous(memory_format=torch.contiguous_format)
        digest.update(plain.reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()
