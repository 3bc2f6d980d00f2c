"""Which lesson, which batches and how much memory a kind of model needs to be fine-tuned.

The one place that knows how kinds of models differ here.
"""

from pathlib import Path

from vesal.models.build import Model
from vesal.models.promptable_unet import PromptableUNet
from vesal.models.sam_config import SamConfig
from vesal.progress import Progress, silent
from vesal.training.batch import Source
from vesal.training.finetune.data import TuningData
from vesal.training.finetune.memory import Need, kept_by, needed
from vesal.training.finetune.methods import freeze, sam_lesson
from vesal.training.finetune.windows import SMALLEST_TARGET, TARGETS, WINDOWS, ScanWindows
from vesal.training.lesson import Lesson
from vesal.training.lessons.mini import ClickLesson, Clicks
from vesal.training.sources.cubes import Cubes
from vesal.training.sources.pictures import Pictures
from vesal.training.store import prepare

_CLICKS = Clicks(rounds=(1, 1, 2, 3), hint_share=0.3)  # the first click matters most
_SAM_ROUNDS = 3
_CUBES, _PICTURES, _MASKS = 1, 2, 5  # of a batch, for a CPU: an encoding is nearly all of the time


def lesson_for(model: Model, method: str, seed: int) -> Lesson:
    """How a model is taught by a method; what it does not need is frozen from here on.

    Args:
        model: changed.
        method: from `vesal.training.finetune.methods.chosen`.
        seed: of what begins at random.
    """
    if not isinstance(model, PromptableUNet):
        return sam_lesson(model, method, rounds=_SAM_ROUNDS, seed=seed)
    freeze(model, method, seed=seed)
    return ClickLesson(model, _CLICKS)


def source_for(
    model: Model, what: TuningData, seed: int, cache: Path, progress: Progress = silent
) -> Source:
    """Where the model's batches come from.

    Args:
        model: that learns.
        what: to learn.
        seed: of all draws.
        cache: folder for prepared cases of models of the SAM family.
        progress: told of each case that is prepared.

    Raises:
        VesalError: nothing to learn from, or no room.
    """
    config = model.config
    if not isinstance(config, SamConfig):
        return ScanWindows(pairs=what.pairs, config=config, seed=seed, only=what.only)
    kind: Cubes | Pictures
    if config.ndim == 3:
        kind = Cubes(
            side=config.image_size, batch=_CUBES, least_voxels=SMALLEST_TARGET, shift=8, seed=seed
        )
    else:
        kind = Pictures(
            family=config.family,
            size=config.image_size,
            batch=_PICTURES,
            masks=_MASKS,
            seed=seed,
        )
    return kind.source(
        prepare(what.pairs, cache, kind.preparation(what.only), progress=progress).cases
    )


def needs(model: Model) -> Need:
    """Memory of a step of `lesson_for`, which froze the model, on a batch of `source_for`."""
    if isinstance(model, PromptableUNet):
        kept = kept_by(model, windows=WINDOWS, targets=TARGETS, clicks=max(_CLICKS.rounds))
    elif model.config.ndim == 3:
        kept = kept_by(model, windows=_CUBES, targets=1, clicks=_SAM_ROUNDS)
    else:
        kept = kept_by(model, windows=_PICTURES, targets=_MASKS, clicks=_SAM_ROUNDS)
    return needed(model, kept)
