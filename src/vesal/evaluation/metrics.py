"""How well a mask agrees with the true one."""

import numpy as np

from vesal.arrays import MaskArray


def dice(mask: MaskArray, truth: MaskArray) -> float:
    """Twice the overlap over the sum of sizes, 0 to 1; two empty masks agree (1). Dice (1945)."""
    sizes = int(np.count_nonzero(mask)) + int(np.count_nonzero(truth))
    return 1.0 if sizes == 0 else 2 * int(np.count_nonzero(mask & truth)) / sizes
