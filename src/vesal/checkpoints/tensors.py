"""The tensors of a weights file as torch has them, once they fit their model."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import cast, overload

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from vesal.checkpoints.report import Wanted, compared
from vesal.checkpoints.weights import WeightsFile
from vesal.errors import CheckpointError
from vesal.interrupts import held
from vesal.models.automatic import Automatic
from vesal.models.automatic_config import AutomaticConfig
from vesal.models.build import Model, build
from vesal.models.config import AnyConfig, ModelConfig
from vesal.models.nd import fast_layout
from vesal.models.sam_config import SamConfig

logger = logging.getLogger(__name__)


@overload
def empty(config: ModelConfig) -> Model: ...


@overload
def empty(config: AutomaticConfig) -> Automatic: ...


def empty(config: AnyConfig) -> Model | Automatic:
    """The network without memory: a file cannot ask for more than it holds."""
    # An interrupt on the way in or out would leave torch there.
    with held(), torch.device("meta"), _WithoutRandomNumbers():
        return build(config)


class _WithoutRandomNumbers(TorchFunctionMode):
    """Normal numbers are left out: torch would load its compiler to put none of them."""

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: Sequence[type],
        args: Sequence[object] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        kwargs = kwargs or {}
        if func is nn.init.normal_:
            return kwargs["tensor"]
        made = torch.empty if func is torch.randn else func
        return cast("Callable[..., object]", made)(*args, **kwargs)


def wanted_by(config: AnyConfig) -> dict[str, Wanted]:
    """The tensors that the model has."""
    return {
        name: Wanted(shape=tuple(tensor.shape), whole_numbers=not tensor.is_floating_point())
        for name, tensor in empty(config).state_dict().items()
    }


def check_fit(weights: WeightsFile) -> None:
    """Refuse tensors that are not exactly those of the model; nothing is loaded in part.

    Raises:
        CheckpointError: with the first few names; the log has all of them.
    """
    report = compared(wanted_by(weights.config), weights.archive.tensors)
    if report.fits:
        return
    for what in ("missing", "extra", "resized", "odd"):
        for name in getattr(report, what):
            logger.info("%s: %s %s", weights.path, what, name)
    msg = f"{weights.path} does not fit its config: {report.sentence()}"
    raise CheckpointError(msg)


def read_tensors(weights: WeightsFile) -> Iterator[tuple[str, Tensor]]:
    """Each tensor by name, in the type of the file and with memory of its own.

    Raises:
        CheckpointError: damaged, not finite, or not what its writer wrote.
    """
    for name, kind, raw in weights.read():
        yield name, torch.from_numpy(raw).view(getattr(torch, kind))


def read_state(weights: WeightsFile) -> dict[str, Tensor]:
    """All tensors for a model in use: in single precision, but for counters.

    Kernels of a network of convolutions get the fast layout. The transformers flatten theirs for
    products, and another layout would be copied at each encode.

    Raises:
        CheckpointError: damaged, or not exactly those of the model.
    """
    check_fit(weights)
    config = weights.config
    encoder = config.encoder if isinstance(config, AutomaticConfig) else config
    state = {
        name: tensor.float() if tensor.is_floating_point() else tensor
        for name, tensor in read_tensors(weights)
    }
    if isinstance(encoder, SamConfig):
        return state
    return {name: fast_layout(tensor) for name, tensor in state.items()}


@overload
def filled(config: ModelConfig, state: dict[str, Tensor]) -> Model: ...
@overload
def filled(config: AutomaticConfig, state: dict[str, Tensor]) -> Automatic: ...


def filled(config: AnyConfig, state: dict[str, Tensor]) -> Model | Automatic:
    """The network with these tensors, ready for use."""
    model = empty(config)
    model.load_state_dict(state, assign=True)
    return model.requires_grad_(False).eval()
