"""What a model learns from at once, and where that comes from."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from vesal.arrays import TrainingImages, TrainingTargets


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batch:
    """Windows of one shape, and what is to be found in each."""

    images: TrainingImages
    """``(image, channel, *space)``, prepared as the model wants them."""
    targets: TrainingTargets
    """``(image, target, *space)``: 1 inside a target, 0 outside. For automatic segmentation there
    is one target, and its values are the numbers of classes."""


@runtime_checkable
class Source(Protocol):
    """Where batches come from; can be sent to another process, so it opens files when first asked.

    Nothing is drawn from a state: a run that is resumed, or spread over several processes, sees the
    batches it would have seen.
    """

    @property
    def batches(self) -> int:
        """Batches of one pass over the data, by which an epoch is counted; at least 1."""
        ...

    def batch(self, number: int) -> Batch:
        """That batch, 0 or above: always the same for the same number.

        Raises:
            VesalError: the data cannot be read, or holds nothing to learn.
        """
        ...
