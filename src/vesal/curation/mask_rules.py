"""The published rules for masks, each on the grid that the mask came on.

A rule measures, compares, and gives the sentence of why a mask is left out, "" where it is kept.
"""

import numpy as np

from vesal.arrays import MaskArray
from vesal.geometry import Grid, Patch
from vesal.geometry.components import pieces


def volume_mm3(patch: Patch, grid: Grid) -> float:
    """Volume of a mask: its voxels times the volume of one."""
    return patch.count * grid.voxel_volume_mm3


def extents_mm(patch: Patch, grid: Grid) -> tuple[float, ...]:
    """Lengths of the box round a mask along the axes of the array, outer face to outer face."""
    return tuple(n * mm for n, mm in zip(patch.shape, grid.spacing_mm, strict=True))


def share(patch: Patch, grid: Grid) -> float:
    """Part of the image that a mask fills, 0 to 1."""
    return patch.count / grid.size


def too_small(patch: Patch, grid: Grid, least_mm3: float) -> str:
    """Says that a mask has less volume than it must have."""
    found = volume_mm3(patch, grid)
    if found >= least_mm3:
        return ""
    return f"the volume is {found / 1000:.3g} ml, less than {least_mm3 / 1000:g} ml"


def too_short(patch: Patch, grid: Grid, least_mm: float) -> str:
    """Says that the box round a mask is shorter along an axis than it must be.

    A length that is the threshold but for rounding (three voxels of 0.1 mm) is long enough.
    """
    found = extents_mm(patch, grid)
    if min(found) >= least_mm * (1 - 1e-9):
        return ""
    named = " x ".join(f"{mm:.3g}" for mm in found)
    return f"the extent is {named} mm, less than {least_mm:g} mm along an axis"


def too_sparse(patch: Patch, grid: Grid, least_share: float) -> str:
    """Says that a mask fills a smaller part of the image than it must."""
    found = share(patch, grid)
    if found >= least_share:
        return ""
    return f"{100 * found:.3g} % of the image are inside, less than {100 * least_share:g} %"


def largest_pieces(mask: MaskArray, most: int) -> tuple[MaskArray, int]:
    """A mask with its largest connected pieces alone, and how many there were.

    Voxels that touch by a face, an edge or a corner belong together. Of pieces of one size those
    count first that come first in C order.
    """
    numbers = pieces(mask)
    sizes = np.bincount(numbers.ravel())[1:]
    if len(sizes) <= most:
        return mask, len(sizes)
    kept = np.zeros(len(sizes) + 1, np.bool_)
    kept[1 + np.argsort(-sizes, kind="stable")[:most]] = True
    return np.asarray(kept[numbers]), len(sizes)
