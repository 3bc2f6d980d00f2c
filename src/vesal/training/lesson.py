"""How a model is taught: from a batch to a loss, with a simulated user in between."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor, nn

from vesal.models.shapes import Images, MasksLogits, Scalar, TargetMasks


class Taught(NamedTuple):
    """What came of a turn: a tuple, as Lightning Fabric looks for tensors in it."""

    loss: Scalar
    dices: Sequence[float]
    """Mean Dice over the batch's targets after each answer of the turn, for the log."""
    logits: MasksLogits
    """The turn's last answer, detached, ``(image * target, 1 or class, *space)`` on the targets'
    grid, targets innermost."""
    memory: tuple[Tensor, ...] = ()
    """What the batch's next turn goes on from, detached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Parameters that learn at one rate."""

    name: str
    parameters: Sequence[nn.Parameter]
    rate: float = 1.0
    """Times the rate of the run."""


class Lesson(nn.Module, ABC):
    """A model and the way it is taught; what it freezes needs no gradient from the start.

    One optimiser step is taken a turn. All randomness comes from the seed that a turn is given, so
    that runs can be resumed and spread over processes.
    """

    turns: int = 1
    """Optimiser steps a batch."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def groups(self) -> list[Group]:
        """What learns: everything that is not frozen, at the rate of the run."""
        learning = [p for p in self.model.parameters() if p.requires_grad]
        return [Group(name="all", parameters=learning)]

    @abstractmethod
    def forward(
        self,
        images: Images,
        targets: TargetMasks,
        turn: int,
        memory: tuple[Tensor, ...],
        seed: tuple[int, ...],
    ) -> Taught:
        """Teach one turn; the caller goes down the loss's gradient.

        Args:
            images: of the batch, on the model's device.
            targets: 0 or 1, or numbers of classes.
            turn: of this batch, from 0 to `turns` - 1.
            memory: of the turn before, empty in the first.
            seed: for `numpy.random.default_rng`; different for each batch and turn.
        """
