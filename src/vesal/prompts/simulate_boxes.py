"""The boxes that a simulated user draws: round the largest piece or the whole, and a little off."""

from collections.abc import Sequence

import numpy as np

from vesal.arrays import MaskArray
from vesal.errors import ConfigError
from vesal.geometry.components import mask_box, pieces
from vesal.prompts.simulate import Draws, Voxel

IndexBox = tuple[Voxel, Voxel]
"""The lowest voxel of a box, and one past its highest along every axis."""

_MOST_SHIFT = 5  # voxels; "max_pixel" of SAM-Med2D and SAM-UNet
_MOST_OUTWARD = 19  # voxels; ScribblePrompt draws below its "max_jitter" of 20


def tight_box(mask: MaskArray) -> IndexBox | None:
    """The box round all voxels of a mask, none to spare; None for an empty one."""
    held = mask_box(mask)
    if held is None:
        return None
    return tuple(s.start for s in held), tuple(s.stop for s in held)


def component_boxes(mask: MaskArray, count: int = 1) -> tuple[IndexBox, ...]:
    """The boxes round the largest pieces of a mask, in the manner of SAM-Med2D and SAM-UNet.

    Pieces hang together by faces, edges or corners; of equal ones the first in C order counts as
    larger. Where there are fewer pieces than boxes asked for, all are taken in C order, and again
    from the first on. An empty mask has no box (the papers' code divides by zero there).
    """
    held = mask_box(mask)
    if held is None:
        return ()
    inside = mask[held]
    labels = pieces(inside)  # numbered in C order
    sizes = np.bincount(labels[inside])
    ordered = list(range(1, len(sizes)))
    if len(ordered) >= count:
        ordered.sort(key=lambda label: -int(sizes[label]))
    found = [tight_box(np.asarray(labels == label)) for label in ordered[:count]]
    start = [s.start for s in held]
    boxes = [(_moved(b[0], start), _moved(b[1], start)) for b in found if b is not None]
    return tuple(boxes[i % len(boxes)] for i in range(count))


def largest_shift(box: IndexBox) -> int:
    """How far `shifted_box` moves a box at most, in voxels: half its shortest side, or 5."""
    return min(_MOST_SHIFT, min(b - a for a, b in zip(*box, strict=True)) // 2)


def shifted_box(box: IndexBox, rng: Draws) -> IndexBox:
    """The box, moved by a few voxels along each axis: how SAM-Med2D and SAM-UNet jitter boxes.

    With the largest shift m, each from -m to m - 1, so that boxes lean to the array's start by half
    a voxel. The size stays, and a box may leave the array. The last axis is drawn first (x, y).
    """
    most = largest_shift(box)
    if most == 0:
        return box
    shift = [int(rng.integers(-most, most)) for _ in box[0]][::-1]
    return _moved(box[0], shift), _moved(box[1], shift)


def outward_box(
    box: IndexBox, shape: tuple[int, ...], rng: Draws, *, most: int = _MOST_OUTWARD
) -> IndexBox:
    """The box with each face moved outwards by 0 to ``most`` voxels, and cut to the array.

    How ScribblePrompt (Wong et al. 2024) jitters boxes. Its code takes the lowest corner for 0
    wherever the mask leaves pixels out, a slip that is not repeated here. The first axis is drawn
    first, and of each axis the low face.
    """
    low, high = [], []
    for first, last, count in zip(*box, shape, strict=True):
        low.append(max(0, first - int(rng.integers(0, most + 1))))
        high.append(min(count, last + int(rng.integers(0, most + 1))))
    return tuple(low), tuple(high)


def sloppy_box(
    box: IndexBox, shape: tuple[int, ...], rng: np.random.Generator, *, share: float
) -> IndexBox:
    """The box with each face moved in or out by up to a share of the box's extent.

    What a sloppy box means in vesal's own measurements. Every distance up to the share is equally
    likely and rounded to whole voxels, so that the faces of a small box may well stay. Cut to the
    array; at least one voxel is left on each axis.

    Raises:
        ConfigError: a share that is not from 0 to 1.
    """
    if not 0 <= share <= 1:
        msg = f"the faces of a box move by a share of its extent from 0 to 1, got {share}"
        raise ConfigError(msg)
    low, high = [], []
    for first, last, count in zip(*box, shape, strict=True):
        moves = np.rint(rng.uniform(-share, share, 2) * (last - first)).astype(int).tolist()
        start = min(max(first + moves[0], 0), count - 1)
        low.append(start)
        high.append(min(max(last + moves[1], start + 1), count))
    return tuple(low), tuple(high)


def _moved(corner: Voxel, shift: Sequence[int]) -> Voxel:
    return tuple(i + s for i, s in zip(corner, shift, strict=True))
