"""The simulated user of the CVPR 2025 challenge, click for click and box for box.

"Foundation Models for Interactive 3D Biomedical Image Segmentation": the rules of the organisers'
evaluator and box generator (JunMa11/CVPR-MedSegFMCompetition, 2025-06-03). Arrays are z, y, x.
"""

import math
from dataclasses import dataclass

import edt  # type: ignore[import-not-found]  # compiled, without types
import numpy as np
from scipy import ndimage

from vesal.arrays import MaskArray
from vesal.geometry.components import mask_box, pieces
from vesal.prompts.simulate import Draws, Placed
from vesal.prompts.simulate_boxes import IndexBox

_POOLED_ABOVE = 60_000_000  # voxels of the padded piece; then depth is measured on half the grid
_PADDING = 0.25  # of the piece's extent, on either side
_SEED = 42  # set anew before every draw
_EXACT_SIDE = 2048  # voxels: whole numbers below 2**24 are exact in float32
_MOST_SHIFT = 5  # pixels of an image of _SHIFT_SIDE
_SHIFT_SIDE = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeBox:
    """A box as the challenge's files have it: on the middle slice, and which slices there are.

    All numbers are indices of voxels that are in it. `dataclasses.asdict` gives the entry of the
    file. It is not the box round the object, which may reach further on other slices.
    """

    z_min: int
    z_max: int
    z_mid: int
    z_mid_x_min: int
    z_mid_y_min: int
    z_mid_x_max: int
    z_mid_y_max: int

    @property
    def solid(self) -> IndexBox:
        """The rectangle of the middle slice on all slices from the first to the last."""
        low = (self.z_min, self.z_mid_y_min, self.z_mid_x_min)
        return low, (self.z_max + 1, self.z_mid_y_max + 1, self.z_mid_x_max + 1)

    @property
    def flat(self) -> IndexBox:
        """The rectangle on the middle slice alone."""
        low, high = self.solid
        return (self.z_mid, *low[1:]), (self.z_mid + 1, *high[1:])


def challenge_click(
    truth: MaskArray, predicted: MaskArray, *, pooled_above: int = _POOLED_ABOVE
) -> Placed | None:
    """The voxel deepest inside the largest piece of error, and whether the target has it.

    What is missed and what is too much are one error: a piece may hold both. Voxels that touch by
    a corner hang together, of equal pieces the first in C order counts, depth is in voxels, and the
    border of the array is a border. Of voxels as deep one is drawn, always with the same seed.
    None without an error.

    Args:
        truth: the target.
        predicted: what the model says.
        pooled_above: of a padded piece of more voxels the depth is measured on half the grid.
    """
    box = mask_box(truth ^ predicted)
    if box is None:
        return None
    error = truth[box] ^ predicted[box]
    labels = pieces(error)
    sizes = np.bincount(labels[error])  # nothing is 0 there
    piece = np.asarray(labels == int(np.argmax(sizes)))
    inner = mask_box(piece) or box  # never empty
    piece = piece[inner]
    deepest = np.flatnonzero(_deepest(piece, pooled_above))
    pick = np.random.RandomState(_SEED).choice(len(deepest))
    index = np.unravel_index(deepest[pick], piece.shape)
    voxel = tuple(int(i) + a.start + b.start for i, a, b in zip(index, inner, box, strict=True))
    return voxel, bool(truth[voxel])


def challenge_box(mask: MaskArray, rng: Draws) -> ChallengeBox | None:
    """The box of the challenge's files: made on the middle slice, and shifted outwards once.

    The middle one of the slices that the object has, counted and not measured. All four sides of
    the box move outwards by one draw of 0 to 5, which counts pixels of an image of 256 a side. A 2D
    mask is the only slice. The published boxes were drawn by processes side by side and cannot be
    drawn again. None for an empty mask.
    """
    volume = mask.reshape((1,) * (3 - mask.ndim) + mask.shape)
    slices = np.flatnonzero(volume.any(axis=(1, 2)))
    if not len(slices):
        return None
    middle = int(slices[len(slices) // 2])
    rows = np.flatnonzero(volume[middle].any(axis=1))
    columns = np.flatnonzero(volume[middle].any(axis=0))
    drawn = rng.integers(0, _MOST_SHIFT + 1)
    height, width = volume.shape[1:]
    down, right = (int(drawn * side / _SHIFT_SIDE) for side in (height, width))
    return ChallengeBox(
        z_min=int(slices[0]),
        z_max=int(slices[-1]),
        z_mid=middle,
        z_mid_x_min=max(0, int(columns[0]) - right),
        z_mid_y_min=max(0, int(rows[0]) - down),
        z_mid_x_max=min(width - 1, int(columns[-1]) + right),
        z_mid_y_max=min(height - 1, int(rows[-1]) + down),
    )


def _deepest(piece: MaskArray, pooled_above: int) -> MaskArray:
    """The deepest voxels of a piece that fills its array."""
    padding = [max(1, int(_PADDING * n)) for n in piece.shape]
    padded = [n + 2 * p for n, p in zip(piece.shape, padding, strict=True)]
    if math.prod(padded) > pooled_above:
        return _deepest_pooled(piece, padding)
    if max(piece.shape) <= _EXACT_SIDE:
        # Squared distances are whole numbers, and so is all that is computed on the way to them:
        # exact in float32, so that the ties are those of float64 in a small part of the time.
        depth = edt.edtsq(np.ascontiguousarray(piece), black_border=True)
    else:
        framed = np.pad(piece, 1)  # more zeros than these change no distance
        depth = ndimage.distance_transform_edt(framed)[(slice(1, -1),) * piece.ndim]
    return np.asarray(depth == depth.max())


def _deepest_pooled(piece: MaskArray, padding: list[int]) -> MaskArray:
    """The deepest voxels as measured on half the grid: the challenge's way with large pieces.

    The padding is halved too. Where that leaves no zero at a side, the border is none there.
    """
    # an odd length is filled up with a zero
    sides = [(p, p + n % 2) for n, p in zip(piece.shape, padding, strict=True)]
    half = np.pad(piece, sides)
    for axis in range(piece.ndim):
        before = (slice(None),) * axis
        half = half[(*before, slice(0, None, 2))] | half[(*before, slice(1, None, 2))]
    depth = ndimage.distance_transform_edt(half)
    for axis in range(piece.ndim):
        depth = depth.repeat(2, axis=axis)
    kept = tuple(slice(p, p + n) for p, n in zip(padding, piece.shape, strict=True))
    depth = depth[kept] * piece
    return np.asarray(depth == depth.max()) if depth.any() else piece
