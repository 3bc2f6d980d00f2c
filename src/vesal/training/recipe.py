"""A training run as data."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from vesal.models.build import Model
from vesal.models.config import ModelConfig
from vesal.progress import Progress
from vesal.training.batch import Source
from vesal.training.begin import begun
from vesal.training.lesson import Lesson
from vesal.training.settings import Settings
from vesal.training.validation import Validation


@runtime_checkable
class LessonSettings(Protocol):
    """A lesson as data: a frozen dataclass."""

    def lesson(self, model: Model) -> Lesson:
        """The lesson for that model, with what it freezes frozen.

        Raises:
            ConfigError: the model is not one that can be taught so.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a run learns from.

    Attributes:
        source: of batches.
        validation: on patients that are not learnt from; None where there are none.
        notes: what was left out and why, a sentence each.
    """

    source: Source
    validation: Validation | None
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A lesson that can begin.

    Attributes:
        lesson: with a model that has its first weights.
        material: what it is taught with.
    """

    lesson: Lesson
    material: Material


@runtime_checkable
class DataSettings(Protocol):
    """Where the batches of a recipe come from, as data: a frozen dataclass."""

    def material(
        self, data: Path | None, cache: Path, model: Model, seed: int, progress: Progress
    ) -> Material:
        """What is to be learnt from, made ready for being drawn from.

        Args:
            data: folder or file that `find_pairs` reads; None for what the recipe itself names.
            cache: folder for what is made of it, once.
            model: that is to learn it.
            seed: of the division into training and validation, and of all that is drawn.
            progress: is told of each case.

        Raises:
            VesalError: there is nothing to learn from, or it cannot be read.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides a run, beside the data and the weights it begins with.

    Attributes:
        name: by which it is asked for.
        about: what it makes, in a few words.
        model: what is trained.
        lesson: how it is taught.
        data: where its batches come from.
        settings: length, optimiser, bookkeeping.
        seed: of the first weights and of all that is drawn.
        start: weights that it begins with where none are said; "" for random ones.
    """

    name: str
    about: str
    model: ModelConfig
    lesson: LessonSettings
    data: DataSettings
    settings: Settings
    seed: int = 0
    start: str = ""

    def ready(
        self, data: Path | None, cache: Path, start: str | Path | None, progress: Progress
    ) -> Ready:
        """The lesson with its first weights, and what it is taught with.

        Args:
            data: folder or file that `find_pairs` reads; None for what the recipe itself names.
            cache: folder for what is made of it.
            start: weights that it begins with, by name or file; "none" for random ones, None for
                the usual ones.
            progress: is told of each case.

        Raises:
            VesalError: there is nothing to learn from, or the weights are of another network.
        """
        model, notes = begun(self.model, self.seed, self.start if start is None else start)
        lesson = self.lesson.lesson(model)
        material = self.data.material(data, cache, model, self.seed, progress)
        return Ready(lesson=lesson, material=replace(material, notes=(*notes, *material.notes)))
