"""Tiny labelled volumes and a recipe that trains on them in seconds."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.networks import tiny_config
from vesal.training.lessons.mini import Clicks
from vesal.training.recipe import Recipe
from vesal.training.schedule import Schedule
from vesal.training.settings import Settings
from vesal.training.sources.windows import Windows
from vesal.training.volume import LabelledVolume, Partition


def ball_labels(shape: tuple[int, ...], seed: int = 0, balls: int = 5) -> NDArray[np.uint16]:
    """A label map of balls (discs on a slice) painted over each other, the rest 0."""
    rng = np.random.default_rng(seed)
    index = np.indices(shape)
    labels = np.zeros(shape, np.uint16)
    thick = np.array(shape)[np.array(shape) > 1]
    for label in range(1, balls + 1):
        centre = rng.uniform(0.2, 0.8, len(shape)) * (np.array(shape) - 1)
        radius = rng.uniform(0.15, 0.25) * thick.min()
        distance = sum((i - c) ** 2 for i, c in zip(index, centre, strict=True))
        labels[distance <= radius**2] = label
    return labels


def ball_volume(
    name: str = "balls",
    shape: tuple[int, ...] = (28, 26, 24),
    spacing: tuple[float, ...] = (1.0, 1.0, 1.5),
    seed: int = 0,
) -> LabelledVolume:
    """Balls whose intensity follows from their label alone, each its own, in a dark ground."""
    labels = ball_labels(shape, seed)
    means = np.concatenate([[0], np.random.default_rng(seed).permutation(5) * 0.18 + 0.28])
    return LabelledVolume(
        name=name,
        modality="MR",
        image=means[labels].astype(np.float16),
        spacing=spacing,
        partitions=(Partition(labels=labels, learnt=True),),
    )


def empty_volume(name: str = "empty", shape: tuple[int, ...] = (20, 20, 20)) -> LabelledVolume:
    """An image without contrast, and without any label."""
    return LabelledVolume(
        name=name,
        modality="CT",
        image=np.zeros(shape, np.float16),
        spacing=(1.0, 1.0, 1.0),
        partitions=(Partition(labels=np.zeros(shape, np.uint16), learnt=True),),
    )


def tiny_corpus(folder: Path) -> list[str]:
    """Write two volumes and give their names: one in 3D, one of a single slice."""
    ball_volume("body").save(folder / "body.npz")
    ball_volume("slice", (40, 36, 1), (1.0, 1.0, 1.0), seed=3).save(folder / "slice.npz")
    return ["body", "slice"]


def tiny_recipe(**changes: object) -> Recipe:
    """Six steps of a tiny network, every third one on slices; changes in whatever record has them.

    ``warmup_steps`` and ``fall_share`` are the schedule's.
    """
    recipe = Recipe(
        name="tiny",
        about="for tests",
        model=tiny_config(),
        seed=5,
        lesson=Clicks(rounds=(1, 2, 3), hint_share=0.5),
        data=Windows(
            volume_windows=1,
            volume_side=16,
            slice_windows=2,
            slice_side=24,
            slice_every=3,
            targets=2,
            synthetic_volumes=1,
            synthetic_side=24,
            synthetic_share=0.25,
        ),
        settings=Settings(
            steps=6,
            rate=3e-3,
            schedule=Schedule(kind="linear", warmup_steps=2, fall_share=0.5),
            weight_decay=1e-4,
            clip_norm=1.0,
            averaging=0.6,
            validate_every=3,
            save_every_s=1e9,
        ),
    )
    changed: Recipe = _changed(recipe, dict(changes))
    return changed


def _changed(record: Any, changes: dict[str, object]) -> Any:  # a dataclass of any kind
    """The record with the changes that it or a record in it has a field for."""
    for field in dataclasses.fields(record):
        inner = getattr(record, field.name)
        if field.name in changes:
            record = dataclasses.replace(record, **{field.name: changes.pop(field.name)})
        elif dataclasses.is_dataclass(inner) and field.name != "model":
            record = dataclasses.replace(record, **{field.name: _changed(inner, changes)})
    return record
