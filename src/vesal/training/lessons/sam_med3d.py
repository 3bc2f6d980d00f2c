"""SAM-Med3D's training: eleven interactions, learnt from all at once.

Wang et al. (2023), section 3 and supplement, and its `train.py`. Left out of the latter: its crash
where a mask is already right (the click becomes padding), the tail of an epoch that it throws
away, and the calls past DistributedDataParallel.
"""

from dataclasses import dataclass
from functools import partial

from torch import nn

from vesal.errors import ConfigError
from vesal.training.lesson import Lesson
from vesal.training.lessons.dialogue import Dialogue
from vesal.training.lessons.losses import sam_med3d
from vesal.training.lessons.prompted import PromptedLesson
from vesal.training.lessons.pupil import segmenter_of

_FEWEST = 4  # interactions: a click, another one, one without, and the last without


@dataclass(frozen=True, slots=True, kw_only=True)
class SamMed3D:
    """The lesson of SAM-Med3D, all parts learning.

    Each interaction is a click anywhere in the error, and the last logits; before the first these
    are zeros, as its weights never saw "no mask". Two interactions have no click, to refine the
    mask alone: the last, and one of the third to the ninth.

    Raises:
        ConfigError: a number out of range.
    """

    interactions: int = 11
    """As the code has them; it also draws a number from 1 to 20, and ignores it."""
    all_clicks: bool = False
    """Whether the model is told all clicks so far, not the newest alone: `--multi_click`."""
    dice_only: bool = False
    """Whether cross-entropy is left out: what the first weights were probably trained with, as
    MONAI up to 1.2 has a cross-entropy of one channel that is always 0."""
    rest_rate: float = 0.1
    """Of the prompt encoder and the decoder, times that of the image encoder: `train.py`."""
    click_logit: float = 0.0
    """What a logit must be above to count as inside where clicks are placed. 0.5 in `train.py`,
    as if logits were probabilities."""
    checkpointing: bool = False
    """Whether the encoder and each interaction are computed again on the way back: memory for one
    interaction in place of all, and a third more time."""

    def __post_init__(self) -> None:
        if self.interactions < _FEWEST:
            msg = f"interactions must be at least {_FEWEST}, got {self.interactions}"
            raise ConfigError(msg)
        if not self.rest_rate > 0:
            msg = f"rest_rate must be above 0, got {self.rest_rate}"
            raise ConfigError(msg)

    def lesson(self, model: nn.Module) -> Lesson:
        """The lesson for a model.

        Raises:
            ConfigError: a model of another family.
        """
        dialogue = Dialogue(
            loss=partial(sam_med3d, dice_only=self.dice_only),
            summed=True,
            answers=self.interactions,
            point_share=1.0,
            keeps=self.all_clicks,
            quiet=(2, max(3, self.interactions - 2)),
            empty_mask=True,
            detached=False,
            click_logit=self.click_logit,
            checkpointing=self.checkpointing,
        )
        pupil = segmenter_of(model, "SAM-Med3D", ("sam-med3d",))
        rest = dict.fromkeys(("prompt encoder", "decoder"), self.rest_rate)
        return PromptedLesson(pupil, dialogue, {"encoder": 1.0, **rest})
