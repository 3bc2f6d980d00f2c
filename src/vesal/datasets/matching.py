"""Whether labels lie on the voxels of their image, and how far off they are if not."""

from itertools import product

import numpy as np

from vesal.arrays import AffineMatrix, LabelArray, PlacedLabels, PointsIndex
from vesal.errors import GeometryError
from vesal.geometry import Grid, resample
from vesal.images import Image

_SLACK = 0.01  # voxels; headers hold float32, which is a tenth of this at 1,000 mm


def on_grid(
    array: LabelArray, grid: Grid, image: Image, name: str, *, resample: bool
) -> tuple[PlacedLabels, tuple[str, ...]]:
    """Labels on the grid of an image, and what was done for that.

    Args:
        array: labels on `grid`.
        grid: of the labels.
        image: whose grid is wanted.
        name: of the label file, for messages.
        resample: whether labels on other voxels are taken too, by the nearest one.

    Raises:
        GeometryError: they are not in the same world, or on other voxels and not to be resampled.
    """
    target = image.grid
    if grid.ndim != target.ndim:
        msg = (
            f"{name} has {grid.ndim} axes {grid.shape}, but {image.source.name} "
            f"{target.ndim} {target.shape}; labels need the axes of their image"
        )
        raise GeometryError(msg)
    matrix = np.linalg.solve(target.affine, grid.affine)  # label index -> image index
    if grid.shape == target.shape and _off_by(matrix, grid, _corners(grid)) < _SLACK:
        return array, ()
    if _is_reordered(matrix, grid, target):
        note = f"{name} has its axes in another order than the image and was turned, nothing lost"
        return _nearest(array, grid, target), (note,)
    apart = _differences(grid, image, name)
    if not resample:
        msg = f"{apart}; give --resample-labels to take the nearest voxels"
        raise GeometryError(msg)
    return _nearest(array, grid, target), (f"{apart}: resampled by the nearest voxel",)


def _nearest(array: LabelArray, grid: Grid, target: Grid) -> PlacedLabels:
    placed: PlacedLabels = resample(array, grid, target, order=0).astype(array.dtype)
    return placed


def _corners(grid: Grid) -> PointsIndex:
    """Index of the outermost voxels."""
    return np.array(list(product(*((0.0, n - 1.0) for n in grid.shape))))


def _off_by(matrix: AffineMatrix, grid: Grid, wanted: PointsIndex) -> float:
    """The largest distance along an axis, in voxels of the image, from where corners should be."""
    placed = _corners(grid) @ matrix[:-1, :-1].T + matrix[:-1, -1]
    return float(np.abs(placed - wanted).max())


def _is_reordered(matrix: AffineMatrix, grid: Grid, target: Grid) -> bool:
    """Whether both have the same voxels, with axes exchanged or turned round."""
    turn = np.rint(matrix[:-1, :-1])
    if not (np.abs(turn).sum(axis=0) == 1).all() or not (np.abs(turn).sum(axis=1) == 1).all():
        return False
    if tuple((np.abs(turn) @ grid.shape).astype(int)) != target.shape:
        return False
    lengths = np.array(target.shape) - 1.0
    start = np.where(turn.sum(axis=1) < 0, lengths, 0.0)
    return _off_by(matrix, grid, _corners(grid) @ turn.T + start) < _SLACK


def _differences(grid: Grid, image: Image, name: str) -> str:
    """How two grids differ, in words."""
    target = image.grid
    rows = [
        ("shape", grid.shape, target.shape),
        ("spacing in mm", _short(grid.spacing_mm), _short(target.spacing_mm)),
        ("first voxel in mm", _short(grid.affine[:-1, -1]), _short(target.affine[:-1, -1])),
    ]
    parts = [f"{what} {mine} and {theirs}" for what, mine, theirs in rows if mine != theirs]
    if grid.orientation != target.orientation:
        parts.append(f"axes {grid.orientation} and {target.orientation}")
    apart = np.linalg.norm(
        grid.to_world(_faces(grid)) - target.to_world(_faces(target)), axis=1
    ).max()
    parts.append(f"corners up to {apart:.3g} mm apart")
    return f"{name} lies on another grid than {image.source.name}: {', '.join(parts)}"


def _faces(grid: Grid) -> PointsIndex:
    """Index of the outer corners of the outermost voxels."""
    return np.array(list(product(*((-0.5, n - 0.5) for n in grid.shape))))


def _short(numbers: object) -> tuple[float, ...]:
    return tuple(float(f"{n:.5g}") for n in np.asarray(numbers, dtype=np.float64))
