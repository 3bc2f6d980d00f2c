"""Tests of vesal.training.lessons.classes."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.automatics import automatic_config, tiny_automatic
from tests.typechecks import types_checked
from vesal.checkpoints.automatic import new_automatic
from vesal.errors import ConfigError
from vesal.geometry.resample import resample
from vesal.images import open_image
from vesal.images.normalisation import Normalisation
from vesal.inference.automatic_lattice import lattice_over, shown
from vesal.inference.upright import upright
from vesal.labels import open_labels
from vesal.models.zoo import ZOO
from vesal.training.lesson import Taught
from vesal.training.lessons.classes import ClassLesson, class_dices


def taught(lesson: ClassLesson, images: torch.Tensor, targets: torch.Tensor) -> Taught:
    """The first and only turn of a batch."""
    answer: Taught = lesson(images, targets, 0, (), (0,))
    return answer


def batch(classes: int = 3, side: int = 32) -> tuple[torch.Tensor, torch.Tensor]:
    """Two windows of noise and their numbers of classes as bytes."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randn((2, 1, side, side, side), generator=generator)
    return images, (images * classes).clamp(0, classes - 1).to(torch.uint8)


def test_the_loss_is_dice_and_cross_entropy() -> None:
    """Written down again in NumPy; Dice over the batch as a whole, without the background."""
    lesson = ClassLesson(tiny_automatic())
    images, targets = batch()
    answer = taught(lesson, images, targets)
    logits = answer.logits.double().numpy()
    shares = np.exp(logits - logits.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    truth = np.stack([targets[:, 0].numpy() == n for n in range(3)], axis=1)
    entropy = -np.log(shares[truth.nonzero()]).mean()
    axes = (0, 2, 3, 4)
    ratio = (2 * (shares * truth).sum(axes) + 1e-5) / (shares.sum(axes) + truth.sum(axes) + 1e-5)
    assert float(answer.loss.detach()) == pytest.approx(entropy + (1 - ratio)[1:].mean(), rel=1e-5)


@pytest.mark.parametrize("kind", ["unet", "sam"])
@pytest.mark.parametrize("rate", [1.0, 0.1, 0.0])
def test_gradients_reach_what_learns_and_nothing_else(kind: str, rate: float) -> None:
    """A frozen encoder has none and is in no group; else it has the rate that was asked for."""
    model = new_automatic(automatic_config(kind))
    lesson = ClassLesson(model, encoder_rate=rate)
    taught(lesson, *batch()).loss.backward()  # type: ignore[no-untyped-call]
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.decoder.parameters())
    assert all((p.grad is not None) == (rate > 0) for p in model.encoder.parameters())
    groups = {group.name: group for group in lesson.groups()}
    learning = {id(p) for group in groups.values() for p in group.parameters}
    assert learning == {id(p) for p in lesson.parameters() if p.requires_grad}
    assert groups["decoder"].rate == 1.0
    assert set(groups) == ({"decoder", "encoder"} if rate else {"decoder"})
    assert not rate or groups["encoder"].rate == rate


def test_an_encoder_can_be_thawed_again() -> None:
    """A second lesson with a rate, after one without."""
    model = new_automatic(automatic_config())
    ClassLesson(model, encoder_rate=0.0)
    ClassLesson(model, encoder_rate=0.5)
    assert all(p.requires_grad for p in model.encoder.parameters())


@pytest.mark.parametrize("rate", [-0.1, math.inf, math.nan])
def test_a_rate_must_be_a_rate(rate: float) -> None:
    """0 is one: it freezes."""
    with pytest.raises(ConfigError, match="encoder_rate must be 0 or above"):
        ClassLesson(tiny_automatic(), encoder_rate=rate)


def test_dice_counts_the_classes_that_are_there() -> None:
    """By hand: class 1 has 2 of 3 and 4 voxels in common, class 2 none, class 3 is not there."""
    truth = torch.tensor([1, 1, 1, 0, 2, 0, 0, 0])
    said = torch.tensor([1, 1, 0, 1, 0, 1, 0, 3])
    logits = torch.nn.functional.one_hot(said, 4).T[None].float()
    dices = class_dices(logits, truth[None, None])
    assert dices[:2] == pytest.approx([2 * 2 / 7, 0.0])
    assert math.isnan(dices[2])


def test_a_batch_of_background_has_nothing_to_miss() -> None:
    """Its Dice is 1 in the log, and its loss a number."""
    images, targets = batch()
    answer = taught(ClassLesson(tiny_automatic()), images, torch.zeros_like(targets))
    assert answer.dices == [1.0]
    assert math.isfinite(float(answer.loss.detach()))


def test_three_organs_of_the_packaged_ct_are_learnt_by_heart(scans: Path) -> None:
    """At 12 mm, in one window, from vesal-mini's encoder: the loop of encoder, decoder and loss."""
    image = open_image(scans / "example_ct.nii.gz")
    labels = open_labels(scans / "example_seg_fast_force_split.nii.gz")
    names = ("liver", "spleen", "kidney_right")
    numbers = [next(s.number for s in labels.segments if s.name == name) for name in names]
    rule = Normalisation(kind="ct", low=-200.0, high=300.0, mean=40.0, deviation=100.0)
    voxels, grid = upright(image.array, image.grid)
    organs, _ = upright(labels.array, image.grid)
    lattice = lattice_over(grid, (12.0,) * 3)
    seen = shown(voxels, grid, lattice, rule).values
    inside = [resample(organs == n, grid, lattice, antialias=True) > 0.5 for n in numbers]
    truth = sum((number * mask for number, mask in enumerate(inside, 1)), np.zeros(1, int))
    middle = np.argwhere(truth > 0).mean(0).round().astype(int)
    start = np.clip(middle - 12, 0, np.array(truth.shape) - 24)
    part = tuple(slice(s, s + 24) for s in start)
    images = torch.from_numpy(np.ascontiguousarray(seen[part]))[None, None]
    targets = torch.from_numpy(truth[part].astype(np.uint8))[None, None]
    config = replace(
        automatic_config(classes=names), encoder=ZOO["vesal-mini"], spacing_mm=(12.0,) * 3
    )
    lesson = ClassLesson(new_automatic(config, start="vesal-mini"))
    assert learnt(lesson, images, targets, steps=140) > 0.95


def learnt(
    lesson: ClassLesson, images: torch.Tensor, targets: torch.Tensor, *, steps: int
) -> float:
    """The mean Dice after so many steps at most."""
    weights = [p for group in lesson.groups() for p in group.parameters]
    optimiser = torch.optim.AdamW(weights, lr=5e-3, betas=(0.9, 0.95), fused=True)
    warm = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=5e-3, total_steps=steps)
    dice = 0.0
    for step in range(steps):
        with types_checked(now=step < 2):
            answer = taught(lesson, images, targets)
        optimiser.zero_grad()
        answer.loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        warm.step()
        dice = answer.dices[0]
        if dice > 0.96:
            break
    return dice
