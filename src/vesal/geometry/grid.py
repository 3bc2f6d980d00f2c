"""A grid: how many voxels there are and where they lie in the world."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vesal.arrays import AffineMatrix, PointFlags, PointsIndex, PointsMm, VoxelIndices
from vesal.errors import GeometryError
from vesal.geometry.box import AxisBox
from vesal.geometry.frames import Frame

# From below a nanometre to above a kilometre: outside lies a broken header.
_SPACING_RANGE_MM = (1e-9, 1e9)
# Determinant of the unit axis directions; 1 for a right angle, 0 when two axes coincide.
_LEAST_VOLUME = 1e-6
_LETTERS = {2: ("LR", "UD"), 3: ("LR", "PA", "IS")}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grid:
    """Shape and affine of a 2D raster or a volume.

    The affine maps a continuous array index to world mm. For volumes the world is RAS+;
    for rasters it is (x right, y down), with one mm a pixel where no spacing is known.
    Index 0 is the centre of the first voxel; index axes are the axes of the array.

    Raises:
        GeometryError: if the shape is not 2 or 3 lengths of at least 1, or the affine is
            of another size, not finite, singular, or has a spacing of 0.
    """

    shape: tuple[int, ...]
    affine: AffineMatrix

    def __post_init__(self) -> None:
        _check_shape(self.shape)
        affine = np.array(self.affine, dtype=np.float64)
        _check_affine(affine, len(self.shape))
        affine.setflags(write=False)
        object.__setattr__(self, "affine", affine)

    @property
    def ndim(self) -> int:
        """Number of axes, 2 or 3."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of voxels."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def spacing_mm(self) -> tuple[float, ...]:
        """Distance in mm between neighbouring voxel centres along each index axis."""
        return tuple(float(s) for s in np.linalg.norm(self.affine[:-1, :-1], axis=0))

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume of one voxel in mm3; for rasters the area of one pixel in mm2."""
        return float(abs(np.linalg.det(self.affine[:-1, :-1])))

    @property
    def orientation(self) -> str:
        """World direction in which each index axis grows, like "RAS", or "DR" for a raster.

        Letters: L/R, P/A (posterior, anterior), I/S (inferior, superior) for volumes;
        L/R and U/D (up, down) for rasters. An oblique axis has the letter it is closest to.
        """
        letters = _LETTERS[self.ndim]
        return "".join(letters[axis][int(sign > 0)] for axis, sign in _closest_axes(self.affine))

    def to_world(self, points_index: PointsIndex) -> PointsMm:
        """Return the world mm of points given in continuous array indices.

        Raises:
            GeometryError: if the points have another number of axes than the grid.
        """
        self._check_points(points_index)
        points_mm: PointsMm = points_index @ self.affine[:-1, :-1].T + self.affine[:-1, -1]
        return points_mm

    def to_index(self, points_mm: PointsMm) -> PointsIndex:
        """Return the continuous array indices of points given in world mm.

        Raises:
            GeometryError: if the points have another number of axes than the grid.
        """
        self._check_points(points_mm)
        offsets = points_mm - self.affine[:-1, -1]
        return np.ascontiguousarray(np.linalg.solve(self.affine[:-1, :-1], offsets.T).T)

    def contains(self, points_index: PointsIndex) -> PointFlags:
        """Tell which points, in continuous array indices, lie in a voxel of the grid.

        Raises:
            GeometryError: if the points have another number of axes than the grid.
        """
        self._check_points(points_index)
        high = np.array(self.shape) - 0.5
        inside = (points_index >= -0.5) & (points_index <= high)
        return np.asarray(inside.all(axis=1))

    def nearest(self, points_mm: PointsMm) -> VoxelIndices:
        """Return the index of the voxel nearest to each point given in world mm.

        Raises:
            GeometryError: if the points have another number of axes than the grid.
        """
        index = np.round(self.to_index(points_mm))
        return np.clip(index, 0, np.array(self.shape) - 1).astype(np.int64)

    def same_as(self, other: "Grid", tolerance: float = 1e-6) -> bool:
        """True when the shapes are equal and no affine entry differs by more than `tolerance`."""
        if self.shape != other.shape:
            return False
        return bool(np.abs(self.affine - other.affine).max() <= tolerance)

    def crop(self, start: Sequence[int], stop: Sequence[int]) -> "Grid":
        """Return the grid of the index range start to stop (stop excluded).

        The range may reach outside, which pads: the world position of each voxel stays.

        Raises:
            GeometryError: if the range is empty or has another number of axes.
        """
        if len(start) != self.ndim or len(stop) != self.ndim:
            msg = f"a crop needs {self.ndim} starts and stops, got {start} and {stop}"
            raise GeometryError(msg)
        affine = self.affine.copy()
        affine[:-1, -1] += affine[:-1, :-1] @ np.asarray(start, dtype=np.float64)
        shape = tuple(int(b) - int(a) for a, b in zip(start, stop, strict=True))
        return Grid(shape=shape, affine=affine)

    def bounds_mm(self) -> AxisBox:
        """Return the world box around the outer faces of all voxels."""
        low = (-0.5,) * self.ndim
        high = tuple(n - 0.5 for n in self.shape)
        return AxisBox(frame=Frame.INDEX, low=low, high=high).mapped(self.affine, Frame.WORLD)

    def _check_points(self, points: NDArray[np.float64]) -> None:
        if points.ndim != 2 or points.shape[1] != self.ndim:
            msg = (
                f"points of a {self.ndim}D grid need the shape (n, {self.ndim}), got {points.shape}"
            )
            raise GeometryError(msg)


def _check_shape(shape: tuple[int, ...]) -> None:
    if len(shape) not in (2, 3) or any(n < 1 for n in shape):
        msg = f"a grid needs 2 or 3 axes of at least one voxel, got shape {shape}"
        raise GeometryError(msg)


def _check_affine(affine: AffineMatrix, ndim: int) -> None:
    side = ndim + 1
    if affine.shape != (side, side):
        msg = f"a {ndim}D grid needs a {side}x{side} affine, got shape {affine.shape}"
        raise GeometryError(msg)
    if not np.isfinite(affine).all():
        bad = int((~np.isfinite(affine)).sum())
        msg = f"the affine must be finite, got {bad} of {side * side} entries NaN or infinite"
        raise GeometryError(msg)
    if (affine[-1] != np.eye(side)[-1]).any():
        msg = f"the last row of an affine must be zeros and a one, got {affine[-1].tolist()}"
        raise GeometryError(msg)
    with np.errstate(over="ignore"):
        spacing = np.linalg.norm(affine[:-1, :-1], axis=0)
    low, high = _SPACING_RANGE_MM
    if (spacing < low).any() or (spacing > high).any():
        msg = f"the spacing must lie between {low:g} and {high:g} mm, got {spacing.tolist()}"
        raise GeometryError(msg)
    if abs(np.linalg.det(affine[:-1, :-1] / spacing)) < _LEAST_VOLUME:
        msg = f"the affine is singular, its axes must span the space, got {affine.tolist()}"
        raise GeometryError(msg)


def _closest_axes(affine: AffineMatrix) -> list[tuple[int, float]]:
    """For each index axis give the world axis it is closest to, and the sign along it."""
    directions = affine[:-1, :-1] / np.linalg.norm(affine[:-1, :-1], axis=0)
    left, _, right = np.linalg.svd(directions)
    rotation = left @ right  # the polar factor: shear taken out evenly
    closest: list[tuple[int, float]] = [(0, 0.0)] * len(rotation)
    # Strongest axis first, each world axis once: the order in which nibabel decides.
    for axis in np.argsort(-np.abs(rotation).max(axis=0), kind="stable"):
        world = int(np.argmax(np.abs(rotation[:, axis])))
        closest[int(axis)] = (world, float(rotation[world, axis]))
        rotation[world] = 0
    return closest
