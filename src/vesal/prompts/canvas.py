"""The slice that a simulated user draws on: viewers show volumes slice by slice."""

from dataclasses import dataclass

import numpy as np

from vesal.arrays import MaskArray, PageMask, PagePiece, PagePoints, PointsIndex
from vesal.geometry.components import mask_box, pieces

_ALIKE = 1.01  # spacings that differ by less are one


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Canvas:
    """The largest piece of a region on one slice of an array.

    Attributes:
        piece: where it is, cut to its box, the two axes in the array's order.
        start: of that box on the slice.
        sides: of the whole slice, in voxels.
        spacing_mm: between voxel centres along the two axes.
        axis: of the array that the slice lies across; None for a 2D array.
        slice_index: which slice it is.
    """

    piece: PagePiece
    start: tuple[int, int]
    sides: tuple[int, int]
    spacing_mm: tuple[float, float]
    axis: int | None
    slice_index: int

    def in_array(self, points: PagePoints) -> PointsIndex:
        """Points of the piece's box as continuous indices of the array."""
        moved = points + np.array(self.start, np.float64)
        if self.axis is None:
            return moved
        return np.insert(moved, self.axis, float(self.slice_index), axis=1)


def canvas(
    region: MaskArray, spacing_mm: tuple[float, ...], axis: int | None = None
) -> Canvas | None:
    """The slice with most voxels of the region, and the largest piece there; None without a voxel.

    Pieces hang together by edges or corners. Of equal slices and pieces the first one counts.

    Args:
        region: to draw on or round, 2D or 3D.
        spacing_mm: between voxel centres along each axis.
        axis: that slices lie across; `slice_axis` if not given. Of no use in 2D.
    """
    box = mask_box(region)
    if box is None:
        return None
    number = 0
    page, kept = region[box], [0, 1]
    if region.ndim == 2:
        axis = None
    else:
        axis = slice_axis(region.shape, spacing_mm) if axis is None else axis
        kept = [a for a in range(3) if a != axis]
        number = int(np.argmax(np.count_nonzero(page, axis=tuple(kept))))
        page = page.take(number, axis=axis)
        number += box[axis].start
    piece, (rows, columns) = _largest(page)
    return Canvas(
        piece=piece,
        start=(box[kept[0]].start + rows.start, box[kept[1]].start + columns.start),
        sides=(region.shape[kept[0]], region.shape[kept[1]]),
        spacing_mm=(spacing_mm[kept[0]], spacing_mm[kept[1]]),
        axis=axis,
        slice_index=number,
    )


def slice_axis(shape: tuple[int, ...], spacing_mm: tuple[float, ...]) -> int:
    """The axis across which a volume is looked at: where voxels are furthest apart.

    The last one of equals, as files are mostly stacked; an axis of one voxel before all others.
    """
    flat = [axis for axis, count in enumerate(shape) if count == 1]
    if flat:
        return flat[-1]
    coarsest = max(spacing_mm)
    return max(a for a, spacing in enumerate(spacing_mm) if spacing * _ALIKE >= coarsest)


def _largest(page: PageMask) -> tuple[PagePiece, tuple[slice, ...]]:
    """The largest piece of a page that is not empty, cut to its box, and that box."""
    labels = pieces(page)
    sizes = np.bincount(labels.reshape(-1))
    sizes[0] = 0
    piece = np.asarray(labels == int(np.argmax(sizes)))
    box = mask_box(piece) or (slice(0, 0),) * 2
    return piece[box], box
