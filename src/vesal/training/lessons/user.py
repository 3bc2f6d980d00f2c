"""The simulated user of a batch: what is said of each target, as tensors on the model's grid.

The rules are those of `vesal.prompts.simulate`; here each is followed for every target in turn, on
the device where masks and answers are.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from vesal.arrays import MaskArray
from vesal.models.promptable import PADDING_LABEL, PromptTensors
from vesal.models.shapes import PreviousLogits, TargetRegions
from vesal.prompts.simulate_boxes import IndexBox, component_boxes, shifted_box


def with_first_clicks(truths: TargetRegions, rng: np.random.Generator) -> PromptTensors:
    """A click each, anywhere inside; an empty target gets one outside."""
    return _clicked(truths, [t if bool(t.any()) else ~t for t in truths], 1, rng)


def with_error_clicks(
    truths: TargetRegions, guesses: TargetRegions, count: int, rng: np.random.Generator
) -> PromptTensors:
    """So many clicks each, anywhere in the error; padding where there is none.

    The clicks are those of `vesal.prompts.simulate.random_error_clicks`. Errors are looked through
    on the model's device: on a processor that takes more time than all the rest takes a GPU.
    """
    return _clicked(truths, list(truths ^ guesses), count, rng)


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


def _clicked(
    truths: TargetRegions, regions: Sequence[Tensor], count: int, rng: np.random.Generator
) -> PromptTensors:
    """Clicks anywhere in a region of each target; padding where that is empty."""
    points = torch.zeros(len(regions), count, truths.ndim - 1)
    labels = torch.full((len(regions), count), PADDING_LABEL)
    for row, (truth, region) in enumerate(zip(truths, regions, strict=True)):
        places = torch.nonzero(region.flatten())[:, 0]
        if not len(places):
            continue
        drawn = [int(rng.integers(0, len(places))) for _ in range(count)]
        chosen = places[drawn]
        labels[row] = truth.flatten()[chosen].to("cpu", torch.int64)
        found = np.unravel_index(chosen.cpu().numpy(), tuple(truth.shape))
        points[row] = torch.from_numpy(np.stack(found, axis=1).astype(np.float32))
    return PromptTensors(points=points, labels=labels)
