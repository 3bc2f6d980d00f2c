"""Masks and labels that a user brings along: they must lie on the image's own grid."""

from collections.abc import Sequence

import numpy as np

from vesal.arrays import MaskArray
from vesal.errors import PromptError
from vesal.geometry.grid import Grid
from vesal.geometry.patch import Patch
from vesal.images import Mask
from vesal.labels import LabelMap

_SAME_MM = 1e-3


def region_on(
    grid: Grid, region: Mask | MaskArray | LabelMap, numbers: Sequence[int] = ()
) -> Patch:
    """A mask, or some labels of a map, as a patch.

    Args:
        grid: of the image.
        region: on that grid.
        numbers: of the labels that count; all if there are none. Of no use for a mask.

    Raises:
        PromptError: another shape, or another place in the world.
        ConfigError: a label that the map does not have.
    """
    array = region if isinstance(region, np.ndarray) else region.array
    if array.shape != grid.shape:
        msg = f"a mask must have the image's shape {grid.shape}, got {array.shape}"
        raise PromptError(msg)
    if not isinstance(region, np.ndarray) and not region.grid.same_as(grid, _SAME_MM):
        far = float(np.abs(region.grid.affine - grid.affine).max())
        msg = (
            "a mask must lie where the image lies, got one whose affine differs by up to "
            f"{far:.3g} mm; resample it to the image first"
        )
        raise PromptError(msg)
    if isinstance(region, LabelMap) and numbers:
        known = [region.segment(number).number for number in numbers]
        return Patch.of(np.isin(region.array, known))
    return Patch.of(array != 0)
