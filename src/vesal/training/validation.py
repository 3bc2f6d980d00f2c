"""How good a model is while it learns: what a run asks at times, to keep the best and to stop."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from torch import nn

from vesal.models.promptable import Promptable


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated:
    """The outcome of a validation."""

    scores: dict[str, float]
    """By name, always the same names; 1 is best."""

    @property
    def score(self) -> float:
        """The mean of all, by which the best is chosen; 0 where there is nothing to validate on."""
        return sum(self.scores.values()) / len(self.scores) if self.scores else 0.0


@runtime_checkable
class Validation(Protocol):
    """Scores a model, the same way each time."""

    def scores(self, model: nn.Module | Promptable, picture: Path | None) -> Validated:
        """The scores of a model, without gradients.

        Args:
            model: as it would be kept: with averaged weights, where the run averages them.
            picture: PNG to draw some examples into; none are drawn without.
        """
        ...
