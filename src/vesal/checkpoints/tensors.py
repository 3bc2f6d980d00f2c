"""The tensors of a weights file as torch has them, once they fit their model."""

import logging
from collections.abc import Iterator
from typing import overload

import torch
from torch import Tensor

from vesal.checkpoints.report import Wanted, compared
from vesal.checkpoints.weights import WeightsFile
from vesal.errors import CheckpointError
from vesal.models.automatic import Automatic
from vesal.models.automatic_config import AutomaticConfig
from vesal.models.build import Model, build
from vesal.models.config import AnyConfig, ModelConfig

logger = logging.getLogger(__name__)


@overload
def empty(config: ModelConfig) -> Model: ...


@overload
def empty(config: AutomaticConfig) -> Automatic: ...


def empty(config: AnyConfig) -> Model | Automatic:
    """The network without memory: a file cannot ask for more than it holds."""
    with torch.device("meta"):
        return build(config)


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
