"""What a user says about an object: frozen records in world mm.

World is RAS+ for volumes, x right and y down for rasters.
"""

from dataclasses import dataclass

import numpy as np

from vesal.errors import PromptError

Point = tuple[float | int, ...]
"""World coordinates in mm, two or three of them. Whole numbers may be given; floats are kept."""


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
    """A box with faces across the world's axes that holds the object.

    Raises:
        PromptError: corners that are not finite, differ in length, or span nothing.
    """

    low_mm: Point
    high_mm: Point

    def __post_init__(self) -> None:
        object.__setattr__(self, "low_mm", _point(self.low_mm, "a box corner"))
        object.__setattr__(self, "high_mm", _point(self.high_mm, "a box corner"))
        if len(self.low_mm) != len(self.high_mm):
            msg = f"both corners of a box need the same axes, got {self.low_mm} and {self.high_mm}"
            raise PromptError(msg)
        if not all(a < b for a, b in zip(self.low_mm, self.high_mm, strict=True)):
            msg = f"a box needs low < high on every axis, got {self.low_mm} and {self.high_mm}"
            raise PromptError(msg)


Prompt = Click | Box


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
