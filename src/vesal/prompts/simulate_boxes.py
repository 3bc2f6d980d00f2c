"""The boxes that a simulated user draws: round the largest piece, and a little off."""

import cc3d
import numpy as np

from vesal.arrays import MaskArray
from vesal.prompts.simulate import Draws, Voxel

IndexBox = tuple[Voxel, Voxel]
"""The lowest voxel of a box, and one past its highest along every axis."""

_MOST_SHIFT = 5  # voxels; "max_pixel" of SAM-Med2D and SAM-UNet


def component_boxes(mask: MaskArray, count: int = 1) -> tuple[IndexBox, ...]:
    """The boxes round the largest pieces of a mask, in the manner of SAM-Med2D and SAM-UNet.

    Pieces hang together by faces, edges or corners; of equal ones the first in C order counts as
    larger. Where there are fewer pieces than boxes asked for, all are taken in C order, and again
    from the first on. An empty mask has no box (the papers' code divides by zero there).
    """
    labels = cc3d.connected_components(np.ascontiguousarray(mask))
    found, firsts = np.unique(labels, return_index=True)
    ordered = [int(label) for _, label in sorted(zip(firsts, found, strict=True)) if label]
    if not ordered:
        return ()
    pieces = cc3d.statistics(labels)
    if len(ordered) >= count:
        ordered.sort(key=lambda label: -int(pieces["voxel_counts"][label]))
    chosen = [ordered[i % len(ordered)] for i in range(count)]
    sides = [pieces["bounding_boxes"][label] for label in chosen]
    return tuple(
        (tuple(int(s.start) for s in box), tuple(int(s.stop) for s in box)) for box in sides
    )


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
    low, high = (tuple(i + s for i, s in zip(c, shift, strict=True)) for c in box)
    return low, high
