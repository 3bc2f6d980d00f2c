"""What a user says about an object: frozen records in world mm, equal if they say the same.

World is RAS+ for volumes, x right and y down for rasters.
"""

from dataclasses import dataclass, field

import numpy as np

from vesal.arrays import AffineMatrix, MaskArray, PointsMm
from vesal.errors import PromptError
from vesal.geometry.grid import Grid
from vesal.geometry.patch import Patch

Point = tuple[float | int, ...]
"""World coordinates in mm, two or three of them. Whole numbers may be given; floats are kept."""

_LEAST_AREA = 1e-9  # of an outline in mm^2 over its length squared: below it is a line


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """One voxel that belongs to the object, or does not.

    Raises:
        PromptError: not two or three finite numbers.
    """

    point_mm: Point
    positive: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "point_mm", _point(self.point_mm, "a click"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A box that holds the object, or of which nothing belongs to it.

    In a volume a box without extent along one axis lies on a slice: it holds what of the object is
    on that slice, and says nothing of others.

    Attributes:
        low_mm: lowest coordinates along the box's axes, in mm.
        high_mm: highest ones.
        positive: False where the object must stay out.
        axes: direction of each of the box's axes in the world, of length 1; empty for the world's
            own axes. They need not be at right angles: those of a sheared grid are not.

    Raises:
        PromptError: corners that are not finite, differ in length, or span nothing; axes that do
            not span the space.
    """

    low_mm: Point
    high_mm: Point
    positive: bool = True
    axes: tuple[Point, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "low_mm", _point(self.low_mm, "a box corner"))
        object.__setattr__(self, "high_mm", _point(self.high_mm, "a box corner"))
        low, high = self.low_mm, self.high_mm
        if len(low) != len(high):
            msg = f"both corners of a box need the same axes, got {low} and {high}"
            raise PromptError(msg)
        extents = [b - a for a, b in zip(low, high, strict=True)]
        if min(extents) < 0 or sum(e > 0 for e in extents) < 2:
            msg = (
                "a box needs low < high on every axis, but one of three on which a box on a slice "
                f"has no extent, got {low} and {high}"
            )
            raise PromptError(msg)
        if self.axes:
            object.__setattr__(self, "axes", _axes(self.axes, len(low)))

    @classmethod
    def of_voxels(cls, grid: Grid, low: Point, high: Point, *, positive: bool = True) -> "Box":
        """The box along a grid's own axes, between two array indices in voxels.

        Args:
            grid: of the image.
            low: index of the lowest voxel that is in it, on each axis.
            high: index of the highest voxel that is in it.
            positive: False where the object must stay out.

        Raises:
            PromptError: another number of axes than the grid, or low above high.
        """
        if len(low) != grid.ndim or len(high) != grid.ndim:
            msg = f"a box on a {grid.ndim}D image needs {grid.ndim} indices, got {low} and {high}"
            raise PromptError(msg)
        spacing = np.array(grid.spacing_mm)
        directions = grid.affine[:-1, :-1] / spacing
        origin = np.linalg.solve(directions, grid.affine[:-1, -1])
        first, last = np.array(low, np.float64) - 0.5, np.array(high, np.float64) + 0.5
        return cls(
            low_mm=tuple((origin + first * spacing).tolist()),
            high_mm=tuple((origin + last * spacing).tolist()),
            positive=positive,
            axes=tuple(tuple(column) for column in directions.T.tolist()),
        )

    @property
    def directions(self) -> AffineMatrix:
        """The box's axes as the columns of a matrix, (ndim, ndim)."""
        return np.array(self.axes, np.float64).T if self.axes else np.eye(len(self.low_mm))

    @property
    def middle_mm(self) -> tuple[float, ...]:
        """The middle of the box in world mm."""
        middle = (np.array(self.low_mm) + np.array(self.high_mm)) / 2
        return tuple((self.directions @ middle).tolist())


@dataclass(frozen=True, slots=True, kw_only=True)
class Scribble:
    """Voxels that were drawn over: they belong to the object, or do not.

    Attributes:
        points_mm: where the pen was, one after the other.
        positive: whether what was drawn over belongs to the object.
        joined: whether the pen was down between the points; else the points are all there is.

    Raises:
        PromptError: no point, or one that is not two or three finite numbers.
    """

    points_mm: tuple[Point, ...]
    positive: bool = True
    joined: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "points_mm", _points(self.points_mm, "a scribble", least=1))

    @classmethod
    def of_voxels(cls, grid: Grid, mask: MaskArray, *, positive: bool = True) -> "Scribble":
        """The scribble over all True voxels of a mask on a grid.

        Raises:
            PromptError: if none is True or the mask is of another shape.
        """
        _check_shape(mask, grid, "a scribble")
        points = grid.to_world(np.argwhere(mask).astype(np.float64))
        return cls(points_mm=tuple(map(tuple, points.tolist())), positive=positive, joined=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasso:
    """A closed outline on some plane: the object fills it there, or stays out of it.

    Attributes:
        outline_mm: its corners in order; the last is joined to the first.
        positive: whether the object is what the outline holds, or must stay out of it.

    Raises:
        PromptError: fewer than three corners, or an outline that encloses nothing.
    """

    outline_mm: tuple[Point, ...]
    positive: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "outline_mm", _points(self.outline_mm, "a lasso", least=3))
        corners = np.array(self.outline_mm)
        lengths = np.linalg.svd(corners - corners.mean(axis=0), compute_uv=False)
        if lengths[1] ** 2 <= _LEAST_AREA * lengths[0] ** 2:
            msg = f"a lasso needs an outline with an area, got {len(corners)} points on a line"
            raise PromptError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskPrompt:
    """A mask to begin with, or voxels that the object must stay out of.

    Attributes:
        patch: on the grid of the image.
        positive: True for a mask to begin with.

    Raises:
        PromptError: an empty mask.
    """

    patch: Patch = field(repr=False)
    positive: bool = True

    def __post_init__(self) -> None:
        if self.patch.is_empty:
            raise PromptError("a mask prompt needs at least one voxel, got an empty mask")


Prompt = Click | Box | Scribble | Lasso | MaskPrompt


def _point(values: Point, what: str) -> Point:
    try:
        point = np.asarray(values, np.float64)  # a text is one value for it, not its letters
    except (TypeError, ValueError, OverflowError) as error:
        msg = f"{what} needs two or three numbers in mm, got {values!r}"
        raise PromptError(msg) from error
    if point.shape not in ((2,), (3,)) or not np.isfinite(point).all():
        msg = f"{what} needs two or three finite numbers in mm, got {values!r}"
        raise PromptError(msg)
    return tuple(point.tolist())


def _points(values: tuple[Point, ...] | PointsMm, what: str, *, least: int) -> tuple[Point, ...]:
    if len(values) < least:
        msg = f"{what} needs at least {least} point{'s' * (least > 1)}, got {len(values)}"
        raise PromptError(msg)
    points = tuple(_point(value, f"a point of {what}") for value in values)
    if len({len(point) for point in points}) > 1:
        msg = f"all points of {what} need the same number of axes, got two and three"
        raise PromptError(msg)
    return points


def _axes(values: tuple[Point, ...], ndim: int) -> tuple[Point, ...]:
    axes = tuple(_point(value, "an axis of a box") for value in values)
    matrix = np.array(axes) if {len(a) for a in axes} == {ndim} else np.zeros((0, 0))
    right = matrix.shape == (ndim, ndim) and abs(np.linalg.det(matrix)) > 1e-6
    if not right or np.abs(np.linalg.norm(matrix, axis=1) - 1).max() > 1e-6:
        msg = f"the axes of a box need {ndim} directions of length 1 that span space, got {values}"
        raise PromptError(msg)
    return axes


def _check_shape(mask: MaskArray, grid: Grid, what: str) -> None:
    if mask.shape != grid.shape:
        msg = f"{what} must be drawn on the image's grid {grid.shape}, got shape {mask.shape}"
        raise PromptError(msg)
