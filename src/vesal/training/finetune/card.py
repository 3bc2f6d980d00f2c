"""What is written at the end of a fine-tuning run: weights, and a card of where they are from."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from vesal.checkpoints.load import save_model
from vesal.checkpoints.locate import MODEL_FILE
from vesal.images.write import write_text
from vesal.models.build import Model

_CARD = "card.json"
_MOST_NAMED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """What came of a run: the card that lies beside the weights."""

    base: str
    base_sha256: str
    """Of its config and tensors (`vesal.checkpoints.identity`)."""
    method: str
    rate: float
    steps: int
    keep: float
    seed: int
    scans: int
    structures: tuple[str, ...]
    labelled: int
    """Structures learnt from, over all scans."""
    checked: int
    """Structures that the model was asked for."""
    checked_are_held_out: bool
    before: tuple[float, ...]
    """Mean Dice of them after 1 and 3 clicks, by the base."""
    after: tuple[float, ...]
    """The same by the result."""
    seconds: float
    """Spent on steps."""
    vesal: str

    @property
    def notes(self) -> tuple[str, ...]:
        """The same in sentences, for the header of the weights."""
        named = ", ".join(self.structures[:_MOST_NAMED])
        more = len(self.structures) - _MOST_NAMED
        where = "held out" if self.checked_are_held_out else "learnt from"
        return (
            f"fine-tuned by vesal {self.vesal} from {self.base} (SHA-256 {self.base_sha256[:16]})",
            f"{self.method}, {self.steps} steps, rate {self.rate:g}, seed {self.seed}, "
            f"{self.keep:g} of the old weights kept",
            f"{self.labelled} structures of {self.scans} images: "
            f"{named}{f' and {more} more' if more > 0 else ''}",
            f"Dice after 1 and 3 clicks on {self.checked} structures {where}: "
            f"{_numbers(self.before)} before, {_numbers(self.after)} after",
        )


def write(model: Model, folder: Path, card: Tuned) -> None:
    """Write the card, then the weights, which say that all is done.

    Raises:
        CheckpointError: a weight is NaN, infinite, or too large for half precision.
        ResourceError: the disk refuses.
    """
    write_text(folder / _CARD, json.dumps(asdict(card), indent=1) + "\n")
    save_model(model, folder / MODEL_FILE, card.notes)


def _numbers(values: tuple[float, ...]) -> str:
    return " and ".join(f"{value:.3f}" for value in values) or "nothing"
