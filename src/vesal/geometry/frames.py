"""The only two frames of vesal, and the one foreign frame that files bring along.

INDEX counts voxel centres along the axes of the array; WORLD is RAS+ in mm: x grows to
the patient's right, y to the front, z to the head. DICOM, ITK and many NRRD files use
LPS, in which x and y point the other way. 2D rasters have their own world: x to the right
and y down, in mm, or in pixels where no spacing is known.
"""

from enum import Enum

import numpy as np

from vesal.arrays import AffineMatrix

_FLIP_XY = np.diag([-1.0, -1.0, 1.0, 1.0])


class Frame(Enum):
    """Where the numbers of a point or a box live."""

    INDEX = "index"
    WORLD = "world"


def lps_to_ras(affine: AffineMatrix) -> AffineMatrix:
    """Return a 3D affine whose world was LPS mm with its world turned to RAS+ mm."""
    return np.asarray(_FLIP_XY @ affine)


def ras_to_lps(affine: AffineMatrix) -> AffineMatrix:
    """Return a 3D affine whose world was RAS+ mm with its world turned to LPS mm."""
    return lps_to_ras(affine)  # turning two axes round undoes itself


def transposed(affine: AffineMatrix) -> AffineMatrix:
    """Return a 2D affine for the same pixels with the two array axes exchanged.

    Files count (column, row), rasters of vesal are (row, column); doing it twice undoes it.
    """
    return affine[:, [1, 0, 2]]
