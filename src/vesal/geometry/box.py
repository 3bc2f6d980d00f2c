"""Axis-aligned boxes that know which frame they live in."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from vesal.arrays import AffineMatrix, PointsIndex
from vesal.errors import GeometryError
from vesal.geometry.frames import Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisBox:
    """A box with faces across the axes of its frame.

    In the INDEX frame `low` and `high` are continuous voxel-centre coordinates of the
    outer faces, so the first voxel alone is -0.5 to 0.5. In the WORLD frame they are mm.

    Raises:
        GeometryError: if the corners are not finite, differ in length or are swapped.
    """

    frame: Frame
    low: tuple[float, ...]
    high: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.low) != len(self.high) or len(self.low) not in (2, 3):
            msg = f"a box needs two corners of 2 or 3 numbers, got {self.low} and {self.high}"
            raise GeometryError(msg)
        if not np.isfinite([*self.low, *self.high]).all():
            msg = f"the corners of a box must be finite, got {self.low} and {self.high}"
            raise GeometryError(msg)
        if any(a > b for a, b in zip(self.low, self.high, strict=True)):
            msg = f"a box needs low <= high on every axis, got {self.low} and {self.high}"
            raise GeometryError(msg)

    @property
    def ndim(self) -> int:
        """Number of axes, 2 or 3."""
        return len(self.low)

    @property
    def centre(self) -> tuple[float, ...]:
        """Middle of the box, in its frame."""
        return tuple((a + b) / 2 for a, b in zip(self.low, self.high, strict=True))

    @property
    def extent(self) -> tuple[float, ...]:
        """Length along each axis: voxels in the INDEX frame, mm in the WORLD frame."""
        return tuple(b - a for a, b in zip(self.low, self.high, strict=True))

    def corners(self) -> PointsIndex:
        """Return all 2**ndim corners, one a row, in the box's frame."""
        return np.array(list(product(*zip(self.low, self.high, strict=True))), dtype=np.float64)

    def mapped(self, matrix: AffineMatrix, frame: Frame) -> "AxisBox":
        """Return the smallest box of `frame` around all corners mapped by `matrix`.

        All corners, because under a rotation the extremes are not the images of low and
        high.
        """
        moved = self.corners() @ matrix[:-1, :-1].T + matrix[:-1, -1]
        return AxisBox(frame=frame, low=_floats(moved.min(axis=0)), high=_floats(moved.max(axis=0)))

    def union(self, other: "AxisBox") -> "AxisBox":
        """Return the smallest box around both.

        Raises:
            GeometryError: if the two boxes live in different frames.
        """
        self._check_frame(other)
        low = tuple(min(a, b) for a, b in zip(self.low, other.low, strict=True))
        high = tuple(max(a, b) for a, b in zip(self.high, other.high, strict=True))
        return replace(self, low=low, high=high)

    def clip(self, other: "AxisBox") -> "AxisBox | None":
        """Return the part of this box inside `other`, or None where they do not meet.

        Raises:
            GeometryError: if the two boxes live in different frames.
        """
        self._check_frame(other)
        low = tuple(max(a, b) for a, b in zip(self.low, other.low, strict=True))
        high = tuple(min(a, b) for a, b in zip(self.high, other.high, strict=True))
        if any(a > b for a, b in zip(low, high, strict=True)):
            return None
        return replace(self, low=low, high=high)

    def grow(self, margin: Sequence[float]) -> "AxisBox":
        """Return the box with `margin` (one number an axis, its frame's unit) on both sides."""
        low = tuple(a - m for a, m in zip(self.low, margin, strict=True))
        high = tuple(b + m for b, m in zip(self.high, margin, strict=True))
        return replace(self, low=low, high=high)

    def _check_frame(self, other: "AxisBox") -> None:
        if self.frame is not other.frame or self.ndim != other.ndim:
            msg = (
                f"two boxes must share frame and number of axes, got {self.frame.value} "
                f"{self.ndim}D and {other.frame.value} {other.ndim}D"
            )
            raise GeometryError(msg)


def _floats(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
