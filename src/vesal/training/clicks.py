"""The simulated user of a training step: one more click for each target of a batch."""

import numpy as np
import torch
from torch.nn import functional

from vesal.models import nd
from vesal.models.promptable import PADDING_LABEL, PromptTensors
from vesal.models.shapes import MaskLogits
from vesal.prompts.simulate import error_click, random_click

_CENTRED = 0.6  # of the clicks go to the middle of the largest error, the others anywhere in the error


def with_click(
    prompts: PromptTensors | None,
    targets: MaskLogits,
    logits: MaskLogits | None,
    rng: np.random.Generator,
) -> PromptTensors:
    """The prompts with one more click each, placed where ``logits`` are wrong; they become the previous mask."""
    truth = targets[:, 0].numpy() > 0.5  # noqa: PLR2004
    guess = np.zeros_like(truth) if logits is None else logits[:, 0].numpy() > 0
    clicks = [_click(t, g, rng) for t, g in zip(truth, guess, strict=True)]
    points = torch.tensor([[index] for index, _ in clicks], dtype=torch.float32)
    labels = torch.tensor([[label] for _, label in clicks])
    if prompts is not None:
        points = torch.cat([prompts.points, points], dim=1)
        labels = torch.cat([prompts.labels, labels], dim=1)
    return PromptTensors(points=points, labels=labels, previous=logits)


def rough_hints(targets: MaskLogits, share: float, rng: np.random.Generator) -> MaskLogits | None:
    """Logits of a coarse and disturbed copy of some targets, zero for the rest; None for none at all."""
    given = rng.random(len(targets)) < share
    if not given.any():
        return None
    size = tuple(targets.shape[2:])
    coarse = tuple(max(1, n // int(rng.integers(3, 7))) for n in size)
    blurred = functional.adaptive_avg_pool3d(targets, coarse)
    noise = torch.from_numpy(rng.standard_normal(blurred.shape).astype(np.float32))
    logits = nd.resized(8 * (blurred - 0.5) + 1.5 * noise, size)
    return logits * torch.from_numpy(given).view(-1, *[1] * (targets.ndim - 1))


def _click(
    truth: np.ndarray, guess: np.ndarray, rng: np.random.Generator
) -> tuple[tuple[int, ...], int]:
    if rng.random() < _CENTRED:
        found = error_click(truth, guess)
        return ((0,) * truth.ndim, PADDING_LABEL) if found is None else (found[0], int(found[1]))
    wrong = truth ^ guess
    if not wrong.any():
        return (0,) * truth.ndim, PADDING_LABEL
    index = random_click(wrong, rng)
    return index, int(truth[index])
