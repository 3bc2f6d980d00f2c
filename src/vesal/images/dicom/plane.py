"""One slice and the series it belongs to, as headers tell; pixels come later."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vesal.arrays import AffineMatrix

_RIGHT_ANGLE = 1e-3  # cosines are written with six digits, some with four


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What a file says of its series and of all its frames.

    Attributes:
        patient: a number that is the same for the same patient in this process. The identity
            itself is never kept, so no message can show it.
        tilt_degrees: what the scanner says of its gantry, 0 if nothing.
        padding: stored value of pixels that were not measured, None if there is none.
    """

    uid: str
    number: int
    description: str
    modality: str
    patient: int
    frame_of_reference: str
    is_localizer: bool
    is_colour: bool
    is_inverted: bool
    tilt_degrees: float
    padding: int | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plane:
    """One slice: a file, or a frame of one; lengths in mm, world LPS.

    Attributes:
        frame: counted from 0; None for a file of one image.
        position: of the centre of the first pixel; empty where unknown, as the next two.
        directions: along a row, then down a column.
        spacing: between rows, between columns.
        across_mm: slice distance or thickness of the header, 0 if it has none.
        across_name: the element that says so.
        slope: stored values are multiplied by it, then comes the intercept.
        marks: what may tell two images at one place apart, name for people to value.
        flaw: why the file is no slice, empty if it is one.
    """

    path: Path
    frame: int | None
    scan: Scan
    columns: int
    rows: int
    position: tuple[float, ...]
    directions: tuple[float, ...]
    spacing: tuple[float, ...]
    across_mm: float
    across_name: str
    slope: float
    intercept: float
    marks: Mapping[str, str]
    flaw: str

    @property
    def is_placed(self) -> bool:
        """True if position, directions and spacing are there."""
        return (len(self.position), len(self.directions), len(self.spacing)) == (3, 6, 2)

    @property
    def is_slice(self) -> bool:
        """True if it has a place in the body and no flaw."""
        return self.is_placed and not self.flaw

    @property
    def normal(self) -> NDArray[np.float64]:
        """Direction across the slice, LPS; of length 1 where the directions are sound."""
        return np.cross(self.directions[:3], self.directions[3:])

    @property
    def is_square(self) -> bool:
        """True if the directions are of length 1 and at right angles, as far as rounding goes."""
        row, column = np.array(self.directions).reshape(2, 3)
        off = np.abs([row @ row - 1, column @ column - 1, row @ column])
        return bool((off <= _RIGHT_ANGLE).all())

    @property
    def along_mm(self) -> float:
        """Where the slice lies along its normal."""
        return float(np.dot(self.normal, self.position))


def plane_to_lps(
    position: Sequence[float], directions: Sequence[float], spacing: Sequence[float]
) -> AffineMatrix:
    """Return (column, row, slice) to LPS mm, (4, 4), one mm a step along the normal.

    Args:
        position: ImagePositionPatient.
        directions: ImageOrientationPatient.
        spacing: PixelSpacing, which names the distance between rows first: the step down a column.
    """
    affine = np.eye(4)
    along, down = np.array(directions[:3], np.float64), np.array(directions[3:], np.float64)
    affine[:3, 0] = along * float(spacing[1])
    affine[:3, 1] = down * float(spacing[0])
    affine[:3, 2] = np.cross(along, down)
    affine[:3, 3] = position
    return affine
