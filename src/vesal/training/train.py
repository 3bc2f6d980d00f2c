"""A recipe from nothing to a weights file."""

import json
import logging
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from lightning_fabric import Fabric

from vesal.errors import CheckpointError, ConfigError
from vesal.images.write import write_text
from vesal.lock import alone
from vesal.overrides import overridden, record_of
from vesal.progress import Progress, silent
from vesal.training.automatic_recipe import AutomaticRecipe
from vesal.training.begin import RANDOM
from vesal.training.fit import CHECKPOINT, Run
from vesal.training.recipe import Recipe
from vesal.training.recipes import RECIPES

logger = logging.getLogger(__name__)

AnyRecipe = Recipe | AutomaticRecipe

_RECORD = "recipe.json"
_FREE = ("steps", "epochs", "validate_every", "patience", "save_every_s")


def named_recipe(name: str, words: Sequence[str] = ()) -> AnyRecipe:
    """The recipe of that name, with other settings where words say so.

    Args:
        name: of the recipe.
        words: such as ``settings.rate=1e-4``, in any order.

    Raises:
        ConfigError: no such recipe or setting, or one that makes no sense.
    """
    if name not in RECIPES:
        msg = f"unknown recipe {name!r}; known: {', '.join(sorted(RECIPES))}"
        raise ConfigError(msg)
    return overridden(RECIPES[name], words)


def of_length(
    recipe: AnyRecipe, *, steps: int | None = None, epochs: float | None = None
) -> AnyRecipe:
    """The recipe with another length.

    Raises:
        ConfigError: both are given, or less than one step.
    """
    if steps is None and epochs is None:
        return recipe
    if steps is not None and steps < 1:
        msg = f"a training needs at least one step, got {steps}"
        raise ConfigError(msg)
    return replace(
        recipe, settings=replace(recipe.settings, steps=steps or 0, epochs=epochs or 0.0)
    )


def train(
    recipe: AnyRecipe,
    folder: Path,
    *,
    data: Path | None = None,
    cache: Path,
    start: str | Path | None = None,
    fabric: Fabric | None = None,
    workers: int = 1,
    progress: Progress = silent,
) -> Path:
    """Train in ``folder``, going on where it stands; returns the weights file.

    Args:
        recipe: what decides the run.
        folder: of the run.
        data: what is learnt from; what the recipe itself names if not given.
        cache: where what is fetched and made ready is kept.
        start: weights that a new run begins with, by name or file; "none" for random ones; the
            recipe's usual ones if not given.
        fabric: devices and processes, launched; this CPU if not given.
        workers: processes that make batches, for each process that learns.
        progress: is told each step.

    Raises:
        ConfigError: the data hold nothing to learn, the loss is no number any more, or another run
            is at work in the folder.
        CheckpointError: the folder's state or the weights to begin with do not fit the recipe.
        ResourceError: a scan cannot be fetched, the disk refuses, or a process died.
    """
    chief = fabric is None or fabric.is_global_zero
    with alone(folder) if chief else nullcontext():
        return _trained(recipe, folder, data, cache, start, fabric, workers, progress)


def _trained(  # what `train` was given
    recipe: AnyRecipe,
    folder: Path,
    data: Path | None,
    cache: Path,
    start: str | Path | None,
    fabric: Fabric | None,
    workers: int,
    progress: Progress,
) -> Path:
    """What `train` says, in a folder that nobody else trains in."""
    first = RANDOM if (folder / CHECKPOINT).exists() else start
    chief = fabric is None or fabric.is_global_zero
    if chief:
        record = record_of(recipe) | {
            "learnt_from": "" if data is None else str(data.resolve()),
            "begun_with": "" if start is None else str(start),
        }
        _check(record, folder, start is None)
        ready = recipe.ready(data, cache, first, progress)
        network = {"network": record_of(ready.lesson.model.config)}
        _check(record | network, folder, start is None)
        _remember(record | network, folder)
    if fabric is not None:
        fabric.barrier()  # the others find the cache filled
    if not chief:
        ready = recipe.ready(data, cache, first, silent)
    for note in ready.material.notes if chief else ():
        logger.warning("%s", note)
    run = Run(ready.lesson, recipe.settings, folder, seed=recipe.seed, fabric=fabric)
    material = ready.material
    return run.fit(material.source, material.validation, workers=workers, progress=progress)


def _check(record: dict[str, Any], folder: Path, usual: bool) -> None:
    """Refuse to go on with a run of another recipe, other data, classes or first weights.

    Args:
        record: what is to be trained.
        folder: of the run.
        usual: nothing was said of the first weights.
    """
    path = folder / _RECORD
    if not path.exists() or not (folder / CHECKPOINT).exists():
        return
    free = {"begun_with"} if usual else set()
    try:
        known = dict(json.loads(path.read_text()))
        shared = [key for key in known if key in record and key not in free]
        other = [key for key in shared if not _alike(known[key], record[key], key)]
    except (ValueError, TypeError):
        other = [_RECORD]
    if other:
        msg = (
            f"{folder} holds a run of another kind (it differs in {', '.join(other)}); "
            "train in another folder, or delete it to start anew"
        )
        raise CheckpointError(msg)


def _remember(record: dict[str, Any], folder: Path) -> None:
    """Write what is trained into the run's folder."""
    path = folder / _RECORD
    if path.exists() and not record["begun_with"]:
        with suppress(ValueError, AttributeError):
            record["begun_with"] = json.loads(path.read_text()).get("begun_with", "")
    write_text(path, json.dumps(record, indent=2) + "\n")


def _alike(known: object, new: object, name: str) -> bool:
    """Whether nothing has changed that must not when a run goes on.

    What the folder's record does not have yet is a setting of a newer vesal, at its default.
    """
    if name in _FREE:
        return True
    if isinstance(known, dict) and isinstance(new, dict):
        return all(_alike(known[key], new.get(key), key) for key in known)
    return known == new
