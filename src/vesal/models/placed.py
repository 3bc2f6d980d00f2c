"""A model on an accelerator, for callers whose tensors are in main memory.

What was encoded stays in main memory: there the server bounds it, sessions keep it and files hold
it. Each answer sends it to the device.
"""

from dataclasses import fields, replace
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from vesal.errors import ConfigError
from vesal.models.config import ModelConfig
from vesal.models.promptable import Decoded, Embedding, Promptable, PromptTensors
from vesal.models.shapes import Images

AUTO, CPU = "auto", "cpu"
_Tensors = TypeVar("_Tensors", Embedding, PromptTensors, Decoded)


class Placed:
    """A promptable model on a device.

    Args:
        model: a module; it is moved.
        device: where it computes.
    """

    def __init__(self, model: Promptable, device: torch.device) -> None:
        if isinstance(model, nn.Module):
            model.to(device)
        self.model, self.device = model, device

    @property
    def config(self) -> ModelConfig:
        """Of the model."""
        return self.model.config

    def encode(self, image: Images) -> Embedding:
        """As the model's, in main memory."""
        return _moved(self.model.encode(image.to(self.device)), torch.device(CPU))

    def decode(self, embedding: Embedding, prompts: PromptTensors) -> Decoded:
        """As the model's, in main memory."""
        there = _moved(embedding, self.device), _moved(prompts, self.device)
        return _moved(self.model.decode(*there), torch.device(CPU))


def placed(model: Promptable, device: torch.device) -> Promptable:
    """The model on a device; itself for the CPU."""
    return model if device.type == CPU else Placed(model, device)


def device_named(name: str, *, turn: int = 0) -> torch.device:
    """The device that a user names.

    Args:
        name: "cpu", a kind such as "cuda", one of a kind such as "cuda:1", or "auto", which is
            an accelerator where there is one.
        turn: of several processes, each with its own: which of the devices of a kind is taken.

    Raises:
        ConfigError: no such device here.
    """
    here = devices()
    if name == CPU or (name == AUTO and not here):
        return torch.device(CPU)
    kind = here[0].type if name == AUTO else name
    mine = [device for device in here if kind in (device.type, str(device))]
    if not mine:
        msg = f"there is no device {name!r} here; choose of {', '.join(map(str, (CPU, *here)))}"
        raise ConfigError(msg)
    return mine[turn % len(mine)]


def devices() -> list[torch.device]:
    """The accelerators of this machine."""
    if not torch.accelerator.is_available():
        return []
    kind = torch.accelerator.current_accelerator()
    count = torch.accelerator.device_count()
    return [torch.device(kind.type, n) for n in range(count)] if kind else []


def _moved(what: _Tensors, device: torch.device) -> _Tensors:
    """The same with all tensors on a device."""
    changes: dict[str, Any] = {}
    for field in fields(what):
        value = getattr(what, field.name)
        if isinstance(value, Tensor):
            changes[field.name] = value.to(device)
        elif isinstance(value, tuple):
            changes[field.name] = tuple(one.to(device) for one in value)
    return replace(what, **changes)
