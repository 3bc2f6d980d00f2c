"""The simulated user, shared by training and evaluation: where would one click next?"""

import numpy as np

from vesal.arrays import Distances, MaskArray
from vesal.geometry.components import distance_to_border, mask_box

Voxel = tuple[int, ...]


def error_click(
    target: MaskArray, predicted: MaskArray, spacing_mm: tuple[float, ...] | None = None
) -> tuple[Voxel, bool] | None:
    """The voxel deepest inside the error and whether the target has it; None without an error.

    Depth is the distance (mm, or voxels without a spacing) to the border of the region that is
    wrongly left out or wrongly taken in, whichever is deeper; the border of the array counts as a
    border, except along axes of one voxel. With an empty prediction this is the middle of the
    target's thickest part.
    """
    box = mask_box(target ^ predicted)
    if box is None:
        return None
    missed = target[box] & ~predicted[box]
    extra = predicted[box] & ~target[box]
    thick = tuple(n > 1 for n in target.shape)
    depths = [_depth(region, spacing_mm, thick) for region in (missed, extra)]
    positive = bool(depths[0].max() >= depths[1].max())
    index = np.unravel_index(np.argmax(depths[0 if positive else 1]), missed.shape)
    return tuple(int(i) + s.start for i, s in zip(index, box, strict=True)), positive


def random_click(region: MaskArray, rng: np.random.Generator) -> Voxel:
    """A voxel of the region, each equally likely."""
    voxels = np.flatnonzero(region)
    index = np.unravel_index(voxels[rng.integers(len(voxels))], region.shape)
    return tuple(int(i) for i in index)


def _depth(
    region: MaskArray, spacing_mm: tuple[float, ...] | None, thick: tuple[bool, ...]
) -> Distances:
    if not region.any():
        return np.zeros(region.shape, np.float32)
    spacing = (1.0,) * region.ndim if spacing_mm is None else spacing_mm
    kept = tuple(slice(None) if t else 0 for t in thick)  # an axis of one voxel has no depth
    sides = [s for s, t in zip(spacing, thick, strict=True) if t]
    depth = distance_to_border(region[kept], sides) if sides else np.ones((), np.float32)
    return depth.reshape(region.shape)
