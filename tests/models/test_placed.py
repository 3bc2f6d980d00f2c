"""A model on an accelerator, which no machine of the tests has: torch's fakes know the rules.

A fake tensor has a device without memory on it, and operations across devices are refused as a GPU
refuses them. That the numbers are the same there can only be seen on a GPU.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorDeviceMismatchError, FakeTensorMode
from torch.overrides import TorchFunctionMode

from tests.export.tiny import FAMILIES, tiny
from vesal.errors import ConfigError
from vesal.models.placed import Placed, device_named, placed
from vesal.models.promptable import PromptTensors
from vesal.models.sam_config import SamConfig

DEVICE = torch.device("meta")  # without memory, as any accelerator is to torch here


class _Moving(TorchFunctionMode):
    """`Tensor.to` between devices, which torch refuses where it has no such device."""

    def __torch_function__(self, func: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is Tensor.to and isinstance(args[1], torch.device):
            return torch.empty_like(args[0], device=args[1])
        return func(*args, **(kwargs or {}))


@contextmanager
def fakes() -> Iterator[None]:
    """Tensors are fake from here on."""
    with FakeTensorMode(allow_non_fake_inputs=True), _Moving():
        yield


@pytest.fixture(autouse=True)
def _new_parameters() -> Iterator[None]:
    """Fakes cannot take the place of a parameter's data: modules get new parameters."""
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    yield
    torch.__future__.set_overwrite_module_params_on_conversion(False)


def test_that_fakes_refuse_what_a_gpu_refuses() -> None:
    """Else the tests below would show nothing."""
    with fakes(), pytest.raises(FakeTensorDeviceMismatchError):
        _ = torch.empty(3) + torch.empty(3, device=DEVICE)


@pytest.mark.parametrize("family", [one for one in FAMILIES if one not in ("medsam", "ft-sam")])
def test_every_family_computes_on_its_device_alone(family: str) -> None:
    """All that a network makes for itself lies where it computes; what comes back does not.

    MedSAM and FT-SAM are SAM's network with other weights.
    """
    network = copy.deepcopy(tiny(family))
    with fakes():
        model = Placed(network, DEVICE)
        config = model.config
        channels = config.image_channels if isinstance(config, SamConfig) else 2
        side = config.image_size if isinstance(config, SamConfig) else 16
        embedding = model.encode(torch.empty(1, channels, *[side] * config.ndim))
        decoded = model.decode(embedding, _clicks(config.ndim))
        last = model.decode(embedding, _clicks(config.ndim, decoded.logits[:, :1]))
    assert {parameter.device for parameter in network.parameters()} == {DEVICE}
    for tensor in (*embedding.levels, decoded.logits, last.logits):
        assert tensor.device.type == "cpu"


def test_the_cpu_needs_nothing_between() -> None:
    """The model itself, so that nothing is copied."""
    model = tiny("vesal-mini")
    assert placed(model, torch.device("cpu")) is model


@pytest.mark.skipif(torch.accelerator.is_available(), reason="there is an accelerator here")
@pytest.mark.parametrize("name", ["cuda", "cuda:1", "mps", "tpu?", ""])
def test_a_device_that_is_not_here_is_refused_by_name(name: str) -> None:
    """With those that are."""
    with pytest.raises(
        ConfigError, match=rf"no device '{name}' here; choose of cpu".replace("?", r"\?")
    ):
        device_named(name)


@pytest.mark.parametrize(("turn", "index"), [(0, 0), (1, 1), (2, 2), (3, 0)])
def test_processes_take_turns_on_several_devices(
    monkeypatch: pytest.MonkeyPatch, turn: int, index: int
) -> None:
    """The fourth process shares the first of three devices; one that is named is taken."""
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device("cuda"))
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: 3)
    for name in ("auto", "cuda"):
        assert device_named(name, turn=turn) == torch.device("cuda", index)
    assert device_named("cuda:1", turn=turn) == torch.device("cuda", 1)
    with pytest.raises(ConfigError, match="choose of cpu, cuda:0, cuda:1, cuda:2"):
        device_named("cuda:3", turn=turn)


def _clicks(ndim: int, previous: Tensor | None = None) -> PromptTensors:
    labels = torch.ones(1, 2, dtype=torch.int64)
    return PromptTensors(points=torch.zeros(1, 2, ndim), labels=labels, previous=previous)
