"""Tells whether two images are the same scan, whatever became of its file.

Results on images that a model was trained on are worth nothing, and files change their names, axes,
types and intensities on the way from one data set to another. A signature is made of what stays:
whether a block of the image is brighter or darker than the next one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vesal.arrays import Intensities, Resampled
from vesal.datasets.clusters import leaders
from vesal.geometry import Grid
from vesal.images import Image

_BLOCKS = {2: 24, 3: 12}  # along each axis
# Of the blocks' standard deviation: smaller steps are noise, air above all, and say nothing.
_LEAST_STEP = 0.1
# Measured on four volumes and a picture: the same one resampled to a half, in another window or
# without 2 % of each axis differs by up to 0.23 (the picture by 0.37); pulled out of shape by 10 mm
# as another patient would be, by 0.24 to 0.65; other scans by 0.73 and more.
BOUND = 0.3
"""The `difference` of two images of one scan at most."""
_LEAST_BITS = 0.01  # of all: an image with fewer steps, such as the edge of a scan, says nothing
_CHUNK = 256
_AXES = {"L": (0, -1), "R": (0, 1), "P": (1, -1), "A": (1, 1), "I": (2, -1), "S": (2, 1)}
_PAGE_AXES = {"D": (0, 1), "U": (0, -1), "R": (1, 1), "L": (1, -1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What is left of an image: which blocks are brighter, and which darker, than the next one.

    Attributes:
        ndim: axes of the image.
        bits: one for each pair of neighbours and direction of the step; all 0 for an image without
            contrast.
    """

    ndim: int
    bits: bytes

    @property
    def is_blank(self) -> bool:
        """True where the image has next to nothing to tell it from others."""
        count = int.from_bytes(self.bits, "big").bit_count()
        return count <= _LEAST_BITS * 8 * len(self.bits)


def signature(image: Image) -> Signature:
    """The signature of an image.

    It is the same for other axes with the affine to them, other types, other brightness and
    contrast, and nearly the same after resampling, a change of window, and a crop of a few voxels.
    """
    means = _block_means(_upright(image.grey(), image.grid))
    least = _LEAST_STEP * float(means.std())
    if not least > 1e-6 * float(np.abs(means).max()):  # rounding of a constant
        return Signature(ndim=image.grid.ndim, bits=bytes(_length(image.grid.ndim)))
    steps = [np.diff(means, axis=axis).ravel() for axis in range(means.ndim)]
    flat = np.concatenate(steps)
    bits = np.packbits(np.concatenate([flat > least, flat < -least]))
    return Signature(ndim=image.grid.ndim, bits=bits.tobytes())


def signature_record(signature: Signature | None) -> list[object] | None:
    """A signature as JSON holds it."""
    return None if signature is None else [signature.ndim, signature.bits.hex()]


def signature_from_record(record: Sequence[object] | None) -> Signature | None:
    """The inverse of `signature_record`.

    Raises:
        ValueError, TypeError: it is no record of one.
    """
    if record is None:
        return None
    ndim, bits = record
    return Signature(ndim=int(str(ndim)), bits=bytes.fromhex(str(bits)))


def difference(first: Signature, second: Signature) -> float:
    """How much two images differ: 0 for the same steps, 1 for none in common.

    The bits that only one of them has, as a share of those that either has.
    """
    if first.ndim != second.ndim or first.is_blank or second.is_blank:
        return 1.0
    one, other = (int.from_bytes(each.bits, "big") for each in (first, second))
    return (one ^ other).bit_count() / (one | other).bit_count()


def alike(first: Signature, second: Signature) -> bool:
    """Whether two images are the same scan, as far as one can tell; blank ones never are."""
    return difference(first, second) <= BOUND


def find_twins(
    signatures: Mapping[str, Signature], most_different: float = BOUND
) -> tuple[tuple[str, ...], ...]:
    """Groups of names of images that are alike, each group and all of them in order.

    An image belongs to a group if it is like any one in it.

    Args:
        signatures: of all images, by their names.
        most_different: see `difference`.
    """
    links: list[tuple[str, str]] = []
    for ndim in _BLOCKS:
        names = sorted(n for n, s in signatures.items() if s.ndim == ndim and not s.is_blank)
        links += _close(names, signatures, most_different)
    groups: dict[str, list[str]] = {}
    for name, leader in sorted(leaders(links).items()):
        groups.setdefault(leader, []).append(name)
    return tuple(tuple(names) for names in groups.values())


def _close(
    names: list[str], signatures: Mapping[str, Signature], most_different: float
) -> list[tuple[str, str]]:
    """All pairs of names that are alike."""
    if len(names) < 2:
        return []
    rows = np.stack([np.frombuffer(signatures[name].bits, np.uint8) for name in names])
    bits = np.unpackbits(rows, axis=1).astype(np.float32)
    counts = bits.sum(axis=1)
    close = []
    for start in range(0, len(names), _CHUNK):
        common = bits[start : start + _CHUNK] @ bits.T  # exact: far fewer than 2**24 bits
        either = counts[start : start + _CHUNK, None] + counts - common
        for row, column in np.argwhere((either - common) / either <= most_different):
            if start + row < column:
                close.append((names[start + row], names[column]))
    return close


def _upright(values: Intensities, grid: Grid) -> Resampled:
    """Values with axes along the world's, each growing with it: RAS, or down and right."""
    known = _AXES if grid.ndim == 3 else _PAGE_AXES
    axes = [known[letter] for letter in grid.orientation]
    order = np.argsort([axis for axis, _ in axes])
    turned = values[tuple(slice(None, None, sign) for _, sign in axes)]
    upright: Resampled = np.transpose(turned, order)
    return upright


def _block_means(values: Intensities) -> NDArray[np.float64]:
    """Means over equal blocks of the whole image; a voxel on their border counts for both."""
    means = values
    for axis in range(values.ndim):
        weights = _weights(values.shape[axis], _BLOCKS[values.ndim])
        means = np.moveaxis(np.tensordot(weights, means, axes=(1, axis)), 0, axis)
    return means.astype(np.float64)


def _weights(length: int, blocks: int) -> Intensities:
    """How much of each block a voxel is, (block, voxel)."""
    edges = np.linspace(0, length, blocks + 1)
    index = np.arange(length)
    covered = np.minimum(edges[1:, None], index + 1) - np.maximum(edges[:-1, None], index)
    weights: Intensities = (np.clip(covered, 0, None) * blocks / length).astype(np.float32)
    return weights


def _length(ndim: int) -> int:
    """Bytes of a signature."""
    blocks = _BLOCKS[ndim]
    return int(2 * ndim * (blocks - 1) * blocks ** (ndim - 1) + 7) // 8
