"""Slices of one volume, in order, and the affine that their positions make; or why they make none.

Spacing is never taken as an average: ITK's series reader does that, and stretches what lies around
a missing slice.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vesal.arrays import AffineMatrix
from vesal.errors import GeometryError, ImageError
from vesal.images.dicom.phases import SAME_PLACE_MM
from vesal.images.dicom.plane import Plane, plane_to_lps

_UNEVEN = 0.01  # of the slice distance
_LEAST_TILT_DEGREES = 0.1
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Slices in the order of the last axis; (column, row, slice) to LPS mm; what was mended."""

    planes: tuple[Plane, ...]
    affine_lps: AffineMatrix
    notes: tuple[str, ...]


def stack_of(planes: Sequence[Plane], name: str) -> Stack:
    """Return the slices as one regular grid, sheared where the gantry was tilted.

    Args:
        planes: placed, of one size, spacing and direction.
        name: of the file or folder, for messages.

    Raises:
        ImageError: if slices are missing, unevenly spaced or beside the line of the others.
        GeometryError: if positions or directions make no grid.
    """
    _check_numbers(planes, name)
    ordered = sorted(planes, key=lambda plane: plane.along_mm)
    first = ordered[0]
    affine = plane_to_lps(first.position, first.directions, first.spacing)
    if len(ordered) == 1:
        affine[:3, 2] *= first.across_mm or 1.0
        return Stack(planes=(first,), affine_lps=affine, notes=(_one_slice(first),))
    positions = np.array([plane.position for plane in ordered])
    _check_gaps(ordered, np.diff(positions @ first.normal), name)
    affine[:3, 2] = (positions[-1] - positions[0]) / (len(positions) - 1)
    _check_line(positions, affine, name)
    return Stack(planes=tuple(ordered), affine_lps=affine, notes=_tilt(first, affine))


def _check_numbers(planes: Sequence[Plane], name: str) -> None:
    if not np.isfinite([plane.position for plane in planes]).all():
        msg = "all slice positions must be numbers, got NaN or infinite ones"
        raise GeometryError(msg)
    if not planes[0].is_square:
        msg = (
            f"{name} needs row and column directions of length 1 at right angles, "
            f"got {planes[0].directions}"
        )
        raise GeometryError(msg)


def _one_slice(plane: Plane) -> str:
    if plane.across_name:
        return f"one slice: its spacing of {plane.across_mm:g} mm across is its {plane.across_name}"
    return "one slice without a thickness: its spacing across is set to 1 mm"


def _check_gaps(ordered: Sequence[Plane], gaps: NDArray[np.float64], name: str) -> None:
    usual = float(np.sort(gaps)[(len(gaps) - 1) // 2])  # the lower median: a gap only adds
    allowed = max(SAME_PLACE_MM, _UNEVEN * usual)
    odd = np.flatnonzero(np.abs(gaps - usual) > allowed)
    if not odd.size:
        return
    steps = np.round(gaps / usual)
    missing = int((steps - 1).clip(0).sum())
    where = ", ".join(
        f"{ordered[k].along_mm:.2f} and {ordered[k + 1].along_mm:.2f} mm "
        f"({ordered[k].path.name}, {ordered[k + 1].path.name})"
        for k in odd[:_MOST_NAMED].tolist()
    )
    more = f" and in {odd.size - _MOST_NAMED} more places" if odd.size > _MOST_NAMED else ""
    if missing and np.abs(gaps - steps * usual).max() <= allowed:
        msg = (
            f"{name} misses {missing} slice{'s' if missing > 1 else ''}: slices lie "
            f"{usual:.3f} mm apart, but not between {where} along their normal{more}"
        )
        raise ImageError(msg)
    msg = (
        f"{name} needs evenly spaced slices, got distances from {gaps.min():.3f} to "
        f"{gaps.max():.3f} mm, unlike the usual {usual:.3f} mm between {where} "
        f"along their normal{more}"
    )
    raise ImageError(msg)


def _check_line(positions: NDArray[np.float64], affine: AffineMatrix, name: str) -> None:
    expected = positions[0] + np.arange(len(positions))[:, np.newaxis] * affine[:3, 2]
    drift = float(np.abs(positions - expected).max())
    if drift > max(SAME_PLACE_MM, _UNEVEN * float(np.linalg.norm(affine[:3, 2]))):
        msg = f"{name} needs slices on one straight line, got one {drift:.3f} mm beside it"
        raise ImageError(msg)


def _tilt(first: Plane, affine: AffineMatrix) -> tuple[str, ...]:
    step = affine[:3, 2] / np.linalg.norm(affine[:3, 2])
    across = float(np.linalg.norm(np.cross(step, first.normal)))
    degrees = float(np.degrees(np.arctan2(across, step @ first.normal)))
    if degrees <= _LEAST_TILT_DEGREES:
        return ()
    said = first.scan.tilt_degrees
    header = f" (GantryDetectorTilt says {said:g})" if said else ""
    return (
        f"slices are shifted by a gantry tilt of {degrees:.2f} degrees{header}: the grid is "
        "sheared, and each voxel stays where it was measured",
    )
