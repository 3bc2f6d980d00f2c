"""Arrays in image axis order to tensors in the model's, and back: the only place where axes change.

The model has three space axes. Axes of one voxel go last (the axis across a slice in training), and
a 2D image gets such an axis.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from vesal.arrays import Intensities, PointsIndex
from vesal.inference.appearance import linear_and_rank
from vesal.models.promptable import PromptTensors
from vesal.models.shapes import Images, MaskLogits


def pack_image(window: Intensities) -> Images:
    """The model's input ``(1, 2, *space)`` for a window of two or three axes."""
    order = _order(window.shape)
    moved = window.transpose(order).reshape(_padded(tuple(window.shape[a] for a in order)))
    return torch.from_numpy(linear_and_rank(np.ascontiguousarray(moved)))[None]


def pack_clicks(
    points_index: PointsIndex,
    positive: NDArray[np.bool_],
    shape: tuple[int, ...],
    previous: Intensities | None,
) -> PromptTensors:
    """Clicks at window indices, and the previous logits on the window, as tensors of batch 1."""
    order = _order(shape)
    points = np.zeros((len(points_index), 3), np.float32)
    points[:, : len(order)] = points_index[:, list(order)]
    packed = None
    if previous is not None:
        moved = np.ascontiguousarray(previous.transpose(order))
        packed = torch.from_numpy(moved.reshape(_padded(moved.shape)))[None, None]
    return PromptTensors(
        points=torch.from_numpy(points)[None],
        labels=torch.from_numpy(positive.astype(np.int64))[None],
        previous=packed,
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
