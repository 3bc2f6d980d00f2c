"""A 2D model goes through a volume slice by slice, from the slices that were prompted both ways.

Each neighbour is prompted with the last slice's mask: its box, and its logits where the family was
trained on mask prompts. All published 2D families were trained on boxes, so that no point is made
up on the way. A 2D image is a volume of one slice.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vesal.arrays import Corners, Intensities, MaskArray, PageMask
from vesal.geometry.components import mask_box
from vesal.images import Image
from vesal.inference.answer import Answer, memory_of
from vesal.inference.boxes import index_box, within
from vesal.inference.clicks import Clicks
from vesal.inference.paste import OUTSIDE
from vesal.inference.slice_reader import Reading, SliceReader
from vesal.inference.walks import walks
from vesal.models.promptable import Promptable
from vesal.models.sam_config import SamConfig
from vesal.progress import Progress, silent
from vesal.prompts import Box

_GROWTH, _SLACK = 4, 16
"""A slice's mask may be so many times as large as its neighbour's, and so many pixels more: the
poles of a ball widen by less, a leak into its surroundings by more."""
_POINT_NOTE = "point: this model was trained on boxes alone; clicks are passed on as they are"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Asked:
    """All that the user said."""

    clicks: Clicks
    box: Box | None

    def continues(self, earlier: "_Asked") -> bool:
        """Whether nothing that was said earlier has changed."""
        return self.box == earlier.box and self.clicks.begins_with(earlier.clicks)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Found:
    """What was read on a slice, and the mask that it makes, on the slice's grid."""

    reading: Reading
    mask: MaskArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Memory:
    """What was said so far, and what was found on the slices that the object reaches."""

    asked: _Asked
    found: Mapping[int, _Found]


class SlicePredictor:
    """A model with two axes looking at one image or volume.

    Args:
        image: what is segmented.
        model: the model.
        config: its config.
    """

    def __init__(self, image: Image, model: Promptable, config: SamConfig) -> None:
        self._grid = image.grid
        self._reader = SliceReader(image, model, config)
        self._slices = self._reader.slices
        self._trained = config.capabilities

    def predict(
        self,
        clicks: Clicks,
        *,
        box: Box | None = None,
        previous: Answer | None = None,
        progress: Progress = silent,
    ) -> Answer:
        """The answer on all slices that the object reaches (see `Predictor.predict`).

        Slices with a positive click are asked first; without one, the middle slice of the box.
        From there one slice after the other, until the mask vanishes, leaves the box or grows
        absurdly, and between two of these slices to the middle. A slice with negative clicks alone
        is asked with them when its turn comes.
        """
        asked = _Asked(clicks=clicks, box=box)
        seeds = self._seeds(asked)
        found = self._prompted(seeds, asked, memory_of(previous, _Memory))
        notes = self._translated(asked)
        limits = self._limits(asked, seeds)
        for seed, way in walks(seeds, limits):
            last = found[seed]
            for number in way:
                progress(len(found), len(limits), f"slice {number + 1} of {self._slices.count}")
                looked = self._next(number, asked, last)
                if looked is None or not looked.mask.any():
                    break
                if _absurd(looked.mask, last.mask):
                    notes += (_growth_note(number, looked.mask, last.mask),)
                    break
                found[number] = last = looked
        progress(len(limits), len(limits), "looked at all slices")
        return Answer(
            mask=self._mask(found),
            memory=_Memory(asked=asked, found=found),
            score=self._score(asked, found, seeds),
            notes=notes,
        )

    def _seeds(self, asked: _Asked) -> list[int]:
        """The slices that the user prompted, ascending."""
        positive = asked.clicks.only(asked.clicks.positive)
        if asked.box is None or len(positive.positive):
            return sorted({int(n) for n in self._numbers(positive)})
        reached = self._reached(asked.box)
        return [reached[len(reached) // 2]]

    def _prompted(
        self, seeds: list[int], asked: _Asked, memory: _Memory | None
    ) -> dict[int, _Found]:
        """The prompted slices: as remembered where nothing new was said, else asked again.

        What was found there earlier is the mask to improve.
        """
        known: Mapping[int, _Found] = {}
        told = 0
        if memory is not None and asked.continues(memory.asked):
            known, told = memory.found, len(memory.asked.clicks.positive)
        fresh = self._numbers(asked.clicks.only(slice(told, None)))
        found = {}
        for seed in seeds:
            earlier = known.get(seed)
            if earlier is not None and seed not in fresh:
                found[seed] = earlier
                continue
            coarse = None if earlier is None else earlier.reading.coarse
            found[seed] = self._ask(seed, asked, self._corners(seed, asked.box), coarse)
        return found

    def _next(self, number: int, asked: _Asked, last: _Found) -> _Found | None:
        """The next slice, asked for the mask of the last one; None where none of it is allowed."""
        corners = _around(self._slices.page(last.mask))
        if asked.box is not None:
            corners = _common(corners, self._corners(number, asked.box))
        if corners is None:
            return None
        coarse = last.reading.coarse if "mask" in self._trained.prompts else None
        return self._ask(number, asked, corners, coarse)

    def _ask(
        self, number: int, asked: _Asked, corners: Corners | None, coarse: Intensities | None
    ) -> _Found:
        """One slice, with the clicks on it, a box and the logits to improve."""
        told = asked.clicks.only(self._numbers(asked.clicks) == number)
        reading = self._reader.read(
            number,
            points=self._slices.on_page(self._grid.to_index(told.points_mm)),
            positive=told.positive,
            corners=corners,
            previous=coarse,
        )
        local = self._slices.grid(number)
        logits = self._slices.laid(reading.page)
        if asked.box is not None:
            logits[~within(local, asked.box)] = OUTSIDE
        return _Found(reading=reading, mask=told.obeyed(logits, local) > 0)

    def _corners(self, number: int, box: Box | None) -> Corners | None:
        """Where the user's box cuts a slice: lowest and highest corner on the page.

        Exact on a grid along the world's axes; on an oblique one the smallest page box around the
        voxels inside, for the corners of the whole box may be far from this slice.
        """
        if box is None:
            return None
        cut = _around(self._slices.page(within(self._slices.grid(number), box)))
        if cut is None:
            return None
        whole = index_box(self._grid, box)
        ends = np.sort(self._slices.on_page(np.array([whole.low, whole.high])), axis=0)
        low, high = np.maximum(ends[0], cut[0] - 0.5), np.minimum(ends[1], cut[1] - 0.5)
        return np.stack([low, np.maximum(low, high)])

    def _reached(self, box: Box) -> range:
        """The slices that a box reaches."""
        whole = index_box(self._grid, box)
        first, last = np.sort(self._slices.numbers(np.array([whole.low, whole.high])))
        return range(int(first), int(last) + 1)

    def _limits(self, asked: _Asked, seeds: list[int]) -> range:
        """The slices that may be looked at."""
        if asked.box is None:
            return range(self._slices.count)
        reached = self._reached(asked.box)
        return range(min(reached.start, seeds[0]), max(reached.stop, seeds[-1] + 1))

    def _numbers(self, clicks: Clicks) -> NDArray[np.int64]:
        return self._slices.numbers(self._grid.to_index(clicks.points_mm))

    def _mask(self, found: Mapping[int, _Found]) -> MaskArray:
        mask = np.zeros(self._grid.shape, np.bool_)
        for number, one in found.items():
            mask[self._slices.part(number)] = one.mask
        return mask

    def _score(self, asked: _Asked, found: Mapping[int, _Found], seeds: list[int]) -> float | None:
        """The IoU that the model expects on the slice that was prompted last, 0 to 1."""
        numbers = self._numbers(asked.clicks.only(asked.clicks.positive))
        score = found[int(numbers[-1]) if len(numbers) else seeds[0]].reading.score
        if score is None or not self._trained.trained_score:
            return None
        return min(max(score, 0.0), 1.0)  # nothing keeps the network's number in this range

    def _translated(self, asked: _Asked) -> tuple[str, ...]:
        untrained = "point" not in self._trained.prompts and len(asked.clicks.positive) > 0
        return (_POINT_NOTE,) if untrained else ()


def _around(page: PageMask) -> Corners | None:
    """The lowest and one past the highest pixel of a mask: a box as the families draw it."""
    held = mask_box(page)
    if held is None:
        return None
    return np.array([[s.start for s in held], [s.stop for s in held]], np.float64)


def _common(one: Corners | None, other: Corners | None) -> Corners | None:
    """The part of the page that two boxes share."""
    if one is None or other is None:
        return None
    low, high = np.maximum(one[0], other[0]), np.minimum(one[1], other[1])
    return None if (low > high).any() else np.stack([low, high])


def _absurd(mask: MaskArray, last: MaskArray) -> bool:
    return bool(np.count_nonzero(mask) > _GROWTH * np.count_nonzero(last) + _SLACK)


def _growth_note(number: int, mask: MaskArray, last: MaskArray) -> str:
    sizes = f"{np.count_nonzero(last):,} to {np.count_nonzero(mask):,} pixels"
    return f"slices: stopped before slice {number + 1}, where the mask would grow from {sizes}"
