"""The simulated user of a training step: one more click for each target of a batch."""

import numpy as np
import torch

from vesal.arrays import MaskArray
from vesal.models import nd
from vesal.models.promptable import PADDING_LABEL, PromptTensors
from vesal.models.shapes import MaskLogits
from vesal.prompts.simulate import error_click, random_click

_CENTRED = 0.6  # of the clicks go to the middle of the largest error, the others anywhere in it
_SURE = 8.0  # logits of a rough hint reach from half of this below 0 to half above
_HINT_NOISE = 1.5  # logits


def with_click(
    prompts: PromptTensors | None,
    targets: MaskLogits,
    logits: MaskLogits | None,
    rng: np.random.Generator,
) -> PromptTensors:
    """The prompts with one more click each, placed where ``logits`` are wrong.

    The logits become the previous mask. A target without an error gets a click that is padding.
    """
    truth = (targets[:, 0] > 0).cpu().numpy()
    guess = np.zeros_like(truth) if logits is None else (logits[:, 0] > 0).cpu().numpy()
    clicks = [_click(t, g, rng) for t, g in zip(truth, guess, strict=True)]
    device = targets.device
    points = torch.tensor([[i] for i, _ in clicks], dtype=torch.float32, device=device)
    labels = torch.tensor([[label] for _, label in clicks], device=device)
    if prompts is not None:
        points = torch.cat([prompts.points, points], dim=1)
        labels = torch.cat([prompts.labels, labels], dim=1)
    return PromptTensors(points=points, labels=labels, previous=logits)


def rough_hints(targets: MaskLogits, share: float, rng: np.random.Generator) -> MaskLogits | None:
    """Logits of a coarse and disturbed copy of some targets, zero for the rest; None for none."""
    given = rng.random(len(targets)) < share
    if not given.any():
        return None
    size = tuple(targets.shape[2:])
    # as after zooming: three to six voxels of the window were one before
    coarse = tuple(max(1, n // int(rng.integers(3, 7))) for n in size)
    blurred = nd.pooled(targets, coarse)
    noise = torch.from_numpy(rng.standard_normal(blurred.shape).astype(np.float32))
    noise = noise.to(targets.device)
    logits = nd.resized(_SURE * (blurred - 0.5) + _HINT_NOISE * noise, size)
    chosen = torch.from_numpy(given).to(targets.device)
    return logits * chosen.view(-1, *[1] * (targets.ndim - 1))


def _click(
    truth: MaskArray, guess: MaskArray, rng: np.random.Generator
) -> tuple[tuple[int, ...], int]:
    if rng.random() < _CENTRED:
        found = error_click(truth, guess)
        return ((0,) * truth.ndim, PADDING_LABEL) if found is None else (found[0], int(found[1]))
    wrong = truth ^ guess
    if not wrong.any():
        return (0,) * truth.ndim, PADDING_LABEL
    index = random_click(wrong, rng)
    return index, int(truth[index])
