"""What every predictor gives and takes, whatever kind of model it shows the image to."""

from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

from vesal.arrays import MaskArray
from vesal.inference.clicks import Clicks
from vesal.progress import Progress, silent
from vesal.prompts import Box


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """What a model said to all prompts so far."""

    mask: MaskArray
    """On the image's own grid."""
    memory: object
    """What the predictor that gave it goes on from at the next prompt; of no use to others."""
    score: float | None = None
    """The IoU that the model expects of the mask, where it was trained to expect any."""
    notes: tuple[str, ...] = ()
    """What was translated for the model, and what deserves a warning."""


_Memory = TypeVar("_Memory")


def memory_of(previous: Answer | None, kind: type[_Memory]) -> _Memory | None:
    """What the last answer remembers, if it is of that kind; None if there is nothing to go on."""
    memory = previous.memory if previous is not None else None
    return memory if isinstance(memory, kind) else None


@runtime_checkable
class Predictor(Protocol):
    """A model looking at one image."""

    def predict(
        self,
        clicks: Clicks,
        *,
        box: Box | None = None,
        previous: Answer | None = None,
        progress: Progress = silent,
    ) -> Answer:
        """The answer to all clicks and the box.

        Args:
            clicks: all so far, oldest first; none where a box alone says what to segment.
            box: limits the mask and says where the object is.
            previous: the last answer for this object; one of another kind of predictor is not
                looked at.
            progress: told of every part of the image that is looked at.
        """
        ...
