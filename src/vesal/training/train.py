"""A recipe from nothing to a weights file: fetch the scans, train, export."""

from dataclasses import replace
from pathlib import Path

from vesal.checkpoints.load import save_model
from vesal.errors import ConfigError
from vesal.progress import Progress, silent
from vesal.training.corpus import build
from vesal.training.fit import Run
from vesal.training.recipe import Recipe
from vesal.training.recipes import RECIPES
from vesal.training.scans import SCANS
from vesal.training.validate import validation_windows

_VALIDATION_SEED = 1
_VALIDATION_EACH = 8  # windows of each scan that is kept out


def named_recipe(name: str, *, steps: int | None = None) -> Recipe:
    """The recipe of that name, with another number of steps if given.

    Raises:
        ConfigError: no such recipe, or fewer than one step.
    """
    if name not in RECIPES:
        msg = f"unknown recipe {name!r}; known: {', '.join(sorted(RECIPES))}"
        raise ConfigError(msg)
    if steps is not None and steps < 1:
        msg = f"a training needs at least one step, got {steps}"
        raise ConfigError(msg)
    recipe = RECIPES[name]
    return recipe if steps is None else replace(recipe, steps=steps)


def train(
    recipe: Recipe,
    folder: Path,
    corpus: Path,
    *,
    start: Path | None = None,
    progress: Progress = silent,
) -> Path:
    """Train in ``folder``, going on where it stands; returns the weights file.

    Scans are kept in ``corpus``. A run that is new begins with the weights of ``start``, if given.

    Raises:
        ResourceError: a scan cannot be fetched, or is not the expected one.
        CheckpointError: the folder's checkpoint or the weights to begin with do not fit.
    """
    build(corpus, progress=progress)
    volumes = corpus / "volumes"
    kept_out = [scan.name for scan in SCANS if scan.validation]
    learnt = [scan.name for scan in SCANS if not scan.validation]
    validation = validation_windows(
        volumes, kept_out, side=recipe.model.window, each=_VALIDATION_EACH, seed=_VALIDATION_SEED
    )
    run = Run(recipe, folder, start=start)
    model = run.fit(volumes, learnt, validation, progress=progress)
    path = folder / f"vesal-{recipe.name}.safetensors"
    save_model(model, path)
    return path
