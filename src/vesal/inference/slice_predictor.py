"""A 2D model goes through a volume slice by slice, from the slices that were prompted both ways.

Each neighbour is prompted with the last slice's mask: its box, and its logits where the family was
trained on mask prompts. All published 2D families were trained on boxes, so that no point is made
up on the way. A 2D image is a volume of one slice.

What was said of a slice is remembered with what the model was told; it is asked again only where
it would be told something else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from vesal.arrays import Corners, Intensities, MaskArray, PageMask
from vesal.geometry.patch import Patch
from vesal.images import Image
from vesal.inference.answer import Answer, memory_of
from vesal.inference.clicks import Clicks
from vesal.inference.request import Request
from vesal.inference.slice_look import Question, SliceLook, look_at
from vesal.inference.slice_reader import SliceReader
from vesal.inference.slice_request import SliceRequest, around
from vesal.inference.store import Shelf
from vesal.inference.walks import walks
from vesal.models.promptable import Promptable
from vesal.models.sam_config import SamConfig
from vesal.progress import Progress, silent

_GROWTH, _SLACK = 4, 16
"""A slice's mask may be so many times as large as its neighbour's, and so many pixels more: the
poles of a ball widen by less, a leak into its surroundings by more."""
_POINT_NOTE = "point: this model was trained on boxes alone; clicks are passed on as they are"
_CROSSING_NOTE = "box: it lies across the slices; used as a limit there and a click in its middle"
_OUTLINE_NOTE = "lasso: on its slice told to the model as the box around it, too"
_MASK_NOTE = "mask: slices without a prompt keep the mask that you started from"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Memory:
    """What was said so far, what the model said to it, and what the user began with."""

    request: Request
    looks: Mapping[int, SliceLook]
    """By slice; those on which nothing was found, too."""
    given: Mapping[int, Patch]
    """By slice, where the mask to begin with has any voxel."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Round:
    """One round of questions: what is known before it, and what is found in it."""

    said: SliceRequest
    before: _Memory
    looks: dict[int, SliceLook] = field(default_factory=dict)
    masks: dict[int, Patch] = field(default_factory=dict)
    """What the object has on each slice, kept to what was said."""

    def take(self, number: int, look: SliceLook, mask: Patch) -> None:
        """Keep what was found on a slice."""
        self.looks[number], self.masks[number] = look, mask


class SlicePredictor:
    """A model with two axes looking at one image or volume.

    Args:
        image: what is segmented.
        model: the model.
        config: its config.
        shelf: where encoded slices are kept on disk.
    """

    def __init__(
        self, image: Image, model: Promptable, config: SamConfig, shelf: Shelf | None = None
    ) -> None:
        self._grid = image.grid
        self._reader = SliceReader(image, model, config, shelf=shelf)
        self._slices = self._reader.slices
        self._trained = config.capabilities

    @property
    def held_bytes(self) -> int:
        """Memory that encoded parts of the image take."""
        return self._reader.held_bytes

    def predict(
        self,
        request: Request,
        *,
        previous: Answer | None = None,
        progress: Progress = silent,
    ) -> Answer:
        """The answer on all slices that the object reaches (see `Predictor.predict`).

        Slices with a positive click or a box are asked first; of a solid box without a click its
        middle slice. From there one slice after the other, until the mask vanishes, leaves the box
        or grows absurdly, meets a slice of a mask to begin with, and between two of these slices
        to the middle. A slice with negative clicks alone is asked with them when its turn comes.
        """
        said = SliceRequest(request, self._slices, self._grid)
        before = memory_of(previous, _Memory) or self._begun(previous)
        now = _Round(said=said, before=before)
        seeds = said.prompted()
        limits = said.limits(seeds)
        corrected = said.spoken_of(before.given)
        for number in sorted({*seeds, *corrected}):
            progress(len(now.looks), len(limits), self._words(number))
            look = self._prompted(number, request, now)
            now.take(number, look, self._mask(look, number, said))
        growth = self._walk(seeds, limits, now, progress)
        for number, patch in before.given.items():
            if number not in now.masks:
                array = patch.within(self._slices.part(number))
                now.masks[number] = said.settled(number, array)
        progress(len(limits), len(limits), "looked at all slices")
        found = sorted(number for number in now.masks if number in now.looks)
        return Answer(
            mask=self._whole(now),
            memory=_Memory(request=request, looks=now.looks, given=before.given),
            score=self._score(now, seeds),
            notes=(*request.notes, *self._notes(now, seeds), *growth),
            evidence=tuple(now.looks[number].evidence for number in found),
        )

    def _begun(self, previous: Answer | None) -> _Memory:
        """The memory with a mask to begin with, if the last answer is one."""
        given: dict[int, Patch] = {}
        if previous is not None and not previous.mask.is_empty:
            given = self._slices.patches(previous.mask)
        nothing = Request(clicks=Clicks.none(self._grid.ndim))
        return _Memory(request=nothing, looks={}, given=given)

    def _prompted(self, number: int, request: Request, now: _Round) -> SliceLook:
        """A prompted slice: as remembered where nothing new was said, else asked again.

        What was found or given there earlier is the mask to improve.
        """
        before = now.before
        earlier: SliceLook | None = None
        if request.continues(before.request):
            told = len(before.request.clicks.positive)
            fresh = now.said.numbers(request.clicks.only(slice(told, None)))
            earlier = before.looks.get(number)
            if earlier is not None and number not in fresh:
                return earlier
        corners = now.said.told(number)
        if earlier is not None:
            return self._ask(number, now, corners, earlier.coarse)
        if number not in before.given:
            return self._ask(number, now, corners, None)
        page = self._slices.page(before.given[number].within(self._slices.part(number)))
        if corners is None:
            corners = self._around(number, page, now.said)
        return self._ask(number, now, corners, self._reader.given(page))

    def _walk(
        self, seeds: list[int], limits: range, now: _Round, progress: Progress
    ) -> tuple[str, ...]:
        """Go from slice to slice; notes of where the mask was not followed."""
        notes: tuple[str, ...] = ()
        for seed, way in walks(seeds, limits):
            last = seed
            for number in way:
                if number in now.before.given:
                    break
                progress(len(now.looks), len(limits), self._words(number))
                look = self._next(number, last, now)
                if look is None:
                    break
                now.looks[number] = look
                mask = self._mask(look, number, now.said)
                if mask.is_empty:
                    break
                if mask.count > _GROWTH * now.masks[last].count + _SLACK:
                    notes += (_growth_note(number, mask.count, now.masks[last].count),)
                    break
                now.take(number, look, mask)
                last = number
        return notes

    def _next(self, number: int, last: int, now: _Round) -> SliceLook | None:
        """The next slice, asked for the mask of the last one; None where none of it is allowed."""
        array = now.masks[last].within(self._slices.part(last))
        corners = around(self._slices.page(array))
        if corners is not None:
            corners = now.said.narrowed(number, corners)
        if corners is None:
            return None
        return self._ask(number, now, corners, now.looks[last].coarse)

    def _ask(
        self, number: int, now: _Round, corners: Corners | None, coarse: Intensities | None
    ) -> SliceLook:
        """One slice, with the clicks on it, a box and the logits to improve."""
        clicks = now.said.on(number).clicks
        question = Question(
            points=self._slices.on_page(self._grid.to_index(clicks.points_mm)),
            positive=clicks.positive,
            corners=corners,
            previous=coarse if "mask" in self._trained.prompts else None,
        )
        known = now.before.looks.get(number)
        if known is not None and known.question.same_as(question):
            return known
        return look_at(self._reader, number, question)

    def _around(self, number: int, page: PageMask, said: SliceRequest) -> Corners | None:
        """The box around a mask to begin with and all positive clicks on its slice."""
        clicks = said.on(number).clicks
        points = self._grid.to_index(clicks.only(clicks.positive).points_mm)
        held = page.copy()
        for row, column in np.round(self._slices.on_page(points)).astype(int):
            held[np.clip(row, 0, len(held) - 1), np.clip(column, 0, held.shape[1] - 1)] = True
        return around(held)

    def _mask(self, look: SliceLook, number: int, said: SliceRequest) -> Patch:
        """What the object has on a slice."""
        return said.settled(number, look.raw.within(self._slices.part(number)))

    def _whole(self, now: _Round) -> Patch:
        """All slices, kept to all that was said; no more of the image than they reach is made."""
        held = [patch for patch in now.masks.values() if not patch.is_empty]
        if not held:
            nothing: MaskArray = np.zeros((1,) * self._grid.ndim, np.bool_)
            return now.said.request.settled(nothing, [0] * nothing.ndim, self._grid)
        low = np.min([patch.start for patch in held], axis=0)
        high = np.max([patch.stop for patch in held], axis=0)
        mask = np.zeros(high - low, np.bool_)
        for patch in held:
            first = np.array(patch.start) - low
            here = tuple(slice(a, a + n) for a, n in zip(first, patch.shape, strict=True))
            mask[here] |= patch.array()
        return now.said.request.settled(mask, low.tolist(), self._grid)

    def _score(self, now: _Round, seeds: list[int]) -> float | None:
        """The IoU that the model expects on the slice that was prompted last, 0 to 1."""
        clicks = now.said.request.clicks
        numbers = now.said.numbers(clicks.only(clicks.positive))
        if not seeds or not self._trained.trained_score:
            return None
        score = now.looks[int(numbers[-1]) if len(numbers) else seeds[0]].score
        # Nothing keeps the network's number in this range.
        return None if score is None else min(max(score, 0.0), 1.0)

    def _notes(self, now: _Round, seeds: list[int]) -> tuple[str, ...]:
        untrained = "point" not in self._trained.prompts
        said = {
            _POINT_NOTE: untrained and len(now.said.request.clicks.positive) > 0,
            _CROSSING_NOTE: now.said.crosses,
            _OUTLINE_NOTE: any(now.said.outlined(number) for number in seeds),
            _MASK_NOTE: any(number not in now.looks for number in now.before.given),
        }
        return tuple(note for note, true in said.items() if true)

    def _words(self, number: int) -> str:
        return f"slice {number + 1} of {self._slices.count}"


def _growth_note(number: int, count: int, last: int) -> str:
    sizes = f"{last:,} to {count:,} pixels"
    return f"slices: stopped before slice {number + 1}, where the mask would grow from {sizes}"
