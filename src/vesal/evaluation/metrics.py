"""How well a mask agrees with the true one, by counting voxels."""

import math

import numpy as np

from vesal.arrays import MaskArray


def dice(mask: MaskArray, truth: MaskArray) -> float:
    """Twice the overlap over the sum of sizes, 0 to 1; two empty masks agree (1). Dice (1945)."""
    sizes = int(np.count_nonzero(mask)) + int(np.count_nonzero(truth))
    return 1.0 if sizes == 0 else 2 * int(np.count_nonzero(mask & truth)) / sizes


def iou(mask: MaskArray, truth: MaskArray) -> float:
    """The overlap over the union, 0 to 1; two empty masks agree (1). Jaccard (1912).

    SAM-Med2D and SAM-UNet add 1e-7 above and below, which changes nothing that is printed.
    """
    union = int(np.count_nonzero(mask | truth))
    return 1.0 if union == 0 else int(np.count_nonzero(mask & truth)) / union


def volume_error(mask: MaskArray, truth: MaskArray) -> float:
    """The volume that is too much, as a share of the true one; below 0 where some is missing.

    From -1 (nothing found) up without a bound. Two empty masks agree (0); where only the truth is
    empty, anything is infinitely too much.
    """
    found, true = int(np.count_nonzero(mask)), int(np.count_nonzero(truth))
    if true == 0:
        return math.inf if found else 0.0
    return (found - true) / true
