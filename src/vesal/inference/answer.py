"""What every predictor gives and takes, whatever kind of model it shows the image to."""

from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

from vesal.arrays import Intensities
from vesal.geometry.grid import Grid
from vesal.geometry.patch import Patch
from vesal.inference.request import Request
from vesal.progress import Progress, silent


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """Logits where a model looked, on the grid on which it answers; above 0 is inside."""

    grid: Grid
    logits: Intensities


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """What a model said to all prompts so far."""

    mask: Patch
    """On the image's own grid."""
    memory: object = None
    """What the predictor that gave it goes on from at the next prompt; of no use to others."""
    score: float | None = None
    """The IoU that the model expects of the mask, where it was trained to expect any."""
    notes: tuple[str, ...] = ()
    """What was translated for the model, and what deserves a warning."""
    evidence: tuple[Evidence, ...] = ()
    """What the model said before anything was thresholded or obeyed; none for a given mask."""


_Memory = TypeVar("_Memory")


def memory_of(previous: Answer | None, kind: type[_Memory]) -> _Memory | None:
    """What the last answer remembers, if it is of that kind; None if there is nothing to go on."""
    memory = previous.memory if previous is not None else None
    return memory if isinstance(memory, kind) else None


@runtime_checkable
class Predictor(Protocol):
    """A model looking at one image."""

    @property
    def held_bytes(self) -> int:
        """Memory that the encoded parts of the image take; without them they are encoded anew."""
        ...

    def predict(
        self,
        request: Request,
        *,
        previous: Answer | None = None,
        progress: Progress = silent,
    ) -> Answer:
        """The answer to all that was said.

        Args:
            request: all so far; its clicks and box begin with those of the last one, or the
                answer is made anew.
            previous: the last answer for this object. One without a memory of this kind of
                predictor is a mask to begin with (given by the user, or by another model).
            progress: told of every part of the image that is looked at.
        """
        ...
