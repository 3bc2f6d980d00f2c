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
from vesal.geometry.patch import Patch
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
        self.normal = self._plane.normal
        """Array axis that the slices are numbered along; None for a 2D image."""
        self.count = 1 if self.normal is None else image.grid.shape[self.normal]
        self.shape = self._plane.counts

    def picture(self, number: int) -> Colours:
        """A slice as red, green and blue."""
        return as_picture(self._turned(self._image.array[self.part(number)]), self._range)

    def numbers(self, points_index: PointsIndex) -> NDArray[np.int64]:
        """The slice that each array index lies in."""
        none = self.normal is None
        along = np.zeros(len(points_index)) if none else points_index[:, self.normal]
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
        return tuple(
            slice(number, number + 1) if axis == self.normal else slice(0, length)
            for axis, length in enumerate(self._image.grid.shape)
        )

    def grid(self, number: int) -> Grid:
        """The grid of a slice: of a volume one of three axes."""
        part = self.part(number)
        return self._image.grid.crop([s.start for s in part], [s.stop for s in part])

    def coarse_grid(self, number: int, counts: tuple[int, int]) -> Grid:
        """The grid of a slice with so many rows and columns of larger pixels, the same faces."""
        whole = self.grid(number)
        matrix = np.eye(whole.ndim + 1)
        shape = list(whole.shape)
        for axis, count in zip((self._plane.down, self._plane.right), counts, strict=True):
            ratio = shape[axis] / count
            matrix[axis, axis], matrix[axis, -1] = ratio, (ratio - 1) / 2
            shape[axis] = count
        return Grid(shape=tuple(shape), affine=whole.affine @ matrix)

    def page(self, array: MaskArray) -> PageMask:
        """A mask on the grid of a slice as it lies on the page."""
        return np.ascontiguousarray(self._turned(array))

    def patch(self, number: int, page: PageMask) -> Patch:
        """A mask on the page of a slice as one of the image."""
        start = [s.start for s in self.part(number)]
        return Patch.of(self.laid(page), start, self._image.grid.shape)

    def patches(self, patch: Patch) -> dict[int, Patch]:
        """A mask of the image slice by slice, without the slices on which it is empty."""
        array, start = patch.array(), list(patch.start)
        if self.normal is None:
            return {} if patch.is_empty else {0: patch}
        found = {}
        for offset in np.flatnonzero(array.any(axis=tuple({0, 1, 2} - {self.normal}))).tolist():
            number = start[self.normal] + offset
            begin = [number if axis == self.normal else a for axis, a in enumerate(start)]
            one = array.take([offset], axis=self.normal)
            found[number] = Patch.of(one, begin, patch.whole)
        return found

    def laid(self, page: PageValues | PageMask) -> NDArray[Any]:
        """A page as an array on the grid of its slice, or on a coarser one: `page` undone."""
        shape = [1] * self._image.grid.ndim
        shape[self._plane.down], shape[self._plane.right] = page.shape
        array = np.empty(shape, page.dtype)
        self._turned(array)[...] = page
        return array

    def _turned(self, array: Voxels) -> NDArray[Any]:
        """A view of an array on the grid of a slice, as the slice lies on the page."""
        return self._flat.cut(array if self.normal is None else array.squeeze(self.normal), ())


def as_picture(page: Voxels, bounds: tuple[float, float]) -> Colours:
    """A slice as it lies on the page as red, green and blue, 0 to 255.

    Args:
        page: (row, column), with a last axis of colours or without; 8 bits are shown as they are.
        bounds: values of the image that become 0 and 255.
    """
    if page.dtype != np.uint8:
        page = np.round(255 * window(page, *bounds)).astype(np.uint8)
    if page.ndim == 2:
        page = np.repeat(page[..., None], 3, axis=-1)
    return np.ascontiguousarray(page)


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
