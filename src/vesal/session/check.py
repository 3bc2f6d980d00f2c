"""Refuses prompts that lie outside an image or contradict each other, before a model is asked."""

from collections.abc import Sequence

import numpy as np

from vesal.arrays import PointsMm
from vesal.errors import PromptError
from vesal.geometry.grid import Grid
from vesal.inference.boxes import boxed, flat_axis
from vesal.prompts import Box, Click, Lasso, MaskPrompt, Point, Prompt, Scribble

_INSIDE = 1e-6  # mm by which a click may lie outside a box


def check_prompts(prompts: Sequence[Prompt], grid: Grid) -> None:
    """Refuse prompts of one object that cannot be answered.

    Raises:
        PromptError: one has another number of axes or lies outside the image; a mask has another
            shape; nothing says what to segment; two contradict each other.
    """
    for prompt in prompts:
        _check_place(prompt, grid)
    saying = [p for p in prompts if not _stays_out(p)]
    if not any(p.positive for p in saying) and (saying or not prompts):
        raise PromptError(
            "nothing says yet what to segment: give a positive click, box, scribble, lasso or mask "
            "first"
        )
    clicks = [p for p in prompts if isinstance(p, Click)]
    _check_voxels(clicks, grid)
    boxes = [p for p in prompts if isinstance(p, Box) and p.positive]
    for box in boxes[-1:]:
        if flat_axis(grid, box) is None:  # one on a slice says nothing of others
            _check_clicks_in(box, clicks)
    _check_stays_out(prompts, clicks, grid)


def _stays_out(prompt: Prompt) -> bool:
    return isinstance(prompt, Box | MaskPrompt) and not prompt.positive


def _check_place(prompt: Prompt, grid: Grid) -> None:
    if isinstance(prompt, MaskPrompt):
        if prompt.patch.whole != grid.shape:
            msg = f"a mask must have the image's shape {grid.shape}, got {prompt.patch.whole}"
            raise PromptError(msg)
    elif isinstance(prompt, Click):
        _check_point(prompt.point_mm, grid, "a click")
    elif isinstance(prompt, Box):
        _check_axes(prompt.low_mm, grid, "a box corner")
        if boxed(grid, prompt).is_empty:
            msg = f"the box holds no voxel of the image, which spans {_span(grid)}"
            raise PromptError(msg)
    elif isinstance(prompt, Scribble):
        for point in prompt.points_mm[:1]:
            _check_axes(point, grid, "a scribble")
        _check_inside(np.array(prompt.points_mm), grid)
    elif isinstance(prompt, Lasso):
        _check_axes(prompt.outline_mm[0], grid, "a lasso")


def _check_point(point: Point, grid: Grid, what: str) -> None:
    _check_axes(point, grid, what)
    _check_inside(np.array([point]), grid)


def _check_inside(points: PointsMm, grid: Grid) -> None:
    index = grid.to_index(points)
    outside = np.flatnonzero(~grid.contains(index))
    if not len(outside):
        return
    one = slice(int(outside[0]), int(outside[0]) + 1)
    faces = np.array(grid.shape) - 0.5
    nearest = grid.to_world(np.clip(index[one], -0.5, faces))
    where = ", ".join(f"{v:g}" for v in points[one][0])
    far = float(np.linalg.norm(nearest - points[one]))
    msg = f"the point ({where}) lies {far:.1f} mm outside the image, which spans {_span(grid)}"
    raise PromptError(msg)


def _span(grid: Grid) -> str:
    bounds = grid.bounds_mm()
    sides = zip("xyz", bounds.low, bounds.high, strict=False)
    return ", ".join(f"{axis} {low:.1f} to {high:.1f}" for axis, low, high in sides) + " mm"


def _check_voxels(clicks: Sequence[Click], grid: Grid) -> None:
    said: dict[tuple[int, ...], bool] = {}
    for click in clicks:
        voxel = _voxel(click, grid)
        if said.setdefault(voxel, click.positive) != click.positive:
            msg = f"voxel {voxel} is clicked both as inside and as outside; remove one of the two"
            raise PromptError(msg)


def _voxel(click: Click, grid: Grid) -> tuple[int, ...]:
    return tuple(grid.nearest(np.array([click.point_mm]))[0].tolist())


def _check_clicks_in(box: Box, clicks: Sequence[Click]) -> None:
    for click in clicks:
        if not click.positive:
            continue
        place = np.linalg.solve(box.directions, np.array(click.point_mm))
        low, high = np.array(box.low_mm) - _INSIDE, np.array(box.high_mm) + _INSIDE
        if ((place < low) | (place > high)).any():
            where = ", ".join(f"{v:g}" for v in click.point_mm)
            msg = f"the positive click ({where}) lies outside the box: move one of the two"
            raise PromptError(msg)


def _check_stays_out(prompts: Sequence[Prompt], clicks: Sequence[Click], grid: Grid) -> None:
    out = [p for p in prompts if _stays_out(p)]
    patches = [boxed(grid, p) if isinstance(p, Box) else p.patch for p in out]  # type: ignore[union-attr]
    for click in clicks:
        voxel = _voxel(click, grid)
        if click.positive and any(voxel in patch for patch in patches):
            where = ", ".join(f"{v:g}" for v in click.point_mm)
            msg = (
                f"the positive click ({where}) lies where the object must stay out; "
                "click elsewhere, or take that back"
            )
            raise PromptError(msg)


def _check_axes(point: Point, grid: Grid, what: str) -> None:
    if len(point) != grid.ndim:
        msg = f"{what} on a {grid.ndim}D image needs {grid.ndim} coordinates, got {len(point)}"
        raise PromptError(msg)
