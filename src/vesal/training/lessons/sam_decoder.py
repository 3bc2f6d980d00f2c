"""Tuning of the decoder alone, for any SAM: quick, and little to forget.

The loss and the interactive rounds are those of Segment Anything (Kirillov et al., 2023), appendix
A, as far as they are published; its training code is not.
"""

from dataclasses import dataclass
from functools import partial

from torch import nn

from vesal.errors import ConfigError
from vesal.inference.habits import HABITS, Habits
from vesal.models.sam_config import FAMILIES, SamConfig
from vesal.training.lesson import Lesson
from vesal.training.lessons.dialogue import Dialogue
from vesal.training.lessons.losses import sam
from vesal.training.lessons.prompted import PromptedLesson
from vesal.training.lessons.pupil import segmenter_of

_WITH_CORNERS = 4  # point embeddings, of which two are for boxes
_VOLUMES = Habits(fit="longest")  # SAM-Med3D's mask prompts and masks are as SAM's


@dataclass(frozen=True, slots=True, kw_only=True)
class SamDecoder:
    """The lesson that leaves the image encoder as it is, unless it is to learn `also`.

    The model is asked as its family is in use (`vesal.inference.habits`): what a mask prompt holds,
    and which mask is the answer; of several the one with the lowest loss learns, as in SAM.

    Raises:
        ConfigError: a number out of range.
    """

    point_share: float | None = None
    """Share of the batches that begin with a click on each target; the others with a box. If not
    given: half, or what the family is prompted with."""
    rounds: int = 1
    """Answers. After the first each follows a new click, with all that was said before."""
    prompt_encoder: bool = False
    """Whether the prompt encoder learns, too."""
    also: tuple[str, ...] = ()
    """Other parts that learn (`vesal.training.freeze`): "adapters", "encoder", "branch", ..."""
    joint: bool = False
    """Whether Dice and IoU are those of the batch as a whole, as in SAM-Med2D's code."""

    def __post_init__(self) -> None:
        if self.rounds < 1:
            msg = f"rounds must be at least 1, got {self.rounds}"
            raise ConfigError(msg)
        if self.point_share is not None and not 0 <= self.point_share <= 1:
            msg = f"point_share must be 0 to 1, got {self.point_share}"
            raise ConfigError(msg)

    def lesson(self, model: nn.Module) -> Lesson:
        """The lesson for a model.

        Raises:
            ConfigError: a model that is no SAM, or that cannot be prompted so.
        """
        pupil = segmenter_of(model, "SAM decoder", tuple(FAMILIES))
        config = pupil.config
        habits = HABITS.get(config.family, _VOLUMES)
        dialogue = Dialogue(
            loss=partial(sam, joint=self.joint),
            scored=True,
            answers=self.rounds,
            point_share=self._point_share(config),
            keeps=True,
            previous=habits.previous,
            empty_mask=config.family == "sam-med3d",
            reading=habits.reading,
            lowest_loss=True,
        )
        names = ("prompt encoder", "decoder") if self.prompt_encoder else ("decoder",)
        return PromptedLesson(pupil, dialogue, dict.fromkeys((*names, *self.also), 1.0))

    def _point_share(self, config: SamConfig) -> float:
        prompts = config.capabilities.prompts
        if self.point_share is None:
            return 0.5 if {"point", "box"} <= set(prompts) else float("point" in prompts)
        if self.point_share < 1 and config.point_embeddings < _WITH_CORNERS:
            msg = f"{config.family} takes no boxes: point_share must be 1, got {self.point_share}"
            raise ConfigError(msg)
        return self.point_share
