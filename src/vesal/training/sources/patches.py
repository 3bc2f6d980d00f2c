"""A user's pairs as patches with numbers of classes, and what checks an automatic model on them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import nn

from vesal.datasets import find_pairs
from vesal.errors import ConfigError
from vesal.geometry import Grid
from vesal.images import Image, Mask
from vesal.images.normalisation import Normalisation
from vesal.images.picture import Row, save_sheet
from vesal.models.promptable import Promptable
from vesal.progress import Progress
from vesal.training.batch import Batch, Source
from vesal.training.case import Case
from vesal.training.division import divided
from vesal.training.lessons.classes import class_dices
from vesal.training.sources.classes import Classes
from vesal.training.store import Preparation, prepare
from vesal.training.validation import Validated

_SHOWN = 4  # patches in a picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Patches:
    """How patches are cut out of DATA, some patients of which are kept for validation.

    Raises:
        ConfigError: a number out of range.
    """

    classes: tuple[str, ...] = ()
    """Names of the structures, in the order of their numbers; all that DATA has, in the order of
    its labels, if there are none.
    A later one lies above those before it where they overlap."""
    window: tuple[int, ...] = (64, 64, 64)
    """Voxels along each axis of a patch, right, front and head."""
    spacing_mm: float = 1.5
    """Of cubic voxels; pictures (a window of two axes) are taken as they are."""
    batch: int = 2
    foreground: float = 0.5
    """Least share of the patches that are around a voxel of a class."""
    augmentation: str = "off"
    """"off", "flip" (not for classes told apart by left and right) or "strong"."""
    balance: float = 0.5
    resample_labels: bool = False
    """Take labels on another grid than their image's, by the nearest voxel."""
    validation_share: float = 0.1
    """Of the patients, where the data set does not say it; 0 for none."""
    validation_patches: int = 12
    workers: int = 1
    """Processes that prepare cases."""

    def __post_init__(self) -> None:
        if not 0 < self.spacing_mm < 1000:
            # On their own grids volumes have the axes of their files; at use they are upright.
            msg = f"spacing_mm must be above 0 and below 1000, got {self.spacing_mm}"
            raise ConfigError(msg)
        if self.validation_patches < 1 or self.workers < 0:
            msg = (
                "validation_patches must be at least 1 and workers at least 0, "
                f"got {self.validation_patches} and {self.workers}"
            )
            raise ConfigError(msg)

    @property
    def spacings_mm(self) -> tuple[float, ...]:
        """Of the voxels of a window, along each axis; 0 where they are the picture's own."""
        return (self.spacing_mm if len(self.window) == 3 else 0.0,) * len(self.window)

    def taken_from(self, data: Path, cache: Path, seed: int, progress: Progress) -> "Taken":
        """The cases of ``data``, prepared in ``cache``, and what can be learnt from them.

        Raises:
            ConfigError: no pairs, or a class that none of them has.
            ResourceError: no room on the disk, or a process died.
        """
        found = find_pairs(data)
        learnt, checked = divided(found.pairs, self.validation_share, seed)
        preparation = Preparation(
            spacing_mm=self.spacings_mm[0], only=self.classes, resample_labels=self.resample_labels
        )
        prepared = prepare(
            [*learnt, *checked], cache, preparation, workers=self.workers, progress=progress
        )
        names = {pair.name for pair in checked}
        mine = [case for case in prepared.cases if case.name not in names]
        others = [case for case in prepared.cases if case.name in names]
        shown = Classes(
            names=self.classes or _all_names(mine),
            window=self.window,
            spacing_mm=self.spacings_mm[0],
            batch=self.batch,
            foreground=self.foreground,
            augmentation=self.augmentation,
            balance=self.balance,
            seed=seed,
        )
        normalisation = shown.normalisation(mine, progress=progress)
        source = shown.source(mine, normalisation)
        notes = [*found.notes, *prepared.notes]
        if not others:
            notes.append("nothing is kept for validation: the last weights are the result")
        return Taken(
            names=shown.names,
            normalisation=normalisation,
            source=source,
            validation=_validation(shown, others, normalisation, self.validation_patches),
            notes=tuple(notes),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What was found in a data set.

    Attributes:
        names: of the classes, in the order of their numbers.
        normalisation: of all images, from those that are learnt from.
        source: of batches.
        validation: None where no patient was kept for it.
        notes: what was left out and why, a sentence each.
    """

    names: tuple[str, ...]
    normalisation: Normalisation
    source: Source
    validation: "ClassValidation | None"
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassValidation:
    """Dice of each class on patches that stay the same over a run. A `Validation`."""

    names: tuple[str, ...]
    batches: tuple[Batch, ...]
    spacing_mm: float
    """Of the patches, for the bar in pictures."""

    @torch.inference_mode()
    def scores(self, model: nn.Module | Promptable, picture: Path | None) -> Validated:
        """Dice by class, all patches together; some of them are drawn."""
        network = cast("nn.Module", model)
        device = next(network.parameters()).device
        logits = [
            network(torch.from_numpy(batch.images).to(device)).float().cpu()
            for batch in self.batches
        ]
        targets = torch.cat([torch.from_numpy(batch.targets) for batch in self.batches])
        dices = class_dices(torch.cat(logits), targets.long())
        if picture is not None:
            answers = torch.cat(logits).argmax(1).numpy()
            save_sheet(
                picture, self._rows(answers), title="Validation: orange is drawn, turquoise found"
            )
        scores = dict(zip(self.names, dices, strict=True))
        return Validated(scores={name: dice for name, dice in scores.items() if dice == dice})

    def _rows(self, answers: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> list[Row]:
        images = np.concatenate([batch.images for batch in self.batches])[:, 0]
        targets = np.concatenate([batch.targets for batch in self.batches])[:, 0]
        rows = []
        for image, target, answer in list(zip(images, targets, answers, strict=True))[:_SHOWN]:
            # Volumes are upright: index axes are right, front and head. A raster's x are columns.
            step = self.spacing_mm or 1.0
            affine = np.diag([step] * 3 + [1.0]) if image.ndim == 3 else np.eye(3)[[1, 0, 2]]
            grid = Grid(shape=image.shape, affine=affine)
            present = [self.names[n - 1] for n in np.unique(target) if n]
            rows.append(
                Row(
                    image=Image(array=np.ascontiguousarray(image), grid=grid),
                    mask=Mask(array=answer > 0, grid=grid),
                    known=Mask(array=target > 0, grid=grid),
                    title=", ".join(present) or "nothing",
                )
            )
        return rows


def _all_names(cases: Sequence[Case]) -> tuple[str, ...]:
    """The names of all structures, each once, in the order in which cases list them."""
    names: dict[str, str] = {}
    for case in cases:
        for held in case.structures:
            names.setdefault(held.name.casefold(), held.name)
    return tuple(names.values())


def _validation(
    shown: Classes, cases: Sequence[Case], normalisation: Normalisation, patches: int
) -> ClassValidation | None:
    """Undistorted patches around classes; None where the cases have none of them."""
    held = {h.name.casefold() for case in cases for h in case.structures}
    there = tuple(name for name in shown.names if name.casefold() in held)
    if not there:
        return None
    # A source refuses classes that no case has; here a patient may lack some.
    plain = replace(shown, names=there, batch=1, foreground=1.0, augmentation="off")
    source = plain.source(cases, normalisation)
    numbers = np.array([0, *(shown.names.index(name) + 1 for name in there)], np.uint8)
    batches = [source.batch(number) for number in range(patches)]
    return ClassValidation(
        names=shown.names,
        spacing_mm=shown.spacing_mm,
        batches=tuple(Batch(images=b.images, targets=numbers[b.targets]) for b in batches),
    )
