"""How well a mask agrees with the true one, voxel by voxel."""

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
    """How much larger the mask is than the true one, as a share of it: 0.1 for a tenth too large.

    -1 for an empty mask; of an empty truth 0 for an empty mask, else infinite.
    """
    found, known = int(np.count_nonzero(mask)), int(np.count_nonzero(truth))
    if known == 0:
        return 0.0 if found == 0 else float("inf")
    return (found - known) / known
