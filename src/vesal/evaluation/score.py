"""All metrics of one mask at once."""

from dataclasses import dataclass

import numpy as np

from vesal.arrays import MaskArray
from vesal.errors import GeometryError
from vesal.evaluation.distance import border_distances
from vesal.evaluation.metrics import dice, iou, volume_error
from vesal.evaluation.surface import surface_dice
from vesal.geometry.components import mask_box
from vesal.geometry.grid import Grid

NSD_TOLERANCE_MM = 1.0  # SAM-Med3D's script; the CVPR 2025 challenge takes 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How good a mask is; the metrics of surfaces are None where they were not asked for.

    Attributes:
        dice: 0 to 1.
        iou: 0 to 1.
        nsd: surface Dice, 0 to 1.
        hd95_mm: infinite where one of the masks is empty.
        assd_mm: infinite where one of the masks is empty.
        volume_error: share of the true volume, below 0 where some is missing; infinite if the
            truth is empty and the mask is not.
        voxels: of the mask.
        truth_voxels: of the truth.
    """

    dice: float
    iou: float
    nsd: float | None = None
    hd95_mm: float | None = None
    assd_mm: float | None = None
    volume_error: float
    voxels: int
    truth_voxels: int


def measured(
    mask: MaskArray,
    truth: MaskArray,
    grid: Grid,
    *,
    tolerance_mm: float = NSD_TOLERANCE_MM,
    surfaces: bool = True,
) -> Score:
    """The metrics of a mask of a grid, on the part of the grid that holds mask and truth.

    Args:
        mask: what was found.
        truth: what there is.
        grid: of both; on a raster without a spacing, distances are in pixels.
        tolerance_mm: how far apart surfaces may run to agree in surface Dice.
        surfaces: whether to measure nsd, hd95_mm and assd_mm, which take nearly all the time.

    Raises:
        GeometryError: if mask or truth is not on the grid.
        ConfigError: if the tolerance is below 0 or no number.
    """
    if not mask.shape == truth.shape == grid.shape:
        msg = f"mask and truth need the grid's shape {grid.shape}, got {mask.shape}, {truth.shape}"
        raise GeometryError(msg)
    box = mask_box(mask | truth) or (slice(0, 1),) * grid.ndim
    mask, truth = mask[box], truth[box]
    nsd = hd95_mm = assd_mm = None
    if surfaces:
        nsd = surface_dice(mask, truth, grid.spacing_mm, tolerance_mm)
        distances = border_distances(mask, truth, grid.spacing_mm)
        hd95_mm, assd_mm = distances.hd95_mm, distances.assd_mm
    return Score(
        dice=dice(mask, truth),
        iou=iou(mask, truth),
        nsd=nsd,
        hd95_mm=hd95_mm,
        assd_mm=assd_mm,
        volume_error=volume_error(mask, truth),
        voxels=int(np.count_nonzero(mask)),
        truth_voxels=int(np.count_nonzero(truth)),
    )
