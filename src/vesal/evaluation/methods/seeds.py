"""What was said of an object so far, as voxels of the image: where methods without learning start.

A box counts as the voxels about its middle, and as a limit; a scribble as many clicks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vesal.arrays import MaskArray, PointFlags, PointsMm, VoxelIndices
from vesal.errors import PromptError
from vesal.geometry.components import pieces_with
from vesal.geometry.grid import Grid
from vesal.inference.boxes import allowed, boxed
from vesal.inference.drawn import scribbled
from vesal.prompts import Box, Click, Prompt, Scribble

_CORE = 0.25  # of each side of a box: that much about its middle is taken for the object


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seeds:
    """Voxels of an image that belong to the object or do not, in the order they were named.

    Attributes:
        voxels: array indices, each voxel once.
        positive: whether each belongs to the object.
        box: what holds the object, widened to hold all positive voxels; None without a box.
    """

    voxels: VoxelIndices
    positive: PointFlags
    box: Box | None

    @property
    def inside(self) -> VoxelIndices:
        """The voxels that belong to the object."""
        return np.asarray(self.voxels[self.positive])

    @property
    def outside(self) -> VoxelIndices:
        """The voxels that do not."""
        return np.asarray(self.voxels[~self.positive])

    def obeyed(self, mask: MaskArray, start: Sequence[int] = ()) -> MaskArray:
        """The mask with each named voxel on the side that was said.

        Args:
            mask: of a part of the image, or of all of it.
            start: first index of that part; the image's own first voxel if not given.
        """
        held = mask.copy()
        for voxels, value in ((self.outside, False), (self.inside, True)):
            local = voxels - np.array(start or (0,) * mask.ndim)
            seen = ((local >= 0) & (local < mask.shape)).all(axis=1)
            held[tuple(local[seen].T)] = value
        return held

    def settled(self, mask: MaskArray, start: Sequence[int], grid: Grid) -> MaskArray:
        """The mask inside the box, obeying, without pieces that no positive voxel is in.

        Args:
            mask: of a part of the image that holds all positive voxels.
            start: first index of that part.
            grid: of the whole image.
        """
        if self.box is not None:
            stop = [a + n for a, n in zip(start, mask.shape, strict=True)]
            mask = mask & allowed(grid.crop(start, stop), self.box, grid)
        held = self.obeyed(mask, start)
        named = np.zeros_like(held)
        named[tuple((self.inside - np.array(start)).T)] = True
        return pieces_with(held, named)


def seeds_of(prompts: Sequence[Prompt], grid: Grid) -> Seeds:
    """The seeds that prompts give; where they contradict each other the later one counts.

    Raises:
        PromptError: a prompt outside the image, or of a kind other than click, box and scribble.
    """
    said: dict[tuple[int, ...], bool] = {}
    box: Box | None = None
    for prompt in prompts:
        if isinstance(prompt, Box) and prompt.positive:
            box = prompt
        for voxel in _voxels(prompt, grid).tolist():
            said.pop(tuple(voxel), None)  # it moves to the end
            said[tuple(voxel)] = prompt.positive
    voxels = np.array(list(said), np.int64).reshape(-1, grid.ndim)
    positive = np.array(list(said.values()), np.bool_)
    if box is not None:
        box = _widened(box, grid.to_world(voxels[positive].astype(np.float64)))
    return Seeds(voxels=voxels, positive=positive, box=box)


def _voxels(prompt: Prompt, grid: Grid) -> VoxelIndices:
    """The voxels that a prompt names, at least one."""
    if isinstance(prompt, Click):
        return _clicked(prompt, grid)
    if isinstance(prompt, Scribble):
        patch = scribbled(prompt, grid)
    elif isinstance(prompt, Box):
        patch = boxed(grid, _core(prompt) if prompt.positive else prompt)
        if patch.is_empty:
            raise PromptError("the middle of the box lies outside the image; draw it on the image")
    else:
        kind = type(prompt).__name__
        msg = f"methods without learning answer clicks, boxes and scribbles, got a {kind}"
        raise PromptError(msg)
    return np.argwhere(patch.array()) + np.array(patch.start, np.int64)


def _clicked(click: Click, grid: Grid) -> VoxelIndices:
    index = grid.to_index(np.array([click.point_mm], np.float64))
    if not grid.contains(index).all():
        where = ", ".join(f"{v:g}" for v in click.point_mm)
        msg = f"the click at ({where}) mm lies outside the image; click on the image"
        raise PromptError(msg)
    return np.clip(np.round(index).astype(np.int64), 0, np.array(grid.shape) - 1)


def _core(box: Box) -> Box:
    low, high = np.array(box.low_mm), np.array(box.high_mm)
    middle, half = (low + high) / 2, (high - low) / 2 * _CORE
    return replace(
        box, low_mm=tuple((middle - half).tolist()), high_mm=tuple((middle + half).tolist())
    )


def _widened(box: Box, points_mm: PointsMm) -> Box:
    """The box, larger where a later click says that the object reaches out of it.

    A box without extent along an axis stays on its slice: it says nothing of others.
    """
    low, high = np.array(box.low_mm), np.array(box.high_mm)
    places = np.linalg.solve(box.directions, points_mm.T).T
    flat = high == low
    low = np.where(flat, low, np.min([low, *places], axis=0))
    high = np.where(flat, high, np.max([high, *places], axis=0))
    return replace(box, low_mm=tuple(low.tolist()), high_mm=tuple(high.tolist()))
