"""Batches made in a process of their own, each from the seed and its step alone: a resumed run sees the same."""

import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vesal.training.recipe import Recipe
from vesal.training.sample import Sampler
from vesal.training.synth import synthetic_volume
from vesal.training.volume import LabelledVolume

Batch = tuple[NDArray[np.float32], NDArray[np.bool_]]
"""Images ``(window, 2, *space)`` and targets ``(window, target, *space)``."""

_AHEAD = 6  # batches kept ready


def training_sampler(folder: Path, names: list[str], recipe: Recipe) -> Sampler:
    """The sampler over the named volumes of a corpus and the recipe's synthetic ones."""
    real = [LabelledVolume.load(folder / f"{name}.npz") for name in names]
    synthetic = _synthetic(folder, recipe)
    share = recipe.synthetic_share
    weights = [(1 - share) / len(real)] * len(real) + [share / len(synthetic)] * len(synthetic)
    return Sampler(real + synthetic, weights)


def batch_at(sampler: Sampler, recipe: Recipe, step: int) -> Batch:
    """The batch of that step: the same for the same recipe, volumes and step."""
    rng = np.random.default_rng([recipe.seed, step])
    flat = step % recipe.slice_every == recipe.slice_every - 1
    count = recipe.slice_windows if flat else recipe.volume_windows
    side = recipe.slice_side if flat else recipe.volume_side
    window = (side, side, 1 if flat else side)
    samples = [sampler.draw(window, recipe.targets, rng) for _ in range(count)]
    return np.stack([s.image for s in samples]), np.stack([s.targets for s in samples])


def batches(folder: Path, names: list[str], recipe: Recipe, start: int) -> Iterator[Batch]:
    """Batches from step ``start`` to the recipe's last, made ahead by another process."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue(maxsize=_AHEAD)
    worker = context.Process(
        target=_produce, args=(queue, folder, names, recipe, start), daemon=True
    )
    worker.start()
    try:
        for _ in range(start, recipe.steps):
            yield queue.get()
    finally:
        worker.terminate()
        worker.join()


def _produce(
    queue: "multiprocessing.Queue[Batch]", folder: Path, names: list[str], recipe: Recipe, start: int
) -> None:
    sampler = training_sampler(folder, names, recipe)
    for step in range(start, recipe.steps):
        queue.put(batch_at(sampler, recipe, step))


def _synthetic(folder: Path, recipe: Recipe) -> list[LabelledVolume]:
    volumes = []
    for number in range(recipe.synthetic_volumes):
        path = folder / f"synthetic-{recipe.synthetic_side}-{number}.npz"
        if not path.exists():
            rng = np.random.default_rng([recipe.seed, number, 1])
            synthetic_volume(path.stem, recipe.synthetic_side, rng).save(path)
        volumes.append(LabelledVolume.load(path))
    return volumes
