"""Numbers typed on the command line, and the world mm they mean."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vesal.errors import PromptError
from vesal.geometry import AxisBox, Frame, Grid
from vesal.prompts import Box, Click, Prompt

_AXES = {
    ("mm", 2): "x,y in mm", ("mm", 3): "x,y,z in mm",
    ("voxel", 2): "row,column", ("voxel", 3): "i,j,k array indices",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """The numbers behind one option, as they were typed: their frame is not known yet."""

    option: str
    text: str
    numbers: tuple[float, ...]


def typed(option: str, text: str) -> Typed:
    """Return the numbers of a text like "12,-40,33".

    Raises:
        PromptError: if they are not finite numbers separated by commas.
    """
    try:
        numbers = tuple(float(word) for word in text.split(","))
    except ValueError:
        numbers = ()
    if not numbers or not all(math.isfinite(number) for number in numbers):
        msg = f"{option} needs numbers separated by commas, like 12,-40,33, got {text!r}"
        raise PromptError(msg)
    return Typed(option=option, text=text, numbers=numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedPrompts:
    """All prompts of one command line, before the image says what their numbers mean.

    Raises:
        PromptError: if neither a click inside nor a box is among them.
    """

    points: tuple[Typed, ...]
    negatives: tuple[Typed, ...]
    box: Typed | None

    def __post_init__(self) -> None:
        if not self.points and self.box is None:
            msg = "nothing says what to segment; give at least one --point or a --box"
            raise PromptError(msg)

    def on(self, grid: Grid, *, voxel: bool) -> tuple[Prompt, ...]:
        """Return the prompts in world mm.

        Args:
            grid: of the image.
            voxel: True where the numbers are continuous array indices.

        Raises:
            PromptError: if the image has another number of axes, or a box spans nothing.
        """
        boxes = [] if self.box is None else [box(self.box, grid, voxel=voxel)]
        inside = [click(one, grid, positive=True, voxel=voxel) for one in self.points]
        outside = [click(one, grid, positive=False, voxel=voxel) for one in self.negatives]
        return (*boxes, *inside, *outside)


def typed_prompts(points: Sequence[str], negatives: Sequence[str], box: str | None) -> TypedPrompts:
    """Return what was typed behind --point, --negative and --box.

    Raises:
        PromptError: if it is not numbers, or says nothing.
    """
    return TypedPrompts(
        points=tuple(typed("--point", text) for text in points),
        negatives=tuple(typed("--negative", text) for text in negatives),
        box=None if box is None else typed("--box", box),
    )


def click(given: Typed, grid: Grid, *, positive: bool, voxel: bool) -> Click:
    """Return the click at typed coordinates.

    Args:
        given: mm in the world of the grid, or continuous array indices.
        grid: of the image.
        positive: whether the click is inside the structure.
        voxel: True for array indices.

    Raises:
        PromptError: if the image has another number of axes.
    """
    _check_count(given, grid, 1, voxel=voxel)
    point_mm = given.numbers
    if voxel:
        point_mm = tuple(grid.to_world(np.array([given.numbers], dtype=np.float64))[0].tolist())
    return Click(point_mm=point_mm, positive=positive)


def box(given: Typed, grid: Grid, *, voxel: bool) -> Box:
    """Return the box between two typed opposite corners, in any order.

    A box of array indices includes both corner voxels; it becomes the box around it that
    lies along the axes of the world.

    Args:
        given: the first corner, then the second.
        grid: of the image.
        voxel: True for array indices.

    Raises:
        PromptError: if the image has another number of axes, or the box spans nothing.
    """
    _check_count(given, grid, 2, voxel=voxel)
    corners = (given.numbers[: grid.ndim], given.numbers[grid.ndim :])
    low = tuple(min(pair) for pair in zip(*corners, strict=True))
    high = tuple(max(pair) for pair in zip(*corners, strict=True))
    if voxel:
        faces = AxisBox(
            frame=Frame.INDEX, low=tuple(n - 0.5 for n in low), high=tuple(n + 0.5 for n in high)
        )
        world = faces.mapped(grid.affine, Frame.WORLD)
        low, high = world.low, world.high
    return Box(low_mm=low, high_mm=high)


def _check_count(given: Typed, grid: Grid, corners: int, *, voxel: bool) -> None:
    wanted = corners * grid.ndim
    if len(given.numbers) == wanted:
        return
    axes = _AXES["voxel" if voxel else "mm", grid.ndim]
    both = ", for both corners" if corners > 1 else ""
    msg = (
        f"{given.option} needs {wanted} numbers for this {grid.ndim}D image ({axes}{both}), "
        f"got {len(given.numbers)} in {given.text!r}"
    )
    raise PromptError(msg)
