"""A label map on the slices of the scan it belongs to, voxel by voxel.

Where a slice lies counts, not which one it is in a list.
"""

from collections.abc import Sequence

import numpy as np

from vesal.arrays import AffineMatrix, LabelArray
from vesal.errors import ImageError
from vesal.geometry.frames import lps_to_ras
from vesal.labels.labelled import Labelled

_ALIGNED = 0.25  # voxels; the reader's own tolerance for uneven slices stays far below


def on_slices(
    labels: Labelled, planes: Sequence[AffineMatrix], size: tuple[int, int]
) -> LabelArray:
    """Return the numbers of a label map on each slice, (slice, row, column).

    Where the slices lie on the map's grid these are its own voxels; where the image had been
    resampled (a gantry tilt, uneven or missing slices), the nearest ones.

    Args:
        labels: of the whole image.
        planes: for each slice, (column, row, 0) to LPS mm.
        size: rows and columns of each slice.

    Raises:
        ImageError: if the image was not resampled, but a slice with an object is not among these;
            or if it was, and an object lies wholly between them.
    """
    slices = np.zeros((len(planes), *size), labels.array.dtype)
    own: list[int | None] = []
    for place, plane in zip(slices, planes, strict=True):
        matrix = slice_to_grid(labels, plane)
        k = _own_slice(labels, matrix, size)
        place[:] = _nearest(labels, matrix, size) if k is None else labels.array[:, :, k].T
        own.append(k)
    if None in own or len(planes) != labels.array.shape[2]:
        _check_objects(labels, slices)
    else:
        _check_slices(labels, own)
    return slices


def slice_to_grid(labels: Labelled, plane: AffineMatrix) -> AffineMatrix:
    """Return the way from (column, row, 0) of a slice to the label map's continuous index."""
    return np.asarray(np.linalg.solve(labels.grid.affine, lps_to_ras(plane)))


def _check_objects(labels: Labelled, slices: LabelArray) -> None:
    """Refuse to lose an object that a resampled image shows between two slices."""
    lost = _numbers(labels.array.T) - _numbers(slices)
    if lost:
        names = ", ".join(labels.segment(number).name for number in sorted(lost))
        msg = f"each object must cross a slice of {labels.source.name}, not so: {names}"
        raise ImageError(msg)


def _check_slices(labels: Labelled, own: Sequence[int | None]) -> None:
    """Refuse to lose a slice."""
    for k in range(labels.array.shape[2]):
        if k not in own and labels.array[:, :, k].any():
            msg = (
                f"each slice of {labels.source.name} that shows an object must still be there, "
                f"not so: slice {k + 1}"
            )
            raise ImageError(msg)


def _numbers(slices: LabelArray) -> set[int]:
    """All numbers but 0, slice by slice: an index of the whole would take eight times the map."""
    there = np.zeros(65536, np.bool_)
    for plane in slices:
        there[plane] = True
    return set(np.flatnonzero(there).tolist()) - {0}


def _own_slice(labels: Labelled, matrix: AffineMatrix, size: tuple[int, int]) -> int | None:
    """Which slice of the map this one is; None if its pixels are not the map's voxels."""
    rows, columns = size
    corners = np.array([(c, r, 0, 1) for c in (0, columns - 1) for r in (0, rows - 1)]).T
    index = (matrix @ corners)[:3]
    k = round(float(index[2].mean()))
    expected = np.array([corners[0], corners[1], np.full(4, k)])
    aligned = np.abs(index - expected).max() < _ALIGNED
    fits = (columns, rows) == labels.grid.shape[:2] and 0 <= k < labels.grid.shape[2]
    return k if aligned and fits else None


def _nearest(labels: Labelled, matrix: AffineMatrix, size: tuple[int, int]) -> LabelArray:
    """The nearest numbers on one slice, (row, column), 0 outside the grid."""
    rows, columns = size
    there = np.indices((columns, rows)).reshape(2, -1)
    index = np.rint(matrix[:3, :2] @ there + matrix[:3, 3:]).astype(np.int64)
    last = np.array(labels.grid.shape)[:, np.newaxis] - 1
    inside = ((index >= 0) & (index <= last)).all(axis=0)
    found = np.zeros(columns * rows, labels.array.dtype)
    found[inside] = labels.array[tuple(index[:, inside])]
    return found.reshape(columns, rows).T
