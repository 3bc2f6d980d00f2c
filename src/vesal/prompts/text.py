"""Prompts as people type them, and the millimetres that their numbers mean.

On the command line and in tables numbers are separated by commas, points by blanks. Whether they
are mm or array indices is said beside them, and it takes the image to know what indices mean.
"""

import math
from dataclasses import dataclass

import numpy as np

from vesal.errors import PromptError
from vesal.geometry.grid import Grid
from vesal.prompts.prompt import Box, Click, Lasso, Point, Prompt, Scribble

KINDS = ("point", "box", "scribble", "lasso")
"""What can be said with numbers."""

_POINTS = {"point": (1, 1), "box": (2, 2), "scribble": (1, None), "lasso": (3, None)}
_AXES = {
    ("mm", 2): "x,y in mm", ("mm", 3): "x,y,z in mm",
    ("voxel", 2): "row,column", ("voxel", 3): "i,j,k array indices",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """A prompt whose numbers are not known to be mm yet.

    Attributes:
        where: the option or line that it comes from, for messages.
        kind: one of `KINDS`.
        points: as they were typed; of a box two opposite corners in any order.
        positive: whether it belongs to the object.
        joined: of a scribble, whether the pen was down between the points.

    Raises:
        PromptError: an unknown kind, too few or too many points, or numbers that are not finite.
    """

    where: str
    kind: str
    points: tuple[Point, ...]
    positive: bool = True
    joined: bool = True

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            msg = f"{self.where}: a prompt is one of {', '.join(KINDS)}, got {self.kind!r}"
            raise PromptError(msg)
        least, most = _POINTS[self.kind]
        if len(self.points) < least or (most is not None and len(self.points) > most):
            wanted = f"{least} point{'s' * (least > 1)}" if most else f"at least {least} points"
            wanted = "two opposite corners" if self.kind == "box" else wanted
            msg = f"{self.where}: a {self.kind} needs {wanted}, got {len(self.points)}"
            raise PromptError(msg)
        if not all(math.isfinite(number) for point in self.points for number in point):
            msg = f"{self.where} needs finite numbers, got {self._text}"
            raise PromptError(msg)

    def on(self, grid: Grid, *, voxel: bool) -> Prompt:
        """The prompt in world mm.

        Args:
            grid: of the image.
            voxel: True where the numbers are continuous array indices; a box of indices holds both
                of its corner voxels, whole.

        Raises:
            PromptError: if the image has another number of axes, an index lies outside of it, or
                the numbers make no such prompt.
        """
        self._check_axes(grid, voxel=voxel)
        try:
            if self.kind == "box":
                return self._box(grid, voxel=voxel)
            points = _world(self.points, grid) if voxel else self.points
            if self.kind == "scribble":
                return Scribble(points_mm=points, positive=self.positive, joined=self.joined)
            if self.kind == "lasso":
                return Lasso(outline_mm=points, positive=self.positive)
            return Click(point_mm=points[0], positive=self.positive)
        except PromptError as error:
            msg = f"{self.where}: {error}"
            raise PromptError(msg) from error

    def _box(self, grid: Grid, *, voxel: bool) -> Box:
        low = tuple(min(pair) for pair in zip(*self.points, strict=True))
        high = tuple(max(pair) for pair in zip(*self.points, strict=True))
        if voxel:
            _check_touches(low, high, grid)
            return Box.of_voxels(grid, low, high, positive=self.positive)
        return Box(low_mm=low, high_mm=high, positive=self.positive)

    def _check_axes(self, grid: Grid, *, voxel: bool) -> None:
        if {len(point) for point in self.points} == {grid.ndim}:
            return
        axes = _AXES["voxel" if voxel else "mm", grid.ndim]
        needed = f"{grid.ndim} numbers"
        if self.kind == "box":
            needed, axes = f"{2 * grid.ndim} numbers", f"{axes}, for both corners"
        elif self.kind != "point":
            needed = f"points of {grid.ndim} numbers"
        msg = (
            f"{self.where} needs {needed} for this {grid.ndim}D image ({axes}), got {self._text!r}"
        )
        raise PromptError(msg)

    @property
    def _text(self) -> str:
        words = [",".join(f"{number:g}" for number in point) for point in self.points]
        return " ".join(words if len(words) < 5 else [*words[:4], "..."])


def typed(where: str, kind: str, text: str, *, positive: bool = True) -> Typed:
    """The prompt of a text like "12,-40,33", or of several such points.

    Args:
        where: what to call its place in messages.
        kind: one of `KINDS`.
        text: points; the two corners of a box may also be joined by a comma.
        positive: whether it belongs to the object.

    Raises:
        PromptError: if it is not numbers, or makes no such prompt.
    """
    try:
        points = _parsed(text, kind)
    except ValueError as error:
        example = "12,-40,33" if kind == "point" else "12,-40,33 20,-31,40"
        msg = f"{where} needs numbers separated by commas, like {example}, got {text!r}"
        raise PromptError(msg) from error
    return Typed(where=where, kind=kind, points=points, positive=positive)


def _parsed(text: str, kind: str) -> tuple[Point, ...]:
    """The points of a text; ValueError where something else than numbers is in it."""
    words = text.replace(", ", ",").replace(" ,", ",").split()
    points = tuple(tuple(float(number) for number in word.split(",")) for word in words)
    if not points:
        raise ValueError
    if kind == "box" and len(points) == 1 and len(points[0]) in (4, 6):
        half = len(points[0]) // 2
        return points[0][:half], points[0][half:]
    return points


def _check_touches(low: Point, high: Point, grid: Grid) -> None:
    """Refuse a box of indices that holds no voxel; raises PromptError."""
    rows = zip(low, high, grid.shape, strict=True)
    if any(b < -0.5 or a > n - 0.5 for a, b, n in rows):
        corners = " to ".join(",".join(f"{v:g}" for v in corner) for corner in (low, high))
        msg = f"voxels {corners} lie outside the image, whose voxels count {_range(grid)}"
        raise PromptError(msg)


def _range(grid: Grid) -> str:
    first = ",".join("0" for _ in grid.shape)
    return f"from {first} to {','.join(str(n - 1) for n in grid.shape)}"


def _world(points: tuple[Point, ...], grid: Grid) -> tuple[Point, ...]:
    index = np.array(points, np.float64)
    outside = np.flatnonzero(~grid.contains(index))
    if len(outside):
        where = ",".join(f"{v:g}" for v in index[outside[0]])
        msg = f"voxel {where} lies outside the image, whose voxels count {_range(grid)}"
        raise PromptError(msg)
    return tuple(map(tuple, grid.to_world(index).tolist()))
