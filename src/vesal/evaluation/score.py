"""All metrics of one mask at once."""

from dataclasses import dataclass

import numpy as np

from vesal.arrays import MaskArray
from vesal.errors import ConfigError
from vesal.evaluation.distance import border_distances
from vesal.evaluation.metrics import dice, iou, volume_error
from vesal.evaluation.surface import surface_dice
from vesal.geometry.components import mask_box


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How well a mask agrees with the true one (see `metrics`, `surface`, `distance`).

    Attributes:
        voxels: of the mask.
        volume_error: share by which it is too large.
        nsd: None where surfaces were not measured, as are the distances.
    """

    dice: float
    iou: float
    voxels: int
    volume_error: float
    nsd: float | None = None
    hd95_mm: float | None = None
    assd_mm: float | None = None


def score(
    mask: MaskArray,
    truth: MaskArray,
    spacing_mm: tuple[float, ...],
    *,
    tolerance_mm: float | None,
) -> Score:
    """The score of a mask.

    Args:
        mask: what was answered.
        truth: what is right.
        spacing_mm: along the array's axes.
        tolerance_mm: within which borders count as equal; None leaves surfaces out, which take
            most of the time.

    Raises:
        ConfigError: masks of different shapes, or of other than 2 or 3 axes if surfaces are asked.
    """
    if mask.shape != truth.shape:
        msg = f"masks must have one shape to be compared, got {mask.shape} and {truth.shape}"
        raise ConfigError(msg)
    box = mask_box(mask | truth)
    if box is not None:  # nothing outside counts for any metric
        mask, truth = mask[box], truth[box]
    plain = Score(
        dice=dice(mask, truth),
        iou=iou(mask, truth),
        voxels=int(np.count_nonzero(mask)),
        volume_error=volume_error(mask, truth),
    )
    if tolerance_mm is None:
        return plain
    distances = border_distances(mask, truth, spacing_mm)
    return Score(
        dice=plain.dice,
        iou=plain.iou,
        voxels=plain.voxels,
        volume_error=plain.volume_error,
        nsd=surface_dice(mask, truth, spacing_mm, tolerance_mm),
        hd95_mm=distances.hd95_mm,
        assd_mm=distances.assd_mm,
    )
