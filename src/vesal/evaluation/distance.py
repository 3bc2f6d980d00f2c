"""How far the borders of two masks lie apart, in mm: HD95 and ASSD."""

from dataclasses import dataclass

import edt  # type: ignore[import-not-found]  # compiled, without types
import numpy as np
from scipy import ndimage

from vesal.arrays import ElementSizes, MaskArray
from vesal.errors import ConfigError
from vesal.geometry.components import mask_box

_INFINITE = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class BorderDistances:
    """Distances between the borders of two masks.

    Border voxels are those of a mask with a face neighbour outside it; what lies beyond the array
    counts as outside. Distances are between voxel centres, by the spacing along the array's axes.

    Attributes:
        hd95_mm: the larger of the two 95th percentiles of distances from one border to the other
            (interpolated), as in Metrics Reloaded (Maier-Hein et al., 2024) and MONAI. MedPy's
            hd95 takes one percentile of both directions together, which is smaller or equal.
        assd_mm: mean over the voxels of both borders together (Metrics Reloaded, MONAI with
            symmetric=True). MedPy's assd is the mean of the two means.
    """

    hd95_mm: float
    assd_mm: float


def border_distances(
    mask: MaskArray, truth: MaskArray, spacing_mm: tuple[float, ...]
) -> BorderDistances:
    """The distances between the borders of two masks; infinite if one is empty, 0 if both are.

    Raises:
        ConfigError: masks of other than 2 or 3 axes.
    """
    if mask.ndim not in (2, 3):
        msg = f"borders are measured in 2 or 3 axes, got masks of shape {mask.shape}"
        raise ConfigError(msg)
    box = mask_box(mask | truth)
    if box is None:
        return BorderDistances(hd95_mm=0.0, assd_mm=0.0)
    borders = [_border(m[box]) for m in (mask, truth)]
    if not all(border.any() for border in borders):
        return BorderDistances(hd95_mm=_INFINITE, assd_mm=_INFINITE)
    there, back = (_distances(one, other, spacing_mm) for one, other in (borders, borders[::-1]))
    return BorderDistances(
        hd95_mm=max(float(np.percentile(way, 95)) for way in (there, back)),
        assd_mm=float(np.concatenate([there, back]).mean(dtype=np.float64)),
    )


def _border(mask: MaskArray) -> MaskArray:
    """The voxels of a mask that have a face neighbour outside it, or outside the array."""
    return np.asarray(mask & ~ndimage.binary_erosion(mask))


def _distances(border: MaskArray, other: MaskArray, spacing_mm: tuple[float, ...]) -> ElementSizes:
    """From each voxel of a border to the nearest one of the other, right to 7 digits."""
    away_mm = edt.edt(np.ascontiguousarray(~other), anisotropy=tuple(spacing_mm))
    return np.asarray(away_mm[border], np.float64)
