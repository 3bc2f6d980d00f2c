"""How much of two surfaces runs close together: pieces of border, weighed by their area."""

import functools
import itertools

import numpy as np
from scipy import ndimage

from vesal.arrays import Codes, ElementSizes, MaskArray, PointFlags
from vesal.errors import ConfigError
from vesal.evaluation.distance import check_masks, nearest_mm
from vesal.geometry.components import mask_box

# a distance that equals the tolerance but for the rounding of its last digits is within it
_ROUNDING = 1e-9


def surface_dice(
    mask: MaskArray, truth: MaskArray, spacing_mm: tuple[float, ...], tolerance_mm: float
) -> float:
    """Return the share, 0 to 1, of both borders that runs within the tolerance of the other (NSD).

    Nikolov et al. (2021), by border elements as in DeepMind's surface-distance, which the papers
    and the CVPR 2025 challenge use: a cell between voxel centres holds a piece of border, weighted
    by its area (in 2D by its length) and as far away as the cell's centre. What lies beyond the
    array counts as outside. Two empty masks agree (1), one empty mask agrees with nothing (0);
    SAM-Med3D's script leaves cases out where both are empty. An axis of one voxel counts too: both
    sides of a single slice are border. The reference decides by the last binary digit whether three
    steps of 0.1 mm are within 0.3 mm (it says no); here they are.

    Raises:
        ConfigError: a tolerance that is below 0 or no number, or masks of other than 2 or 3 axes,
            of two shapes, or with another number of spacings.
    """
    if not tolerance_mm >= 0:
        msg = f"the tolerance must be 0 mm or more, got {tolerance_mm}"
        raise ConfigError(msg)
    check_masks(mask, truth, spacing_mm)
    box = mask_box(mask | truth)
    if box is None:
        return 1.0
    spacing = tuple(spacing_mm)
    codes = [_corner_codes(m[box]) for m in (mask, truth)]
    borders = [(code > 0) & (code < 2**2**mask.ndim - 1) for code in codes]
    if not all(border.any() for border in borders):
        return 0.0
    elements = [element_sizes(spacing)[c[b]] for c, b in zip(codes, borders, strict=True)]
    near = [
        _near(border, other, spacing, tolerance_mm) for border, other in (borders, borders[::-1])
    ]
    within = sum(float(e[n].sum()) for e, n in zip(elements, near, strict=True))
    return within / sum(float(e.sum()) for e in elements)


def _near(
    border: MaskArray, other: MaskArray, spacing_mm: tuple[float, ...], tolerance_mm: float
) -> PointFlags:
    """Which cells of a border have one of the other border within the tolerance."""
    limit_mm = tolerance_mm * (1 + _ROUNDING)
    return nearest_mm(border, other, spacing_mm, within_mm=limit_mm) <= limit_mm


def _corner_codes(mask: MaskArray) -> Codes:
    """For each cell between voxel centres, which of its corners are inside, a bit for each."""
    framed = np.pad(mask, 1)
    codes = np.zeros(tuple(n - 1 for n in framed.shape), np.uint8)
    for bit, offset in enumerate(itertools.product((0, 1), repeat=mask.ndim)):
        corner = tuple(slice(o, o + n) for o, n in zip(offset, codes.shape, strict=True))
        codes |= framed[corner].astype(np.uint8) << bit
    return codes


@functools.lru_cache(maxsize=64)
def element_sizes(spacing_mm: tuple[float, ...]) -> ElementSizes:
    """Area in mm^2 (in 2D length in mm) of the border in a cell, for each code of its corners.

    The border is that of marching cubes with vertices in the middle of edges. Corners that touch
    by no edge are cut off one by one, on the side that has fewer of them.
    """
    ndim = len(spacing_mm)
    piece_size = _piece_length if ndim == 2 else _piece_area
    sizes = np.zeros(2**2**ndim)
    for code in range(len(sizes)):
        bits = [bool(code >> bit & 1) for bit in range(2**ndim)]
        corners = np.array(bits).reshape((2,) * ndim)
        fewer = corners if 2 * corners.sum() <= corners.size else ~corners
        labels, count = ndimage.label(fewer)
        sizes[code] = sum(piece_size(labels == i + 1, spacing_mm) for i in range(count))
    return sizes


def _piece_length(piece: MaskArray, spacing_mm: tuple[float, ...]) -> float:
    """Length of the line round a corner of a square, or between two pairs of corners."""
    if piece.sum() == 1:
        return float(np.linalg.norm(spacing_mm)) / 2
    return float(_pairs(piece) @ np.array(spacing_mm))


def _piece_area(piece: MaskArray, spacing_mm: tuple[float, ...]) -> float:
    """Area of the surface round one to four corners of a cube that hang together by edges."""
    faces = np.prod(spacing_mm) / np.array(spacing_mm)  # of the cell, across each axis
    roofs = np.sqrt(np.square(faces).sum() - np.square(faces)) / 2  # round an edge along each axis
    tip = float(np.linalg.norm(faces)) / 8  # the triangle that cuts off a corner
    pairs, corners = _pairs(piece), int(piece.sum())
    if corners <= 2:
        return tip if corners == 1 else float(roofs @ pairs)
    if corners == 3:  # a triangle across the cell, and the slope where the fourth would be
        return float(faces @ (pairs == 0)) / 2 + 3 * tip
    if pairs.max() == 2:  # one whole side: a plane
        return float(faces @ (pairs == 0))
    ends = piece & piece[::-1, ::-1, ::-1]
    if not ends.any():  # a corner and its three neighbours: a hexagon
        return 6 * tip
    middle = _pairs(piece & ~ends)  # a chain from a corner to the opposite one
    return 4 * tip + float(roofs @ (1 - middle)) / 2


def _pairs(piece: MaskArray) -> ElementSizes:
    """How many pairs of neighbours there are along each axis."""
    pairs = [
        np.count_nonzero(piece.take(0, axis) & piece.take(1, axis)) for axis in range(piece.ndim)
    ]
    return np.array(pairs, np.float64)
