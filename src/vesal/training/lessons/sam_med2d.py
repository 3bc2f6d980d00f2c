"""SAM-Med2D's training: one prompt, then corrections that the decoder learns from.

Cheng et al. (2023) and its `train.py`. In the latter the embeddings of clicks and of padding never
learn (they are replaced at each call), and the prompt encoder learns in the first step alone, so
that its mask layers never do; here all of it learns wherever it is used.
"""

from dataclasses import dataclass
from functools import partial

from torch import nn

from vesal.errors import ConfigError
from vesal.training.lesson import Lesson
from vesal.training.lessons.dialogue import Dialogue
from vesal.training.lessons.losses import sam
from vesal.training.lessons.prompted import PromptedLesson
from vesal.training.lessons.pupil import segmenter_of

_FEWEST = 3  # corrections: one with clicks, one without, and the last without


@dataclass(frozen=True, slots=True, kw_only=True)
class SamMed2D:
    """The lesson of SAM-Med2D, and of FT-SAM for a model without adapters.

    Adapters, prompt encoder and decoder learn. Each batch has a turn for its first prompt and one
    for each correction. The latter go on from the first one's embedding, with the last mask as
    probabilities and new clicks, whatever was said before; two of them with the mask alone, the
    last and one of the others but the first.

    Raises:
        ConfigError: a number out of range.
    """

    corrections: int = 8
    """`iter_point`; 0 for the first prompt alone."""
    clicks: tuple[int, ...] = (1, 3, 5, 9)
    """Of which each correction draws one number of clicks."""
    point_share: float = 0.5
    """Share of the batches that begin with a click on each target; the others with a box."""
    joint: bool = False
    """Whether Dice and IoU are those of the batch as a whole, as published; the scores then also
    pull at the masks."""
    lowest_loss: bool = False
    """Whether the mask with the lowest loss is taught, as in SAM; that with the highest score if
    not, as published."""
    checkpointing: bool = False
    """Whether what lies between is computed again on the way back: less memory, more time."""

    def __post_init__(self) -> None:
        if self.corrections and self.corrections < _FEWEST:
            msg = f"corrections must be 0, or at least {_FEWEST}, got {self.corrections}"
            raise ConfigError(msg)
        _ = self._dialogue  # checks the rest

    def lesson(self, model: nn.Module) -> Lesson:
        """The lesson for a model.

        Raises:
            ConfigError: a model of another family.
        """
        pupil = segmenter_of(model, "SAM-Med2D", ("sam-med2d", "ft-sam"))
        learning = dict.fromkeys(("prompt encoder", "decoder"), 1.0)
        if pupil.config.adapters:
            learning["adapters"] = 1.0
        return PromptedLesson(pupil, self._dialogue, learning)

    @property
    def _dialogue(self) -> Dialogue:
        return Dialogue(
            loss=partial(sam, joint=self.joint),
            scored=True,
            answers=1 + self.corrections,
            apart=True,
            point_share=self.point_share,
            clicks=self.clicks,
            quiet=(2, self.corrections) if self.corrections else None,
            previous="probabilities",
            reading="best",
            lowest_loss=self.lowest_loss,
            checkpointing=self.checkpointing,
        )
