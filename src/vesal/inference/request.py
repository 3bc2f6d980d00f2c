"""All that was said of one object, in words that every predictor knows: clicks, a box, regions.

What a model was not trained on becomes clicks that it knows and a region that its answer must keep
to, and is reported; the rules stand in docs/prompts.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vesal.arrays import MaskArray, PointsMm, VoxelIndices
from vesal.geometry.components import pieces_with
from vesal.geometry.grid import Grid
from vesal.geometry.patch import Patch
from vesal.inference.boxes import allowed, boxed
from vesal.inference.clicks import Clicks
from vesal.inference.drawn import deepest, lassoed, scribble_clicks, scribbled
from vesal.prompts import Box, Click, Lasso, MaskPrompt, Prompt, Scribble

_SCRIBBLE = "scribble: told to the model as clicks along it; its voxels are set as drawn"
_LASSO = "lasso: told to the model as a click in its middle; a limit on its plane"
_OUT = "what to stay out of: not told to the model, taken from its answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Voxels that the answer must have, or must not have."""

    patch: Patch
    inside: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Request:
    """What the user said so far, oldest first."""

    clicks: Clicks
    """Clicks, and what stands for scribbles and lassos."""
    box: Box | None = None
    """The newest box that holds the object."""
    regions: tuple[Region, ...] = ()
    """The later one counts where two meet."""
    notes: tuple[str, ...] = ()
    """What was translated, whatever the model."""

    def continues(self, earlier: "Request") -> bool:
        """Whether this is the earlier request and perhaps more, with the same box."""
        return self.box == earlier.box and self.clicks.begins_with(earlier.clicks)

    def settled(
        self, mask: MaskArray, start: Sequence[int], grid: Grid, *, joined: bool = False
    ) -> Patch:
        """A model's answer made to keep to all that the user said.

        Args:
            mask: the answer, on a part of the image.
            start: first index of the part.
            grid: of the whole image.
            joined: leave out pieces that hold neither a positive click nor a drawn voxel.
        """
        said = [region.patch for region in self.regions if region.inside]
        voxels = self._voxels(grid)
        sure = np.array([voxel for voxel, positive, own in voxels if positive and own], np.int64)
        low, high = _span(mask, start, said, sure.reshape(-1, grid.ndim))
        if (high <= low).any():
            return Patch.empty(grid.shape)
        part = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
        whole = np.zeros(high - low, np.bool_)
        corner = np.array(start) - low
        whole[tuple(slice(a, a + n) for a, n in zip(corner, mask.shape, strict=True))] = mask
        if self.box is not None:
            whole &= allowed(grid.crop(low.tolist(), high.tolist()), self.box, grid)
        held = self._obeyed(whole, part, voxels)
        if joined and held.any():
            whole = pieces_with(whole, held)
        return Patch.of(whole, low.tolist(), grid.shape)

    def _voxels(self, grid: Grid) -> list[tuple[tuple[int, ...], bool, bool]]:
        """The voxel of each click in the image, its side, and whether the user made it."""
        own = self.clicks.own
        drawn = self.clicks.only(~own)
        return [
            (voxel, positive, is_own)
            for clicks, is_own in ((drawn, False), (self.clicks.only(own), True))
            for voxel, positive in clicks.voxels(grid)
        ]

    def _obeyed(
        self,
        whole: MaskArray,
        part: tuple[slice, ...],
        voxels: list[tuple[tuple[int, ...], bool, bool]],
    ) -> MaskArray:
        """Set in a part of the image what was drawn and clicked; returns what was said to be in."""
        held = np.zeros_like(whole)
        for region in self.regions:
            here = region.patch.within(part)
            whole[here] = held[here] = region.inside
        for voxel, positive, own in voxels:
            local = tuple(i - s.start for i, s in zip(voxel, part, strict=True))
            if not all(0 <= i < n for i, n in zip(local, whole.shape, strict=True)):
                continue
            if own:
                whole[local] = held[local] = positive
            elif positive:
                held[local] = whole[local]  # it stands for a drawing, and gives way to others
        return held


def request_of(prompts: Sequence[Prompt], grid: Grid) -> Request:
    """The request that prompts make on an image; those of more prompts begin with it.

    A mask to begin with is left out: it is the answer that the next one improves.

    Raises:
        PromptError: a scribble or lasso that is not on the image.
    """
    clicks: list[tuple[PointsMm, bool, bool]] = []
    regions: list[Region] = []
    notes: list[str] = []
    box: Box | None = None
    for prompt in prompts:
        if isinstance(prompt, Click):
            clicks.append((np.array([prompt.point_mm], np.float64), prompt.positive, True))
        elif isinstance(prompt, Box) and prompt.positive:
            box = prompt
        elif isinstance(prompt, Scribble):
            clicks.append((scribble_clicks(prompt, grid), prompt.positive, False))
            regions.append(Region(patch=scribbled(prompt, grid), inside=prompt.positive))
            notes.append(_SCRIBBLE)
        elif isinstance(prompt, Lasso):
            inside, around = lassoed(prompt, grid)
            clicks.append((deepest(inside, around, grid), prompt.positive, False))
            regions.append(Region(patch=around if prompt.positive else inside, inside=False))
            notes.append(_LASSO)
        elif not prompt.positive:
            regions.append(Region(patch=_excluded(prompt, grid), inside=False))
            notes.append(_OUT)
    nothing = (np.zeros((0, grid.ndim)), True, True)
    points, sides, makers = zip(*[*clicks, nothing], strict=True)
    counts = [len(one) for one in points]
    return Request(
        clicks=Clicks(
            points_mm=np.concatenate(points),
            positive=np.repeat(sides, counts),
            made=np.repeat(makers, counts),
        ),
        box=box,
        regions=tuple(regions),
        notes=tuple(dict.fromkeys(notes)),
    )


def _excluded(prompt: Box | MaskPrompt, grid: Grid) -> Patch:
    """The voxels that the object must stay out of."""
    return prompt.patch if isinstance(prompt, MaskPrompt) else boxed(grid, prompt)


def _span(
    mask: MaskArray, start: Sequence[int], said: list[Patch], sure: VoxelIndices
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and one past the last index of the range around a part, patches and voxels."""
    lows, highs = [np.array(start)], [np.array(start) + mask.shape]
    for patch in said:
        lows.append(np.array(patch.start))
        highs.append(np.array(patch.start) + patch.shape)
    lows += list(sure)
    highs += list(sure + 1)
    return np.min(lows, axis=0), np.max(highs, axis=0)
