"""Interactions of nnInteractive's clients as prompts on a grid.

They speak in indices of the array that they sent, whatever its axes mean.
"""

import math
from dataclasses import replace

import numpy as np

from vesal.arrays import MaskArray, Voxels
from vesal.errors import ImageError, InputError, PromptError
from vesal.geometry.grid import Grid
from vesal.images import Image
from vesal.labels.contours import outlines
from vesal.prompts import Box, Click, Lasso, Prompt, Scribble
from vesal.server.desk import array_image
from vesal.server.fields import numbers
from vesal.server.refusals import TooLargeError


def point(values: object, grid: Grid, *, positive: bool) -> Prompt:
    """The click on an index; numbers between voxels mean the nearer one.

    Raises:
        PromptError: no index of this image.
    """
    index = [round(number) for number in numbers(values, grid.ndim, "coordinates")]
    if any(not 0 <= i < n for i, n in zip(index, grid.shape, strict=True)):
        msg = f"the point {index} lies outside the image of {grid.shape} voxels"
        raise PromptError(msg)
    mm = grid.to_world(np.array([index], np.float64))[0]
    return Click(point_mm=tuple(mm.tolist()), positive=positive)


def box(pairs: object, grid: Grid, *, positive: bool) -> Prompt:
    """The box of half-open index ranges, clipped to the image.

    Raises:
        PromptError: an axis without extent, or a box outside the image.
    """
    ranges = _ranges(pairs, grid.ndim, "bbox_coords")
    clipped = [(max(a, 0), min(b, n)) for (a, b), n in zip(ranges, grid.shape, strict=True)]
    if any(b <= a for a, b in clipped):
        msg = f"a box needs an extent inside the image of {grid.shape} voxels, got {ranges}"
        raise PromptError(msg)
    low = tuple(a for a, _ in clipped)
    high = tuple(b - 1 for _, b in clipped)
    if sum(b > a for a, b in zip(low, high, strict=True)) < 2:
        # One voxel across two axes is nothing that a box could say: it is a place.
        middle = [(a + b) // 2 for a, b in zip(low, high, strict=True)]
        return point(middle, grid, positive=positive)
    return voxel_box(grid, low, high, positive=positive)


def scribble(mask: Voxels, ranges: object, grid: Grid, *, positive: bool) -> Prompt:
    """The scribble over all voxels of a mask, which is the whole image's or that of a part.

    Raises:
        PromptError: an empty mask, or one that does not fit.
    """
    drawn, start = _placed(mask, ranges, grid)
    points = grid.to_world((np.argwhere(drawn) + np.array(start)).astype(np.float64))
    return Scribble(points_mm=tuple(map(tuple, points.tolist())), positive=positive, joined=False)


def lasso(mask: Voxels, ranges: object, grid: Grid, *, positive: bool) -> tuple[Prompt, ...]:
    """The outlines of a filled area on a slice; of an area on several, the scribble over it.

    Raises:
        PromptError: as `scribble`.
    """
    drawn, start = _placed(mask, ranges, grid)
    held = np.argwhere(drawn)
    low, high = held.min(axis=0), held.max(axis=0)
    flat = [axis for axis in range(grid.ndim) if low[axis] == high[axis]]
    if len(flat) != 1 or len(held) < 3:
        return (scribble(mask, ranges, grid, positive=positive),)
    (axis,) = flat
    page = drawn[(*[slice(None)] * axis, low[axis])]
    found = []
    for outline in outlines(page):
        corners = np.insert(outline, axis, low[axis], axis=1) + np.array(start)
        mm = grid.to_world(corners.astype(np.float64))
        found.append(Lasso(outline_mm=tuple(map(tuple, mm.tolist())), positive=positive))
    return tuple(found)


def full_mask(mask: Voxels, grid: Grid) -> MaskArray:
    """A mask of the whole image.

    Raises:
        PromptError: of another shape.
    """
    if mask.shape != grid.shape:
        msg = f"a mask needs the image's shape {grid.shape}, got {mask.shape}"
        raise PromptError(msg)
    drawn: MaskArray = mask != 0
    return drawn


def voxel_box(grid: Grid, low: tuple[int, ...], high: tuple[int, ...], *, positive: bool) -> Box:
    """The box between two voxels, both in it; on a slice if it is one voxel thick.

    Raises:
        PromptError: it spans less than two axes.
    """
    solid = Box.of_voxels(grid, low, high, positive=positive)
    flat = [a == b for a, b in zip(low, high, strict=True)]
    if grid.ndim == 2 or sum(flat) != 1:
        return solid
    rows = zip(solid.low_mm, solid.high_mm, flat, strict=True)
    ends = [((a + b) / 2, (a + b) / 2) if is_flat else (a, b) for a, b, is_flat in rows]
    low_mm, high_mm = zip(*ends, strict=True)
    return replace(solid, low_mm=low_mm, high_mm=high_mm)


def image(array: Voxels, properties: object) -> Image:
    """The image of an array of one channel and three axes, with the spacing that came with it.

    Raises:
        ImageError: another shape, or a spacing that is none.
    """
    if array.shape[0] != 1 or 0 in array.shape:
        msg = f"an image needs one channel and three axes, got {array.shape}"
        raise ImageError(msg)
    spacing = properties.get("spacing") if isinstance(properties, dict) else None
    if spacing is None:
        return array_image(array[0], None)
    right = isinstance(spacing, list) and len(spacing) == 3
    if not right or not all(isinstance(mm, int | float) and 0 < mm < 1e9 for mm in spacing):
        msg = f"spacing needs three numbers of mm above 0, got {spacing!r:.80}"
        raise ImageError(msg)
    return array_image(array[0], tuple(float(mm) for mm in spacing))


def buffer_type(name: object) -> np.dtype[np.generic]:
    """The type in which a client holds a mask.

    Raises:
        InputError: it is not of bool or whole numbers.
    """
    try:
        dtype = np.dtype(name) if isinstance(name, str) else None
    except (TypeError, ValueError, SyntaxError):
        dtype = None
    if dtype is None or dtype.kind not in "biu" or not dtype.isnative:
        msg = f"the buffer must be of bool or whole numbers, got {name!r:.40}"
        raise InputError(msg)
    return dtype


def check_buffer(
    shape: object, dtype: np.dtype[np.generic], wanted: tuple[int, ...], limit_bytes: int
) -> None:
    """Refuse a buffer that is not of the image's shape.

    Raises:
        TooLargeError: it is larger than anything that this server takes.
        InputError: it has another shape.
    """
    lengths = shape if isinstance(shape, list) else []
    right = len(lengths) == len(wanted) and all(type(n) is int and n > 0 for n in lengths)
    if right and math.prod(lengths) * dtype.itemsize > limit_bytes:
        msg = f"a buffer of {lengths} voxels is more than this server takes"
        raise TooLargeError(msg)
    if lengths != list(wanted):
        msg = f"the buffer needs the image's shape {list(wanted)}, got {shape!r:.80}"
        raise InputError(msg)


def _placed(mask: Voxels, ranges: object, grid: Grid) -> tuple[MaskArray, tuple[int, ...]]:
    """What was drawn, and the index of its first voxel."""
    if ranges is None:
        drawn, start = full_mask(mask, grid), (0,) * grid.ndim
    else:
        pairs = _ranges(ranges, grid.ndim, "interaction_bbox")
        start = tuple(a for a, _ in pairs)
        inside = all(0 <= a < b <= n for (a, b), n in zip(pairs, grid.shape, strict=True))
        if not inside or mask.shape != tuple(b - a for a, b in pairs):
            msg = (
                f"interaction_bbox must lie in the image of {grid.shape} voxels and have the "
                f"mask's shape {mask.shape}, got {pairs}"
            )
            raise PromptError(msg)
        drawn = mask != 0
    if not drawn.any():
        raise PromptError("nothing was drawn: the mask is empty")
    return drawn, start


def _ranges(values: object, ndim: int, name: str) -> list[tuple[int, int]]:
    if not isinstance(values, list) or len(values) != ndim:
        msg = f"{name} needs {ndim} pairs of numbers, got {values!r:.80}"
        raise PromptError(msg)
    pairs = [numbers(pair, 2, name) for pair in values]
    return [(round(a), round(b)) for a, b in pairs]
