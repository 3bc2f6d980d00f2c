"""A user's pairs of images and labels as what a recipe learns from, and what checks it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vesal.arrays import TrainingMasks
from vesal.datasets import find_pairs
from vesal.errors import ConfigError
from vesal.models.build import Model
from vesal.progress import Progress
from vesal.training.batch import Source
from vesal.training.case import Case
from vesal.training.division import divided
from vesal.training.recipe import Material
from vesal.training.sample import Sample
from vesal.training.sources.cubes import Cubes
from vesal.training.sources.pictures import Pictures
from vesal.training.store import prepare
from vesal.training.validate import ClickValidation


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Batches out of DATA, some patients of which are kept for validation.

    Where a data set says which cases are for validation, those are taken, and its tests are left
    alone.

    Raises:
        ConfigError: a number out of range.
    """

    shown: Cubes | Pictures
    """How they are shown to the model."""
    only: tuple[str, ...] = ()
    """Names of the structures that are wanted, with * and ?; all if there are none."""
    resample_labels: bool = False
    """Take labels on another grid than their image's, by the nearest voxel."""
    validation_share: float = 0.1
    """Of the patients, where the data set does not say it; 0 for none."""
    validation_windows: int = 8
    """Of each data set."""
    workers: int = 1
    """Processes that prepare cases."""

    def __post_init__(self) -> None:
        if self.validation_windows < 1 or self.workers < 0:
            msg = (
                "validation_windows must be at least 1 and workers at least 0, "
                f"got {self.validation_windows} and {self.workers}"
            )
            raise ConfigError(msg)

    def material(
        self, data: Path | None, cache: Path, model: Model, seed: int, progress: Progress
    ) -> Material:
        """The pairs of ``data``, prepared in ``cache``.

        Raises:
            ConfigError: no data, no pairs, or nothing in them that can be learnt from.
            ResourceError: no room on the disk, or a process died.
        """
        self._check(model)
        if data is None:
            raise ConfigError("this recipe learns from your data: give a folder, JSON or CSV")
        found = find_pairs(data)
        preparation = replace(
            self.shown.preparation(self.only), resample_labels=self.resample_labels
        )
        learnt, checked = divided(found.pairs, self.validation_share, seed)
        prepared = prepare(
            [*learnt, *checked], cache, preparation, workers=self.workers, progress=progress
        )
        names = {pair.name for pair in checked}
        shown = replace(self.shown, seed=seed)
        mine = [case for case in prepared.cases if case.name not in names]
        others = [case for case in prepared.cases if case.name in names]
        notes = [*found.notes, *prepared.notes]
        if not others:
            notes.append("nothing is kept for validation: the last weights are the result")
        return Material(
            source=shown.source(mine), validation=self._validation(shown, others), notes=notes
        )

    def _check(self, model: Model) -> None:
        """Refuse windows of another size than the model's."""
        name = "side" if isinstance(self.shown, Cubes) else "size"
        mine, wanted = getattr(self.shown, name), getattr(model.config, "image_size", None)
        if mine != wanted:
            msg = (
                f"the model takes windows of {wanted} voxels an axis, data.shown.{name} is {mine}; "
                f"set both model.image_size and data.shown.{name}"
            )
            raise ConfigError(msg)

    def _validation(self, shown: Cubes | Pictures, cases: Sequence[Case]) -> ClickValidation | None:
        """Windows of each data set, as they are cut for training but undistorted."""
        plain = replace(shown, augmentation="off", batch=1)
        samples: dict[str, list[Sample]] = {}
        for dataset in sorted({case.dataset for case in cases}):
            source = _source(plain, [case for case in cases if case.dataset == dataset])
            if source is not None:
                batches = [source.batch(number) for number in range(self.validation_windows)]
                samples[dataset or "validation"] = [
                    Sample(image=batch.images[0], targets=_few(batch.targets[0]))
                    for batch in batches
                ]
        return ClickValidation(samples=samples) if samples else None


def _source(shown: Cubes | Pictures, cases: Sequence[Case]) -> Source | None:
    """The source, or None where none of the cases has a structure that is large enough."""
    try:
        return shown.source(cases)
    except ConfigError:
        return None


def _few(targets: TrainingMasks) -> NDArray[np.bool_]:
    """The different ones of some targets, two at most."""
    different = [targets[0]]
    for target in targets[1:]:
        if len(different) < 2 and not any(np.array_equal(target, known) for known in different):
            different.append(target)
    return np.stack(different) > 0
