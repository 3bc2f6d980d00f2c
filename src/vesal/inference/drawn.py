"""Scribbles and lassos as voxels of a grid, and the clicks that say the same."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from vesal.arrays import MaskArray, PointsIndex, PointsMm
from vesal.errors import PromptError
from vesal.geometry.grid import Grid
from vesal.geometry.patch import Patch
from vesal.prompts import Lasso, Scribble

_STEP = 0.5  # voxels between samples of a line: no voxel of it is missed by more than a corner
_APART = 0.25  # voxels between corners of an outline: closer ones say nothing new
_MOST_CLICKS = 6  # that stand for a scribble
_CANDIDATES = 4096  # voxels among which the deepest one is looked for


def scribbled(scribble: Scribble, grid: Grid) -> Patch:
    """The voxels that a scribble was drawn over.

    Raises:
        PromptError: if no part of it lies in the image.
    """
    index = grid.to_index(np.array(scribble.points_mm))
    line = _joined(index) if scribble.joined else index
    voxels = np.unique(np.round(line[grid.contains(line)]).astype(np.int64), axis=0)
    if not len(voxels):
        raise PromptError("the scribble lies outside the image; draw on the image")
    return _patch(np.clip(voxels, 0, np.array(grid.shape) - 1), grid)


def scribble_clicks(scribble: Scribble, grid: Grid) -> PointsMm:
    """Points of a scribble that stand for it: spread over it, at most six, those inside the image.

    The middle of the drawing first, then always the place furthest from those chosen.
    """
    voxels = _voxels(scribbled(scribble, grid))
    spots = voxels[:: max(1, len(voxels) // _CANDIDATES)]
    metric = spots * np.array(grid.spacing_mm)
    chosen = [int(np.argmin(np.linalg.norm(metric - metric.mean(axis=0), axis=1)))]
    distances = np.linalg.norm(metric - metric[chosen[0]], axis=1)
    least = 4 * max(grid.spacing_mm)  # closer clicks say the same
    while len(chosen) < _MOST_CLICKS and distances.max() > least:
        chosen.append(int(np.argmax(distances)))
        distances = np.minimum(distances, np.linalg.norm(metric - metric[chosen[-1]], axis=1))
    return grid.to_world(spots[chosen].astype(np.float64))


def lassoed(lasso: Lasso, grid: Grid) -> tuple[Patch, Patch]:
    """The voxels that an outline holds on its plane, and those of the plane around it.

    A voxel is on the plane if the plane passes within half a voxel of its centre. Around: the whole
    slice where the plane is one, else as far as the outline is long.

    Raises:
        PromptError: if the outline does not lie in one plane, or holds no voxel of the image.
    """
    corners = grid.to_index(np.array(lasso.outline_mm))
    axes, middle = _plane(corners)
    part = _around(corners, axes, grid)
    local = np.stack(np.meshgrid(*(np.arange(s.start, s.stop) for s in part), indexing="ij"), -1)
    offsets = local.reshape(-1, grid.ndim) - middle
    on_plane = np.ones(len(offsets), np.bool_)
    if grid.ndim == 3:
        on_plane = np.abs(offsets @ axes[2]) <= 0.5 * np.abs(axes[2]).max() + 1e-6
    flat = offsets[on_plane] @ axes[:2].T
    held = np.zeros(len(offsets), np.bool_)
    held[on_plane] = _in_polygon(flat, _thinned((corners - middle) @ axes[:2].T))
    if not held.any():
        raise PromptError("the lasso holds no voxel of the image; draw it larger, or on the image")
    shape, start = local.shape[:-1], [s.start for s in part]
    inside = held.reshape(shape)
    around = (on_plane & ~held).reshape(shape)
    return Patch.of(inside, start, grid.shape), Patch.of(around, start, grid.shape)


def deepest(patch: Patch, around: Patch, grid: Grid) -> PointsMm:
    """The voxel of a patch furthest from its surroundings, as one point in world mm."""
    inside, outside = (_voxels(p)[:: max(1, p.count // _CANDIDATES)] for p in (patch, around))
    spacing = np.array(grid.spacing_mm)
    best = len(inside) // 2
    if len(outside):
        best = int(np.argmax(cKDTree(outside * spacing).query(inside * spacing)[0]))
    return grid.to_world(inside[best : best + 1].astype(np.float64))


def _joined(index: PointsIndex) -> NDArray[np.float64]:
    """Points along the line through all corners, closer than a voxel."""
    pieces = [index[:1]]
    for a, b in pairwise(index):
        count = max(1, int(np.ceil(np.abs(b - a).max() / _STEP)))
        pieces.append(a + (b - a) * np.linspace(0, 1, count + 1)[1:, None])
    return np.concatenate(pieces)


def _plane(corners: PointsIndex) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Directions of the plane of an outline and its normal, as rows, and its middle, in voxels."""
    middle = corners.mean(axis=0)
    _, _, axes = np.linalg.svd(corners - middle)
    if len(axes) == 3:
        away = float(np.abs((corners - middle) @ axes[2]).max())
        if away > 0.5:
            msg = (
                "the corners of a lasso must lie in one plane, "
                f"got one {away:.1f} voxels beside it; draw it on one slice"
            )
            raise PromptError(msg)
    return axes, middle


def _around(corners: PointsIndex, axes: NDArray[np.float64], grid: Grid) -> tuple[slice, ...]:
    """The part of the image in which the plane of an outline is looked at."""
    shape = np.array(grid.shape)
    low, high = corners.min(axis=0), corners.max(axis=0)
    aligned = grid.ndim == 2 or np.abs(axes[2]).max() > 1 - 1e-6
    margin = np.where(high - low > 0.5, shape if aligned else high - low, 0.0)
    starts = np.clip(np.floor(low - margin), 0, shape - 1).astype(int)
    stops = np.clip(np.ceil(high + margin) + 1, starts + 1, shape).astype(int)
    return tuple(slice(int(a), int(b)) for a, b in zip(starts, stops, strict=True))


def _thinned(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """The outline without corners that lie on the one before."""
    kept = [corners[0]]
    for corner in corners[1:]:
        if np.abs(corner - kept[-1]).max() > _APART:
            kept.append(corner)
    return np.array(kept) if len(kept) > 2 else corners


def _in_polygon(points: NDArray[np.float64], corners: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which points an outline holds: those from which a ray meets it an odd number of times."""
    order = np.argsort(points[:, 1], kind="stable")
    across, along = points[order, 0], points[order, 1]
    odd = np.zeros(len(points), np.bool_)
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        low, high = (a, b) if a[1] < b[1] else (b, a)
        rows = slice(*np.searchsorted(along, [low[1], high[1]]))
        if rows.start < rows.stop:
            slope = (high[0] - low[0]) / (high[1] - low[1])
            odd[rows] ^= across[rows] < low[0] + (along[rows] - low[1]) * slope
    inside = np.empty_like(odd)
    inside[order] = odd
    return inside


def _voxels(patch: Patch) -> NDArray[np.int64]:
    voxels: NDArray[np.int64] = np.argwhere(patch.array()) + np.array(patch.start)
    return voxels


def _patch(voxels: NDArray[np.int64], grid: Grid) -> Patch:
    start = voxels.min(axis=0)
    mask: MaskArray = np.zeros(voxels.max(axis=0) - start + 1, np.bool_)
    mask[tuple((voxels - start).T)] = True
    return Patch.of(mask, start.tolist(), grid.shape)
