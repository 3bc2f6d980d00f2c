"""The simulated user of a batch: what is said of each target, as tensors on the model's grid.

The rules are those of `vesal.prompts.simulate`; here each is followed for every target in turn.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import torch

from vesal.arrays import MaskArray
from vesal.models.promptable import PADDING_LABEL, PromptTensors
from vesal.models.shapes import MaskLogits, PreviousLogits
from vesal.prompts.simulate import Placed, first_clicks, random_error_clicks
from vesal.prompts.simulate_boxes import IndexBox, component_boxes, shifted_box


def in_numpy(masks: MaskLogits) -> list[MaskArray]:
    """Where each of a batch is above 0."""
    # as bytes: a quarter of what would have to come from a GPU otherwise
    return list((masks[:, 0] > 0).cpu().numpy())


def with_first_clicks(
    truths: Sequence[MaskArray], count: int, rng: np.random.Generator
) -> PromptTensors:
    """So many clicks each: one anywhere inside, or of several half of them inside.

    An empty target gets them outside.
    """
    return _clicked([first_clicks(truth, count, rng) for truth in truths], count, truths[0].ndim)


def with_error_clicks(
    truths: Sequence[MaskArray],
    guesses: Sequence[MaskArray],
    count: int,
    rng: np.random.Generator,
) -> PromptTensors:
    """So many clicks each, anywhere in the error; padding where there is none."""
    pairs = zip(truths, guesses, strict=True)
    placed = [random_error_clicks(truth, guess, count, rng) for truth, guess in pairs]
    return _clicked(placed, count, truths[0].ndim)


def with_boxes(
    truths: Sequence[MaskArray], rng: np.random.Generator, *, shifted: bool
) -> PromptTensors:
    """A box each, round the largest piece, and moved by a few voxels if ``shifted``.

    The second corner is one voxel past the piece, as in the code of SAM-Med2D and SAM-UNet, whose
    weights know it so. An empty target gets the box of the whole window: nothing in it is meant.
    """
    boxes = [_box(truth, rng, shifted) for truth in truths]
    silent = nothing_said(len(boxes), truths[0].ndim)
    corners = torch.tensor(boxes, dtype=torch.float32)  # (batch, 2, axis)
    return PromptTensors(points=silent.points, labels=silent.labels, boxes=corners)


def nothing_said(batch: int, ndim: int) -> PromptTensors:
    """No click and no box."""
    return PromptTensors(
        points=torch.zeros(batch, 0, ndim), labels=torch.zeros(batch, 0, dtype=torch.int64)
    )


def together(before: PromptTensors, new: PromptTensors) -> PromptTensors:
    """What was said before, and new clicks."""
    return PromptTensors(
        points=torch.cat([before.points, new.points], dim=1),
        labels=torch.cat([before.labels, new.labels], dim=1),
        boxes=before.boxes,
    )


def told(
    said: PromptTensors, previous: PreviousLogits | None, device: torch.device
) -> PromptTensors:
    """The same to a model on that device, with its last answer."""
    return PromptTensors(
        points=said.points.to(device),
        labels=said.labels.to(device),
        boxes=None if said.boxes is None else said.boxes.to(device),
        previous=previous,
    )


def _box(truth: MaskArray, rng: np.random.Generator, shifted: bool) -> IndexBox:
    found = component_boxes(truth)
    if not found:
        return (0,) * truth.ndim, truth.shape
    return shifted_box(found[0], rng) if shifted else found[0]


def _clicked(clicks: Iterable[Sequence[Placed]], count: int, ndim: int) -> PromptTensors:
    """Clicks as tensors; a target that has none gets padding instead."""
    padding = [((0,) * ndim, PADDING_LABEL)] * count
    rows = [[(voxel, int(inside)) for voxel, inside in placed] or padding for placed in clicks]
    points = torch.tensor([[voxel for voxel, _ in row] for row in rows], dtype=torch.float32)
    labels = torch.tensor([[label for _, label in row] for row in rows], dtype=torch.int64)
    return PromptTensors(points=points, labels=labels)
