"""What a user said, slice by slice: which slices were prompted, what limits the answer there."""

from collections.abc import Collection
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vesal.arrays import Corners, MaskArray, PageMask
from vesal.geometry.components import mask_box
from vesal.geometry.grid import Grid
from vesal.geometry.patch import Patch
from vesal.inference.boxes import flat_axis, index_box, within
from vesal.inference.clicks import Clicks
from vesal.inference.request import Region, Request
from vesal.inference.slices import Slices
from vesal.prompts import Box

_ROUNDING = 1e-6  # of a slice
_DRAWN = 0.5  # of a slice excluded: what is left was outlined, by a lasso or a box on the slice


class SliceRequest:
    """A request as the slices of an image see it.

    Args:
        request: all that was said.
        slices: of the image.
        grid: of the image.
    """

    def __init__(self, request: Request, slices: Slices, grid: Grid) -> None:
        self._slices = slices
        self._grid = grid
        box = request.box
        self._flat: int | None = None  # the slice that the box lies on
        self.crosses = False
        """Whether the box is flat, but lies on no slice: it cuts a line out of many."""
        if box is not None and flat_axis(grid, box) is not None:
            self.crosses = self._thickness(box) > 1 + _ROUNDING
            if not self.crosses:
                middle = grid.to_index(np.array([box.middle_mm], np.float64))
                self._flat = int(slices.numbers(middle)[0])
        self._solid = box if not self.crosses and self._flat is None else None
        clicks = request.clicks.started(box) if self.crosses else request.clicks
        self.request = replace(request, clicks=clicks)
        """With a click in the middle of a box that no slice can be told."""
        self._numbered = self.numbers(clicks)
        self._arrays = [(region, region.patch.array()) for region in request.regions]
        self._parts: dict[int, Request] = {}

    def numbers(self, clicks: Clicks) -> NDArray[np.int64]:
        """The slice that each click is on."""
        return self._slices.numbers(self._grid.to_index(clicks.points_mm))

    def prompted(self) -> list[int]:
        """The slices that say where the object is, ascending.

        Those with a positive click or a box; of a solid box its middle one, if nothing was clicked.
        """
        found = set(self._numbered[self.request.clicks.positive].tolist())
        if self._flat is not None:
            found.add(self._flat)
        if not found and self._solid is not None:
            reached = self._reached(self._solid)
            found.add(reached[len(reached) // 2])
        return sorted(found)

    def spoken_of(self, numbers: Collection[int]) -> list[int]:
        """Those of some slices on which there is any click, ascending."""
        return sorted(set(self._numbered.tolist()) & set(numbers))

    def limits(self, prompted: list[int]) -> range:
        """The slices that may be looked at, which hold the prompted ones."""
        if self._solid is None:
            return range(self._slices.count)
        reached = self._reached(self._solid)
        ends = [reached.start, reached.stop - 1, *prompted]
        return range(min(ends), max(ends) + 1)

    def on(self, number: int) -> Request:
        """The part of the request that is about one slice."""
        if number not in self._parts:
            self._parts[number] = self._part(number)
        return self._parts[number]

    def settled(self, number: int, mask: MaskArray) -> Patch:
        """The mask of a slice, on its grid, made to keep to what was said."""
        start = [s.start for s in self._slices.part(number)]
        return self.on(number).settled(mask, start, self._grid)

    def told(self, number: int) -> Corners | None:
        """Where the object lies on a slice, on its page, if a box or an outline says so."""
        found: Corners | None = None
        for bound in self._bounds(number):
            found = bound if found is None else common(found, bound)
        return found

    def narrowed(self, number: int, corners: Corners) -> Corners | None:
        """What of a box on a page is allowed there; None if nothing is."""
        found: Corners | None = corners
        for bound in self._bounds(number):
            found = common(found, bound)
        return found

    def outlined(self, number: int) -> bool:
        """Whether an outline on a slice says where the object lies."""
        return self._left(number) is not None

    def _part(self, number: int) -> Request:
        regions = [
            Region(patch=patch, inside=region.inside)
            for region, array in self._arrays
            if not (patch := self._cut(region.patch, array, number)).is_empty
        ]
        clicks = self.request.clicks.only(self._numbered == number)
        box = None if self._flat not in (None, number) else self.request.box
        return replace(self.request, clicks=clicks, box=box, regions=tuple(regions))

    def _bounds(self, number: int) -> list[Corners | None]:
        """The boxes in which the object lies on a slice; None for one that misses the slice."""
        found: list[Corners | None] = []
        box = self.request.box
        if box is not None and (box is self._solid or number == self._flat):
            found.append(self._corners(number, box))
        left = self._left(number)
        return found if left is None else [*found, left]

    def _left(self, number: int) -> Corners | None:
        """The box around what is left of a slice, if most of it is excluded."""
        if not any(self._meets(region.patch, number) for region, _ in self._arrays):
            return None
        part = self._slices.part(number)
        free = np.ones([s.stop - s.start for s in part], np.bool_)
        for region in self.on(number).regions:
            free[region.patch.within(part)] = region.inside
        if np.count_nonzero(free) > (1 - _DRAWN) * free.size:
            return None
        return around(self._slices.page(free))

    def _corners(self, number: int, box: Box) -> Corners | None:
        """Where the user's box cuts a slice: lowest and highest corner on the page.

        Exact on a grid along the box's axes; on an oblique one the smallest page box around the
        voxels inside, for the corners of the whole box may be far from this slice.
        """
        cut = around(self._slices.page(within(self._slices.grid(number), box)))
        if cut is None:
            return None
        whole = index_box(self._grid, box)
        ends = np.sort(self._slices.on_page(np.array([whole.low, whole.high])), axis=0)
        # A face of the box lies between the last centre inside and the first one outside.
        low, high = np.maximum(ends[0], cut[0] - 1), np.minimum(ends[1], cut[1])
        return np.stack([low, np.maximum(low, high)])

    def _reached(self, box: Box) -> range:
        """The slices whose middles a box reaches; the nearest one if it lies between two."""
        last = self._slices.count - 1
        if self._slices.normal is None:
            return range(1)
        whole = index_box(self._grid, box)
        low, high = (end[self._slices.normal] for end in (whole.low, whole.high))
        first, final = int(np.ceil(low - _ROUNDING)), int(np.floor(high + _ROUNDING))
        if first > final:
            first = final = round((low + high) / 2)
        return range(min(max(first, 0), last), min(max(final, 0), last) + 1)

    def _thickness(self, box: Box) -> float:
        """How many slices a box is thick."""
        whole, normal = index_box(self._grid, box), self._slices.normal
        return 0.0 if normal is None else whole.high[normal] - whole.low[normal]

    def _meets(self, patch: Patch, number: int) -> bool:
        normal = self._slices.normal
        return normal is None or 0 <= number - patch.start[normal] < patch.shape[normal]

    def _cut(self, patch: Patch, array: MaskArray, number: int) -> Patch:
        """What of a patch lies on a slice; ``array`` is the patch unpacked, once for all slices."""
        if not self._meets(patch, number):
            return Patch.empty(self._grid.shape)
        start, normal = list(patch.start), self._slices.normal
        if normal is not None:
            array = array.take([number - start[normal]], axis=normal)
            start[normal] = number
        return Patch.of(array, start, self._grid.shape)


def around(page: PageMask) -> Corners | None:
    """The lowest and one past the highest pixel of a mask: a box as the families draw it."""
    held = mask_box(page)
    if held is None:
        return None
    return np.array([[s.start for s in held], [s.stop for s in held]], np.float64)


def common(one: Corners | None, other: Corners | None) -> Corners | None:
    """The part of the page that two boxes share."""
    if one is None or other is None:
        return None
    low, high = np.maximum(one[0], other[0]), np.minimum(one[1], other[1])
    return None if (low > high).any() else np.stack([low, high])
