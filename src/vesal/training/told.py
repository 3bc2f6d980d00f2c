"""What a step tells about itself."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Numbers of one step.

    Attributes:
        loss: mean over the turns, batches and processes.
        rate: learning rate of the run.
        dices: of this process, for each turn of each batch those after each answer.
        waited_s: seconds without a batch.
        elapsed_s: seconds in all.
    """

    loss: float
    rate: float
    dices: Sequence[Sequence[float]]
    waited_s: float
    elapsed_s: float

    def values(self) -> dict[str, float]:
        """What the log takes down."""
        answers = [dices for dices in self.dices if dices]
        first = sum(dices[0] for dices in answers) / max(1, len(answers))
        last = sum(dices[-1] for dices in answers) / max(1, len(answers))
        return {
            "loss": self.loss,
            "dice_first": first,
            "dice_last": last,
            "rate": self.rate,
            "seconds": round(self.elapsed_s, 3),
            "waited": round(self.waited_s, 3),
        }
