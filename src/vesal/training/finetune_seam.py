"""Which lesson, which windows and how much memory a model needs to be fine-tuned.

The one place that knows how kinds of models differ here.
"""

from vesal.errors import ConfigError
from vesal.models.build import Model
from vesal.models.promptable_unet import PromptableUNet
from vesal.training.batch import Source
from vesal.training.finetune_data import Material
from vesal.training.finetune_lesson import MOST_CLICKS, ClickLesson
from vesal.training.finetune_windows import TARGETS, WINDOWS, Windows
from vesal.training.lesson import Lesson
from vesal.training.memory import Need, kept_by, needed


def lesson_for(model: Model) -> Lesson:
    """How a model is taught, which was frozen or wrapped before.

    Raises:
        ConfigError: nobody knows how to tune this kind.
    """
    return ClickLesson(_own(model))


def source_for(model: Model, what: Material, seed: int) -> Source:
    """Where the model's batches come from.

    Raises:
        ConfigError: nobody knows how to tune this kind.
    """
    return Windows(pairs=what.pairs, config=_own(model).config, seed=seed, only=what.only)


def needs(model: Model) -> Need:
    """Memory of a step of `lesson_for` on a batch of `source_for`.

    Raises:
        ConfigError: nobody knows how to tune this kind.
    """
    kept = kept_by(_own(model), windows=WINDOWS, targets=TARGETS, clicks=MOST_CLICKS)
    return needed(model, kept)


def _own(model: Model) -> PromptableUNet:
    if isinstance(model, PromptableUNet):
        return model
    msg = (
        f"vesal does not fine-tune models of the family {model.config.family} yet; "
        "take vesal-mini or weights of its kind"
    )
    raise ConfigError(msg)
