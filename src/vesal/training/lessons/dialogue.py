"""How the simulated user and the model talk while it learns: what the papers differ in, as data."""

from dataclasses import dataclass
from typing import Literal

from vesal.errors import ConfigError
from vesal.training.lessons.losses import Loss


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogue:
    """A first prompt, then corrections of what the model answers.

    Raises:
        ConfigError: a number out of range, or answers that cannot be had together.
    """

    loss: Loss
    scored: bool = False
    """Whether the loss is told the predicted IoUs, where the model has any."""
    summed: bool = False
    """Whether the losses of all answers are added; their mean is taken if not."""
    answers: int = 1
    """Of the model: to the first prompt, and to each correction."""
    apart: bool = False
    """Whether each answer is a turn of its own, with an optimiser step. Only the first one then
    teaches what encodes the image: the others go on from its embedding."""
    point_share: float = 0.0
    """Share of the batches that begin with a click on each target; the others with a box."""
    shifted_boxes: bool = True
    """Whether boxes are moved by a few voxels, as in SAM-Med2D and SAM-UNet."""
    clicks: tuple[int, ...] = (1,)
    """Clicks of a correction: a batch draws one of these numbers each time."""
    keeps: bool = False
    """Whether all that was said is said again with each correction; the new clicks alone if not."""
    quiet: tuple[int, int] | None = None
    """If given, no click is said before two of the answers, to refine the mask alone: the last
    one, and one drawn from the first of these numbers to below the second; answers count from 0."""
    previous: Literal["logits", "probabilities", "none"] = "logits"
    """What the model is told of its last answer."""
    empty_mask: bool = False
    """Whether it is told of an answer of zeros before there is one (SAM-Med3D)."""
    detached: bool = True
    """Whether the last answer is told as it is, not to be learnt through."""
    reading: Literal["first", "best", "best alone"] = "first"
    """Which mask is the answer, see `vesal.inference.habits.Habits`."""
    lowest_loss: bool = False
    """Whether the best mask is that of the lowest loss; that of the highest score if not."""
    click_logit: float = 0.0
    """What a logit must be above for the simulated user to see it as inside."""
    checkpointing: bool = False
    """Whether what lies between is computed again on the way back: less memory, more time."""

    def __post_init__(self) -> None:
        if self.answers < 1 or not self.clicks or min(self.clicks) < 1:
            msg = (
                "a lesson needs 1 answer or more, and corrections of 1 click or more, "
                f"got {self.answers} and {self.clicks}"
            )
            raise ConfigError(msg)
        if not 0 <= self.point_share <= 1:
            msg = f"point_share of a lesson must be 0 to 1, got {self.point_share}"
            raise ConfigError(msg)
        if self.quiet is not None and not 0 < self.quiet[0] < self.quiet[1] <= self.answers:
            msg = f"mask-only answers {self.quiet} do not fit into {self.answers} answers"
            raise ConfigError(msg)
        if self.quiet is not None and self.previous == "none":
            raise ConfigError("mask-only answers need the previous mask, got previous 'none'")
        if self.apart and (self.keeps or not self.detached):
            raise ConfigError("answers in turns of their own keep no clicks and no gradient")

    @property
    def idle(self) -> tuple[str, ...]:
        """Parts of a model (see `vesal.training.freeze`) that nothing in it teaches."""
        corrected = self.answers > 1
        best = self.reading == "best" or (self.reading == "best alone" and self.point_share > 0)
        first = self.reading != "best"
        if self.reading == "best alone" and not corrected and self.point_share == 1:
            first = False
        said = {
            "corners": self.point_share < 1,
            "clicks": self.point_share > 0 or corrected,
            # a box takes the place of the padding that follows clicks
            "padding": self.point_share > 0 or (corrected and not self.keeps),
            "no mask": not self.empty_mask,
            "mask prompts": self.empty_mask or (corrected and self.previous != "none"),
            "scores": self.scored,
            "first mask": first,
            "other masks": best,
        }
        return tuple(part for part, taught in said.items() if not taught)
