"""A volume as the pictures that a 2D model knows: slices turned as a radiologist sees them.

The weights learned from pictures on which the front is up and the patient's left is to the right,
whatever the order of a file's axes. A 2D image is one such picture.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vesal.arrays import Colours, MaskArray, PageMask, PagePoints, PageValues, PointsIndex, Voxels
from vesal.geometry.grid import Grid
from vesal.images import Image
from vesal.images.intensity import robust_range, window
from vesal.images.planes import Plane, planes

_TIE = 1.01  # spacings whose ratio is smaller count as the same


class Slices:
    """The pictures of an image, numbered along the axis with the largest spacing.

    Of axes with the same spacing the one nearest to the line from feet to head counts.

    Args:
        image: 8-bit images are shown as they are. Others are scaled to 0 to 255 between two
            percentiles of all their voxels, one rule for all slices, so that a tissue has the
            same grey everywhere.
    """

    def __init__(self, image: Image) -> None:
        self._image = image
        self._plane = _plane_of(image.grid)
        self._flat = _without_normal(self._plane)
        self._range = robust_range(image.array)
        normal = self._plane.normal
        self.count = 1 if normal is None else image.grid.shape[normal]
        self.shape = self._plane.counts

    def picture(self, number: int) -> Colours:
        """A slice as red, green and blue."""
        values = self._turned(self._image.array[self.part(number)])
        if values.dtype != np.uint8:
            values = np.round(255 * window(values, *self._range)).astype(np.uint8)
        if not self._image.is_colour:
            values = np.repeat(values[..., None], 3, axis=-1)
        return np.ascontiguousarray(values)

    def numbers(self, points_index: PointsIndex) -> NDArray[np.int64]:
        """The slice that each array index lies in."""
        normal = self._plane.normal
        along = np.zeros(len(points_index)) if normal is None else points_index[:, normal]
        nearest: NDArray[np.float64] = np.clip(np.round(along), 0, self.count - 1)
        return nearest.astype(np.int64)

    def on_page(self, points_index: PointsIndex) -> PagePoints:
        """Array indices as (row, column) of the slices that they lie in."""
        plane = self._plane
        rows, columns = points_index[:, plane.down], points_index[:, plane.right]
        if plane.flip_down:
            rows = plane.counts[0] - 1 - rows
        if plane.flip_right:
            columns = plane.counts[1] - 1 - columns
        return np.stack([rows, columns], axis=1)

    def part(self, number: int) -> tuple[slice, ...]:
        """The index range of a slice in the image."""
        normal = self._plane.normal
        return tuple(
            slice(number, number + 1) if axis == normal else slice(0, length)
            for axis, length in enumerate(self._image.grid.shape)
        )

    def grid(self, number: int) -> Grid:
        """The grid of a slice: of a volume one of three axes."""
        part = self.part(number)
        return self._image.grid.crop([s.start for s in part], [s.stop for s in part])

    def page(self, array: MaskArray) -> PageMask:
        """A mask on the grid of a slice as it lies on the page."""
        return np.ascontiguousarray(self._turned(array))

    def laid(self, page: PageValues) -> NDArray[np.float32]:
        """A page as an array on the grid of its slice: the inverse of `page`."""
        array = np.empty([s.stop - s.start for s in self.part(0)], page.dtype)
        self._turned(array)[...] = page
        return array

    def _turned(self, array: Voxels) -> NDArray[Any]:
        """A view of an array on the grid of a slice, as the slice lies on the page."""
        normal = self._plane.normal
        return self._flat.cut(array if normal is None else array.squeeze(normal), ())


def _plane_of(grid: Grid) -> Plane:
    """The plane to cut slices along; axial comes first among those that are as good."""
    every = planes(grid)
    across = [0.0 if p.normal is None else grid.spacing_mm[p.normal] for p in every]
    return next(p for p, mm in zip(every, across, strict=True) if mm * _TIE >= max(across))


def _without_normal(plane: Plane) -> Plane:
    """The plane for an array from which the axis across is gone."""
    if plane.normal is None:
        return plane
    down, right = (axis - (axis > plane.normal) for axis in (plane.down, plane.right))
    return replace(plane, normal=None, down=down, right=right)
