"""Clicks and boxes as the CVPR 2025 challenge makes them, pick by pick.

Foundation Models for Interactive 3D Biomedical Image Segmentation; the organisers' evaluator of
2025-06-03. Arrays are in the order of its files, z, y, x.
"""

from dataclasses import dataclass

import cc3d
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from vesal.arrays import MaskArray
from vesal.geometry.components import mask_box
from vesal.prompts.simulate import Draws, LegacyDraws, Placed

_SEED = 42  # set anew before every draw
_MOST_VOXELS = 60_000_000  # of a padded piece; a larger one is measured at half its resolution
_PADDING = 0.25  # of a piece's extent, on each side
_MOST_SHIFT = 5  # pixels of a slice of 256 x 256


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeBox:
    """A rectangle on the middle slice, and the first and last slice; all ends are inside."""

    z_min: int
    z_max: int
    z_mid: int
    z_mid_y_min: int
    z_mid_x_min: int
    z_mid_y_max: int
    z_mid_x_max: int


def challenge_click(
    truth: MaskArray, predicted: MaskArray, *, most_voxels: int = _MOST_VOXELS
) -> Placed | None:
    """A click in the middle of the largest piece of error; None without an error.

    False positives and false negatives are one error, whose pieces hang together by faces, edges
    or corners; of equal ones the first in cc3d's numbering counts. The middle is the voxel
    furthest, in voxels, from what is not in the piece; the array's border counts as its end. Of
    several one is drawn, always by the same seed, so that the choice depends on their number alone.

    Args:
        truth: what is right, z, y, x.
        predicted: what was answered.
        most_voxels: of a piece with its padding that is measured at full resolution.
    """
    labels = cc3d.connected_components(np.ascontiguousarray(truth ^ predicted), connectivity=26)
    counts = np.bincount(labels.ravel())
    if len(counts) < 2:
        return None
    counts[0] = 0
    largest = labels == int(counts.argmax())
    box = mask_box(largest)
    assert box is not None  # noqa: S101  # it has a voxel
    piece = largest[box]
    depths = _depths(piece, most_voxels) * piece
    if not depths.any():  # all of it lost at half resolution
        depths = piece.astype(np.float64)
    deepest = np.argwhere(depths == depths.max())
    chosen = deepest[LegacyDraws(_SEED).integers(0, len(deepest))]
    voxel = tuple(int(i) + s.start for i, s in zip(chosen, box, strict=True))
    return voxel, bool(truth[voxel])


def challenge_box(mask: MaskArray, rng: Draws) -> ChallengeBox | None:
    """The box of a structure, z, y, x: that of its middle slice, moved outward by up to 5 pixels.

    One shift is drawn for all four sides, and scaled from a slice of 256 pixels. It is not the box
    of the whole structure: what is wider on other slices is cut off. None for an empty mask.
    """
    slices = np.flatnonzero(mask.any(axis=(1, 2)))
    if not len(slices):
        return None
    middle = int(slices[len(slices) // 2])
    rows, columns = (np.flatnonzero(mask[middle].any(axis=axis)) for axis in (1, 0))
    height, width = mask.shape[1:]
    shift = rng.integers(0, _MOST_SHIFT + 1)
    down, right = int(shift * height / 256), int(shift * width / 256)
    return ChallengeBox(
        z_min=int(slices[0]),
        z_max=int(slices[-1]),
        z_mid=middle,
        z_mid_y_min=max(0, int(rows[0]) - down),
        z_mid_x_min=max(0, int(columns[0]) - right),
        z_mid_y_max=min(height - 1, int(rows[-1]) + down),
        z_mid_x_max=min(width - 1, int(columns[-1]) + right),
    )


def _depths(piece: MaskArray, most_voxels: int) -> NDArray[np.float64]:
    """How far each voxel of a piece is from its outside, in voxels."""
    width = [max(1, int(_PADDING * n)) for n in piece.shape]
    padded = np.pad(piece, [(w, w) for w in width])
    if padded.size > most_voxels:
        even = np.pad(padded, [(0, n % 2) for n in padded.shape])
        halves = even.reshape([m for n in even.shape for m in (n // 2, 2)])
        coarse = ndimage.distance_transform_edt(halves.any(axis=(1, 3, 5)))
        depths = coarse.repeat(2, 0).repeat(2, 1).repeat(2, 2)
    else:
        depths = ndimage.distance_transform_edt(padded)
    inner = tuple(slice(w, w + n) for w, n in zip(width, piece.shape, strict=True))
    return np.asarray(depths[inner])
