"""SAM-UNet's training: a ResNet beside a frozen ViT, prompted by boxes.

Yang et al. (2024) and its code. Jitter is in pixels of the model's square here, and in those of the
file there.
"""

from dataclasses import dataclass
from functools import partial

from torch import nn

from vesal.errors import ConfigError
from vesal.training.lesson import Lesson
from vesal.training.lessons.dialogue import Dialogue
from vesal.training.lessons.losses import sam_unet
from vesal.training.lessons.prompted import PromptedLesson
from vesal.training.lessons.pupil import segmenter_of

_LEARNING = ("branch", "bridges", "prompt encoder", "decoder")


@dataclass(frozen=True, slots=True, kw_only=True)
class SamUNet:
    """The lesson of SAM-UNet: all but the ViT learns, through which gradients pass.

    As published there are boxes alone, and what clicks and masks need stays as it is: SAM's.

    Raises:
        ConfigError: a number out of range.
    """

    joint: bool = False
    """Whether Dice is that of the batch as a whole, as published."""
    point_share: float = 0.0
    """Share of the batches that begin with a click on each target; the others with a box."""
    mask_rounds: int = 0
    """Answers after the first, each to the last mask, all that was said, and a new click."""
    frozen_statistics: bool = False
    """Whether batch norms keep their means and variances: for small batches."""
    checkpointing: bool = False
    """Whether what lies between is computed again on the way back: less memory, more time."""

    def __post_init__(self) -> None:
        if self.mask_rounds < 0:
            msg = f"mask_rounds must be at least 0, got {self.mask_rounds}"
            raise ConfigError(msg)
        if self.checkpointing and not self.frozen_statistics:
            # computed again, a batch would count twice in the batch norms' statistics
            raise ConfigError("checkpointing of SAM-UNet needs frozen_statistics")
        _ = self._dialogue  # checks the rest

    def lesson(self, model: nn.Module) -> Lesson:
        """The lesson for a model.

        Raises:
            ConfigError: a model of another family.
        """
        return PromptedLesson(
            segmenter_of(model, "SAM-UNet", ("sam-unet",)),
            self._dialogue,
            dict.fromkeys(_LEARNING, 1.0),
            frozen_statistics=self.frozen_statistics,
        )

    @property
    def _dialogue(self) -> Dialogue:
        return Dialogue(
            loss=partial(sam_unet, joint=self.joint),
            answers=1 + self.mask_rounds,
            point_share=self.point_share,
            keeps=True,
            checkpointing=self.checkpointing,
        )
