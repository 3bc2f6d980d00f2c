"""Arrays in image axis order to tensors in the model's, and back: the only place where axes change.

Our own model has three space axes. Axes of one voxel go last (the axis across a slice in training),
and a 2D image gets such an axis. The published models have as many axes as what they are shown.
"""

import numpy as np
import torch

from vesal.arrays import Corners, Intensities, PointFlags, PointsIndex
from vesal.inference.appearance import linear_and_rank
from vesal.models.promptable import PADDING_LABEL, PromptTensors
from vesal.models.shapes import Images, MaskLogits


def pack_image(window: Intensities) -> Images:
    """The model's input ``(1, 2, *space)`` for a window of two or three axes."""
    order = _order(window.shape)
    moved = window.transpose(order).reshape(_padded(tuple(window.shape[a] for a in order)))
    return torch.from_numpy(linear_and_rank(np.ascontiguousarray(moved)))[None]


def pack_clicks(
    points_index: PointsIndex,
    positive: PointFlags,
    shape: tuple[int, ...],
    previous: Intensities | None,
) -> PromptTensors:
    """Clicks at window indices, and the previous logits on the window, as tensors of batch 1."""
    order = _order(shape)
    points = np.zeros((max(1, len(points_index)), 3), np.float32)
    points[: len(points_index), : len(order)] = points_index[:, list(order)]
    labels = np.full(len(points), PADDING_LABEL)  # a window may show no click at all
    labels[: len(positive)] = positive
    packed = None
    if previous is not None:
        moved = np.ascontiguousarray(previous.transpose(order))
        packed = torch.from_numpy(moved.reshape(_padded(moved.shape)))[None, None]
    return PromptTensors(
        points=torch.from_numpy(points)[None],
        labels=torch.from_numpy(labels.astype(np.int64))[None],
        previous=packed,
    )


def pack_prompts(
    points_index: PointsIndex,
    positive: PointFlags,
    *,
    corners: Corners | None = None,
    previous: Intensities | None = None,
) -> PromptTensors:
    """Prompts on the grid of a published model, as tensors of batch 1.

    Args:
        points_index: clicks; may be none.
        positive: whether each click is inside.
        corners: lowest and highest corner of a box, one a row.
        previous: what the model is to improve, on the grid of its masks.
    """
    points = torch.from_numpy(points_index.astype(np.float32))
    return PromptTensors(
        points=points[None],
        labels=torch.from_numpy(positive.astype(np.int64))[None],
        boxes=None if corners is None else torch.from_numpy(corners.astype(np.float32))[None],
        previous=None if previous is None else torch.from_numpy(previous)[None, None],
    )


def unpack_logits(logits: MaskLogits, shape: tuple[int, ...]) -> Intensities:
    """The logits ``(1, 1, *space)`` as an array of the window's shape."""
    order = _order(shape)
    moved = logits[0, 0].float().numpy().reshape(tuple(shape[a] for a in order))
    return np.ascontiguousarray(moved.transpose(tuple(np.argsort(order))))


def _order(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(range(len(shape)), key=lambda axis: (shape[axis] == 1, axis)))


def _padded(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (*shape, *(1,) * (3 - len(shape)))
