"""Batches made in a process of their own.

Each follows from the recipe's seed and its step alone, so that a resumed run sees the same ones.
"""

import multiprocessing
from collections.abc import Generator
from multiprocessing.context import SpawnProcess
from pathlib import Path
from queue import Empty

import numpy as np
from numpy.typing import NDArray

from vesal.errors import ResourceError
from vesal.training.recipe import Recipe
from vesal.training.sample import Sampler
from vesal.training.synth import synthetic_volume
from vesal.training.volume import LabelledVolume

Batch = tuple[NDArray[np.float32], NDArray[np.bool_]]
"""Images ``(window, 2, *space)`` and targets ``(window, target, *space)``."""

_AHEAD = 6  # batches kept ready
_PATIENCE_S = 1.0  # without a batch, before asking whether the other process lives


def training_sampler(folder: Path, names: list[str], recipe: Recipe) -> Sampler:
    """The sampler over the named volumes of a corpus and the recipe's synthetic ones."""
    real = [LabelledVolume.load(folder / f"{name}.npz") for name in names]
    synthetic = _synthetic(folder, recipe)
    share = recipe.synthetic_share
    factors = np.array([dict(recipe.often).get(name, 1.0) for name in names])
    weights = [float(w) for w in (1 - share) * factors / factors.sum()]
    return Sampler(real + synthetic, weights + [share / len(synthetic) for _ in synthetic])


def batch_at(sampler: Sampler, recipe: Recipe, step: int) -> Batch:
    """The batch of that step: the same for the same recipe, volumes and step."""
    rng = np.random.default_rng([recipe.seed, step])
    flat = step % recipe.slice_every == recipe.slice_every - 1
    count = recipe.slice_windows if flat else recipe.volume_windows
    side = recipe.slice_side if flat else recipe.volume_side
    window = (side, side, 1 if flat else side)
    samples = [sampler.draw(window, recipe.targets, rng) for _ in range(count)]
    return np.stack([s.image for s in samples]), np.stack([s.targets for s in samples])


def batches(
    folder: Path, names: list[str], recipe: Recipe, start: int
) -> Generator[Batch, None, None]:
    """Batches from step ``start`` to the recipe's last, made ahead by another process.

    Closing the generator ends that process.

    Raises:
        ResourceError: that process ended early; its own error is on the standard error stream.
    """
    if start >= recipe.steps:
        return
    context = multiprocessing.get_context("spawn")
    queue: multiprocessing.Queue[Batch] = context.Queue(maxsize=_AHEAD)
    worker = context.Process(
        target=_produce, args=(queue, folder, names, recipe, start), daemon=True
    )
    worker.start()
    try:
        for _ in range(start, recipe.steps):
            yield _received(queue, worker)
    finally:
        worker.terminate()
        worker.join()
        queue.close()


def _received(queue: "multiprocessing.Queue[Batch]", worker: SpawnProcess) -> Batch:
    while True:
        try:
            return queue.get(timeout=_PATIENCE_S)
        except Empty:
            if not worker.is_alive():
                msg = (
                    f"the process that makes batches ended early (exit code {worker.exitcode}); "
                    "its error is above, or memory ran out"
                )
                raise ResourceError(msg) from None


def _produce(
    queue: "multiprocessing.Queue[Batch]",
    folder: Path,
    names: list[str],
    recipe: Recipe,
    start: int,
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
