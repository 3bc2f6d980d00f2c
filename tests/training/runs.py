"""Tiny runs in this process, for tests of training."""

import csv
from collections.abc import Iterator
from pathlib import Path

import torch

from vesal.models.build import build
from vesal.training.batch import Batch
from vesal.training.fit import Run
from vesal.training.recipe import Recipe
from vesal.training.sources.windows import Windows, WindowSource
from vesal.training.told import Told

STATES = ("plain", "average", "optimiser")


def source_of(corpus: Path, recipe: Recipe) -> WindowSource:
    """The batches of a tiny recipe."""
    assert isinstance(recipe.data, Windows)
    return WindowSource(corpus, ["body", "slice"], recipe.data, recipe.seed)


def run_of(recipe: Recipe, folder: Path) -> Run:
    """A run in this process."""
    torch.manual_seed(recipe.seed)
    lesson = recipe.lesson.lesson(build(recipe.model).train())
    return Run(lesson, recipe.settings, folder, seed=recipe.seed)


def flattened(value: object) -> Iterator[object]:
    """All leaves of nested records."""
    if isinstance(value, dict):
        for key in value:
            yield key
            yield from flattened(value[key])
    elif isinstance(value, list | tuple):
        for part in value:
            yield from flattened(part)
    else:
        yield value


def assert_same_state(one: Run, two: Run) -> None:
    """Step, weights, averages, and all that the optimiser remembers: equal to the bit."""
    assert (one.step, one.best, one.unchanged) == (two.step, two.best, two.unchanged)
    for name in STATES:
        first, second = (list(flattened(getattr(run, name).state_dict())) for run in (one, two))
        assert len(first) == len(second)
        for a, b in zip(first, second, strict=True):
            if isinstance(a, torch.Tensor):
                assert isinstance(b, torch.Tensor)
                assert torch.equal(a, b)
            else:
                assert a == b


def learn(run: Run, source: WindowSource, until: int) -> list[Told]:
    """What the steps up to that one tell, batches made here."""
    at_once = run.settings.accumulate
    numbers = range(run.step * at_once, until * at_once)
    batches = map(source.batch, numbers)
    return [run.learn(batches, run.steps(source)) for _ in range(run.step, until)]


def repeated(batches: list[Batch]) -> Iterator[Batch]:
    """The same batches again and again."""
    while True:
        yield from batches


class Killed(BaseException):
    """The process is ended from outside."""


def rows(path: Path) -> list[dict[str, str]]:
    """A log."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
