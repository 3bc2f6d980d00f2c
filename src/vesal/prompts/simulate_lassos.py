"""The lassos of a simulated user: a closed outline on one slice, round the object and a bit off."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from vesal.arrays import MaskArray, PageCorners, PageDistances, PageMask, PagePiece, PagePoints
from vesal.errors import ConfigError
from vesal.geometry.components import component_at
from vesal.geometry.outline import simplified, walked_round
from vesal.prompts.canvas import Canvas, canvas

Outline = tuple[tuple[float, ...], ...]
"""Corners as continuous array indices, the last joined to the first; all on one slice."""

_OUTSIDE = 0.15  # of the object's radius
_WOBBLE = 0.5  # of the way outside
_LEAST_OUTSIDE = 2.0  # pixels of the coarser axis: a pen is not steadier
_NEAREST = 0.5  # of the way outside: however it wobbles, it comes no nearer
_CLOSED = 3  # times as far as the lasso lies outside: narrower bays are cut off
_SMOOTH = 0.5  # standard deviation of the smoothing, in ways outside
_PER_MARGIN = 4  # pixels, or points of the outline, that the way outside is divided into
_TOLERANCE = 0.25  # of the simplified outline, in ways outside, or pixels at the array's border
_WAVES = 4  # that make up the wobble
_WAVELENGTH = (1.0, 3.0)  # of them, in radii


def lasso(
    region: MaskArray,
    spacing_mm: tuple[float, ...],
    rng: np.random.Generator,
    *,
    axis: int | None = None,
    outside: float = _OUTSIDE,
    wobble: float = _WOBBLE,
) -> Outline:
    """The outline that a user draws round the largest piece of a region on its largest slice.

    It holds the piece but for a few voxels at its border, cuts off narrow bays, has few corners,
    and does not leave the array. Empty for an empty region.

    Args:
        region: to draw round, 2D or 3D.
        spacing_mm: between voxel centres along each axis.
        rng: where the wobble comes from.
        axis: that slices lie across; the one with the largest spacing if not given.
        outside: how far out it lies, as a share of the radius of a disc of the piece's area; at
            least two pixels.
        wobble: by which share of that it comes nearer, half at most, or goes further out.

    Raises:
        ConfigError: a negative way outside, or a wobble that is not from 0 to 1.
    """
    if not (math.isfinite(outside) and outside >= 0 and 0 <= wobble <= 1):
        msg = (
            "a lasso lies outside by a share from 0 on and wobbles by one from 0 to 1, "
            f"got {outside} and {wobble}"
        )
        raise ConfigError(msg)
    page = canvas(region, spacing_mm, axis)
    if page is None:
        return ()
    spacing = np.array(page.spacing_mm)
    radius = math.sqrt(np.count_nonzero(page.piece) * float(spacing.prod()) / math.pi)
    margin = max(outside * radius, _LEAST_OUTSIDE * float(spacing.max()))
    walk = _walk(page, margin, wobble, radius, rng)
    corners = _tidied(walk * spacing, margin) / spacing
    low = -0.5 - np.array(page.start)
    high = low + np.array(page.sides)
    cut = np.clip(corners, low, high)
    # what was cut off at the border of the array lies near the piece: keep to it
    tolerance = _TOLERANCE * (margin if (cut == corners).all() else float(spacing.min()))
    few = simplified(cut * spacing, tolerance) / spacing
    return tuple(map(tuple, page.in_array(np.clip(few, low, high)).tolist()))


def _walk(
    page: Canvas, margin: float, wobble: float, radius: float, rng: np.random.Generator
) -> PagePoints:
    """Points round the piece, by about a margin in mm, in pixels of its box."""
    spacing = np.array(page.spacing_mm)
    coarser = np.maximum(1, np.floor(margin / (_PER_MARGIN * spacing))).astype(np.int64)
    step = spacing * coarser.astype(np.float64)
    border = np.ceil((_CLOSED + 2) * margin / step).astype(np.int64) + 1
    piece = np.pad(_pooled(page.piece, coarser), [(count, count) for count in border.tolist()])
    reached = _away(piece, step) <= _CLOSED * margin
    closed = _away(~reached, step) > _CLOSED * margin
    way = margin * np.maximum(_NEAREST, 1 + wobble * _noise(piece.shape, step / radius, rng))
    grown = component_at(_away(closed, step) <= way, np.argwhere(piece)[0].tolist())
    walk = np.array(walked_round(grown), np.float64) - border
    return walk * coarser + (coarser - 1) / 2  # the middle of a block of pixels


def _pooled(piece: PageMask, blocks: NDArray[np.int64]) -> PagePiece:
    """Which blocks of so many rows and columns hold a pixel of the piece."""
    rows, columns = blocks.tolist()
    filled = np.pad(piece, [(0, -n % b) for n, b in zip(piece.shape, (rows, columns), strict=True)])
    apart = filled.reshape(filled.shape[0] // rows, rows, -1, columns)
    return np.asarray(apart.any(axis=(1, 3)))


def _away(mask: PageMask, spacing_mm: NDArray[np.float64]) -> PageDistances:
    """The distance of each pixel from a mask that is not empty, in mm; 0 in it."""
    return np.asarray(ndimage.distance_transform_edt(~mask, sampling=spacing_mm.tolist()))


def _noise(
    shape: tuple[int, ...], steps: NDArray[np.float64], rng: np.random.Generator
) -> PageDistances:
    """Smooth noise from -1 to 1, made of a few waves; ``steps`` are pixels in radii."""
    rows, columns = (np.arange(n) * step for n, step in zip(shape, steps.tolist(), strict=True))
    total = np.zeros(shape)
    for _ in range(_WAVES):
        angle, phase = rng.uniform(0, 2 * math.pi, 2)
        number = 2 * math.pi / rng.uniform(*_WAVELENGTH)
        along = math.cos(angle) * rows[:, None] + math.sin(angle) * columns
        total += np.cos(number * along + phase)
    return np.clip(total / math.sqrt(_WAVES), -1, 1)


def _tidied(outline: PagePoints, margin: float) -> PageCorners:
    """A closed outline in mm with its steps smoothed away, by points a small part of it apart."""
    ring = np.concatenate([outline, outline[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(ring, axis=0), axis=1))])
    count = max(8, math.ceil(_PER_MARGIN * along[-1] / margin))
    places = np.linspace(0, along[-1], count, endpoint=False)
    even = np.stack([np.interp(places, along, ring[:, axis]) for axis in range(2)], axis=1)
    sigma = _SMOOTH * margin * count / along[-1]
    return np.asarray(ndimage.gaussian_filter1d(even, sigma, axis=0, mode="wrap"))
