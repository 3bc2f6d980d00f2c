"""How sure an answer is, and where a further click would tell most: from the logits alone.

What these numbers are worth was measured: docs/confidence.md.
"""

from dataclasses import dataclass

import numpy as np

from vesal.arrays import MaskArray
from vesal.geometry.components import distance_to_border, pieces_with
from vesal.geometry.grid import Grid
from vesal.geometry.patch import Patch
from vesal.inference.answer import Answer, Evidence
from vesal.inference.paste import share_of
from vesal.inference.request import Request

_OFFSET = 1.0  # of the logit: SAM's stability score, its authors' choice
_UNSURE = 1.0  # logits nearer to 0 count as unsure
_LEAST_DEPTH = 1.0  # voxels of evidence: a thinner region is the border of any mask


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A place to click next."""

    point_mm: tuple[float, ...]
    """In the middle of a region of which the model is unsure."""
    inside: bool
    """What the model rather takes it for."""


def stability(answer: Answer, grid: Grid) -> float | None:
    """How little the mask would change if the model were a little more or less sure, 0 to 1.

    The IoU of the masks at logits above and below the threshold by one (SAM, appendix B), of the
    pieces that the answer consists of. None where the model was not asked.

    Args:
        answer: of any predictor.
        grid: of the image.
    """
    common = whole = 0.0
    for one in answer.evidence:
        likely = _near(one, answer.mask, grid)
        voxel = one.grid.voxel_volume_mm3
        common += voxel * np.count_nonzero(likely & (one.logits > _OFFSET))
        whole += voxel * np.count_nonzero(likely)
    return float(common / whole) if whole else None


def suggestion(answer: Answer, request: Request, grid: Grid) -> Suggestion | None:
    """The middle of the thickest region at the object of which the model is unsure.

    None where there is none that is thicker than the border of any mask.

    Args:
        answer: the last one.
        request: all that was said; what was clicked or drawn over is not suggested again.
        grid: of the image.
    """
    best, depth = None, 0.0
    for one in answer.evidence:
        unsure = (
            _near(one, answer.mask, grid)
            & (np.abs(one.logits) < _UNSURE)
            & ~_said(one.grid, request, grid)
        )
        depths = distance_to_border(unsure, one.grid.spacing_mm)
        place = np.unravel_index(int(np.argmax(depths)), depths.shape)
        deep = float(depths[place])
        if deep > max(depth, _LEAST_DEPTH * _thickness(one.grid)):
            index = np.array([place], np.float64)
            inside = grid.contains(grid.to_index(one.grid.to_world(index)))[0]
            if inside:
                best, depth = (one, place), deep
    if best is None:
        return None
    one, place = best
    point = one.grid.to_world(np.array([place], np.float64))[0]
    return Suggestion(point_mm=tuple(point.tolist()), inside=bool(one.logits[place] > 0))


def _near(one: Evidence, patch: Patch, grid: Grid) -> MaskArray:
    """What may belong to the object: likely voxels in one piece with its mask."""
    likely = one.logits > -_OFFSET
    if patch.is_empty or not likely.any():
        return np.zeros_like(likely)
    return pieces_with(likely, likely & (share_of(patch, grid, one.grid) > 0))


def _said(window: Grid, request: Request, grid: Grid) -> MaskArray:
    """The voxels of a window of which the user has said what they are."""
    said = np.zeros(window.shape, np.bool_)
    for voxel, _ in request.clicks.voxels(window):
        said[voxel] = True
    for region in request.regions:
        if not region.patch.is_empty:
            said |= share_of(region.patch, grid, window) > 0
    return said


def _thickness(window: Grid) -> float:
    """The largest spacing along an axis of more than one voxel, mm."""
    axes = zip(window.spacing_mm, window.shape, strict=True)
    return max((mm for mm, count in axes if count > 1), default=1.0)
