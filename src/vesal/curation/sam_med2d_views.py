"""The slices of a volume along x, y and z of the patient, and a picture as its own only slice.

The paper says "all three axes" of arrays whose axes may be any. Here x, y and z are the array's
axes by the direction of the patient (RAS) that each is nearest to, so that "z" is an axial slice
whatever the file. Slices lie as radiologists look at them, and no voxel is interpolated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vesal.geometry import Grid
from vesal.images.planes import Plane, planes

AXES = ("x", "y", "z")
_ALONG = {"x": "LR", "y": "PA", "z": "IS"}
PICTURE = "2d_none"
"""What stands in the place of axis and slice in the name of a picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One way to take an array apart into pages.

    Attributes:
        axis: "x", "y" or "z", along which slices count from the patient's left, back or feet; ""
            for a picture.
        order: index axes by what they are: pages, rows, columns; rows and columns of a picture.
        flipped: which of them run the other way.
        shape: rows and columns.
        spacing_mm: between rows and between columns.
    """

    axis: str
    order: tuple[int, ...]
    flipped: tuple[bool, ...]
    shape: tuple[int, int]
    spacing_mm: tuple[float, float]

    def turned(self, array: NDArray[Any]) -> NDArray[Any]:
        """A view of an array on the grid, or of a part of it, as (page, row, column).

        Colours stay the last axis.
        """
        steps = tuple(slice(None, None, -1 if flip else 1) for flip in self.flipped)
        colours = range(len(self.order), array.ndim)
        pages = np.transpose(array, (*self.order, *colours))[steps]
        return pages if self.axis else pages[np.newaxis]

    def part(self, part: Sequence[slice], whole: Sequence[int]) -> tuple[slice, slice, slice]:
        """Where a part of the grid lies in what is turned: pages, rows, columns.

        Args:
            part: range of each index axis.
            whole: voxels along each index axis.
        """
        turned = [
            slice(whole[axis] - part[axis].stop, whole[axis] - part[axis].start)
            if flip
            else slice(part[axis].start, part[axis].stop)
            for axis, flip in zip(self.order, self.flipped, strict=True)
        ]
        pages, rows, columns = turned if self.axis else (slice(0, 1), *turned)
        return pages, rows, columns

    def place(self, page: int) -> str:
        """What the name of a page says: axis and number, such as "z_0090"."""
        return f"{self.axis}_{page:04d}" if self.axis else PICTURE


def views_of(grid: Grid, axes: Sequence[str] = AXES) -> tuple[View, ...]:
    """A view for each axis of a volume, in the order x, y, z; the only one of a picture.

    A volume of one slice, or thinner, has only the view that shows it.

    Args:
        grid: of the image.
        axes: those that are wanted of a volume.
    """
    views = [_view(grid, plane) for plane in planes(grid)]
    wanted = [view for view in views if not view.axis or view.axis in axes]
    return tuple(sorted(wanted, key=lambda view: view.axis))


def _view(grid: Grid, plane: Plane) -> View:
    page = (plane.down, plane.right)
    flips = (plane.flip_down, plane.flip_right)
    shape, spacing_mm = plane.counts, plane.spacing_mm
    if plane.normal is None:
        return View(axis="", order=page, flipped=flips, shape=shape, spacing_mm=spacing_mm)
    letter = grid.orientation[plane.normal]
    axis = next(name for name, ends in _ALONG.items() if letter in ends)
    return View(
        axis=axis,
        order=(plane.normal, *page),
        flipped=(letter == _ALONG[axis][0], *flips),
        shape=shape,
        spacing_mm=(spacing_mm[0], spacing_mm[1]),
    )
