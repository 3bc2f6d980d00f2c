"""Values of one grid read on another grid.

Only the part of the source under the target is touched, so a window out of a large
volume costs time and memory of the window.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from vesal.arrays import AffineMatrix, Intensities, Resampled, Voxels
from vesal.errors import GeometryError
from vesal.geometry.box import AxisBox
from vesal.geometry.frames import Frame
from vesal.geometry.grid import Grid

# Blur that makes a voxel as wide as the coarser one, both seen as Gaussians by their full
# width at half maximum: Cardoso et al., Scale factor point spread function matching, 2015.
_FWHM_PER_SIGMA = 2.3548200450309493
_BLUR_REACH = 3.0  # the Gaussian is cut after so many sigmas
_SPLINE_REACH = 12  # voxels after which a cubic spline's prefilter has faded below 1e-6
_SLACK = 1e-6  # rounding of matrix products, in voxels


def resample(
    array: Voxels,
    source: Grid,
    target: Grid,
    *,
    order: int = 1,
    fill: float = 0.0,
    antialias: bool = False,
) -> Resampled:
    """Return the values of `array` at the voxel centres of `target`, as float32.

    A voxel reaches half its width beyond its centre, so up to half a voxel outside the
    outermost centres the edge value holds; further out the result is `fill`.

    Args:
        array: values on `source`, any real type.
        source: the grid of `array`.
        target: the grid of the result.
        order: 0 nearest voxel, 1 linear, 2 or 3 spline.
        fill: value outside the source.
        antialias: blur each source axis along which the target is coarser, by as much as
            the ratio of the spacings asks for.

    Raises:
        GeometryError: if array and source differ in shape, the grids in number of axes, or
            the order is not 0 to 3.
    """
    _check(array, source, target, order)
    matrix = np.linalg.solve(source.affine, target.affine)  # target index -> source index
    sigmas = _blur_sigmas(matrix) if antialias else np.zeros(source.ndim)
    part = _part_under(matrix, source.shape, target.shape, _reach(order, sigmas))
    if part is None:
        return np.full(target.shape, fill, dtype=np.float32)
    values, counts = _averaged(array[part], sigmas)
    if sigmas.any():
        # A block blurs by the variance of a box, reading between blocks by that of a triangle.
        left = np.sqrt(np.maximum(sigmas**2 - (counts**2 - 1) / 4, 0)) / counts
        ndimage.gaussian_filter(values, left, output=values, mode="nearest", truncate=_BLUR_REACH)
    offset = matrix[:-1, -1] - [piece.start for piece in part] - (counts - 1) / 2
    moved = _read_at(
        values, matrix[:-1, :-1] / counts[:, None], offset / counts, target.shape, order
    )
    _fill_outside(moved, matrix, source.shape, fill)
    return moved


def _check(array: Voxels, source: Grid, target: Grid, order: int) -> None:
    if array.shape != source.shape:
        msg = f"the array must have its grid's shape {source.shape}, got {array.shape}"
        raise GeometryError(msg)
    if source.ndim != target.ndim:
        msg = f"both grids need the same number of axes, got {source.ndim}D and {target.ndim}D"
        raise GeometryError(msg)
    if order not in (0, 1, 2, 3):
        msg = f"the order of interpolation must be 0, 1, 2 or 3, got {order}"
        raise GeometryError(msg)


def _blur_sigmas(matrix: AffineMatrix) -> NDArray[np.float64]:
    """Blur along each source axis, in source voxels, from target steps as source sees them."""
    steps = np.linalg.norm(matrix[:-1, :-1], axis=1)
    sigmas: NDArray[np.float64] = np.sqrt(np.maximum(steps**2 - 1, 0)) / _FWHM_PER_SIGMA
    return sigmas


def _averaged(values: Voxels, sigmas: NDArray[np.float64]) -> tuple[Resampled, NDArray[np.int64]]:
    """Values averaged over blocks, as float32, and the voxels along each edge of a block.

    A block is at most as wide as the blur's sigma: it takes some of the blur on itself, and leaves
    fewer voxels to blur. At the far faces a block may be left that is not full: it is filled up
    with the edge value.
    """
    counts = np.maximum(np.floor(sigmas), 1).astype(np.int64)
    if (counts == 1).all():
        return np.array(values, dtype=np.float32), counts  # a copy: the blur works in place
    missing = -np.array(values.shape) % counts
    if missing.any():
        values = np.pad(values, [(0, int(n)) for n in missing], mode="edge")
    shape = np.array(values.shape) // counts
    total = np.zeros(shape, np.float32)
    for corner in np.ndindex(*counts.tolist()):
        steps = zip(corner, counts.tolist(), strict=True)
        total += values[tuple(slice(first, None, step) for first, step in steps)]
    return total / np.float32(counts.prod()), counts


def _reach(order: int, sigmas: NDArray[np.float64]) -> NDArray[np.int64]:
    """How many source voxels beyond the outermost sample have a say in it, per axis."""
    interpolation = _SPLINE_REACH if order > 1 else 1
    return np.ceil(sigmas * _BLUR_REACH).astype(np.int64) + interpolation


def _part_under(
    matrix: AffineMatrix,
    source_shape: tuple[int, ...],
    target_shape: tuple[int, ...],
    reach: NDArray[np.int64],
) -> tuple[slice, ...] | None:
    """Index range of the source that the target reads, None when it lies wholly outside."""
    seen = _seen(matrix, target_shape)
    part = []
    for low, high, length, more in zip(seen.low, seen.high, source_shape, reach, strict=True):
        if high < -0.5 - _SLACK or low > length - 0.5 + _SLACK:
            return None
        start = min(max(int(np.floor(low)) - int(more), 0), length - 1)
        stop = max(min(int(np.ceil(high)) + int(more) + 1, length), start + 1)
        part.append(slice(start, stop))
    return tuple(part)


def _seen(matrix: AffineMatrix, target_shape: tuple[int, ...]) -> AxisBox:
    """Box around all target voxel centres, in source indices."""
    low = (0.0,) * len(target_shape)
    high = tuple(n - 1.0 for n in target_shape)
    return AxisBox(frame=Frame.INDEX, low=low, high=high).mapped(matrix, Frame.INDEX)


def _read_at(
    values: Intensities,
    matrix: NDArray[np.float64],
    offset: NDArray[np.float64],
    shape: tuple[int, ...],
    order: int,
) -> Resampled:
    """Sample `values` at matrix @ target index + offset, the edge value held outside."""
    diagonal = np.diag(np.diag(matrix))
    aligned = bool(np.abs(matrix - diagonal).max() * max(shape) < _SLACK)
    result = np.empty(shape, dtype=np.float32)
    ndimage.affine_transform(
        values,
        np.diag(matrix) if aligned else matrix,  # a vector takes SciPy's faster, separable way
        offset=offset,
        output=result,
        output_shape=shape,
        order=order,
        mode="nearest",
    )
    return result


def _fill_outside(
    values: Resampled, matrix: AffineMatrix, source_shape: tuple[int, ...], fill: float
) -> None:
    """Overwrite, in place, what was sampled more than half a voxel outside the source."""
    seen = _seen(matrix, values.shape)
    for axis, length in enumerate(source_shape):
        low, high = -0.5 - _SLACK, length - 0.5 + _SLACK
        if seen.low[axis] >= low and seen.high[axis] <= high:
            continue  # the usual case, and nothing to compute
        position = np.full((1,) * values.ndim, matrix[axis, -1])
        for step, index in zip(matrix[axis, :-1], np.ogrid[_ranges(values.shape)], strict=True):
            if step:
                position = position + step * index  # only axes that matter are spread out
        values[np.broadcast_to((position < low) | (position > high), values.shape)] = fill


def _ranges(shape: tuple[int, ...]) -> tuple[slice, ...]:
    return tuple(slice(n) for n in shape)
