"""One object that is being outlined, and all of them as a session has them at one moment."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np

from vesal.arrays import LabelArray
from vesal.errors import ConfigError, SessionError
from vesal.geometry.grid import Grid
from vesal.geometry.patch import Patch
from vesal.labels import Segment
from vesal.labels.palette import colour_of
from vesal.prompts import Click, Prompt

Batch = tuple[Prompt, ...]
"""Prompts that were told together."""

Overlap = Literal["accepted", "later", "background"]
"""Whose a voxel is that two objects claim; see `Objects.strongest_first`."""

_TAKEN = "overlap: a click lies in another object, which keeps its voxels"

OVERLAPS: tuple[Overlap, ...] = get_args(Overlap)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """The answer to all that was said of an object."""

    patch: Patch
    score: float | None = None
    """The IoU that the model expects, if it was trained to expect any."""
    stability: float | None = None
    """How far the mask would stay the same if the model were a little more or less sure."""
    notes: tuple[str, ...] = ()
    """What was translated for the model, and what deserves a warning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """One object of a session: what it is called, what was said of it, what came of it."""

    segment: Segment
    batches: tuple[Batch, ...] = ()
    outline: Outline | None = field(default=None, repr=False)
    accepted: bool = False
    locked: bool = False

    @property
    def number(self) -> int:
        """Counts objects from 1 in the order in which they were begun; never used twice."""
        return self.segment.number

    @property
    def name(self) -> str:
        """As the user calls it."""
        return self.segment.name

    @property
    def colour(self) -> tuple[int, int, int]:
        """Red, green and blue, 0 to 255."""
        return self.segment.colour

    @property
    def prompts(self) -> tuple[Prompt, ...]:
        """All that was said, oldest first."""
        return tuple(prompt for batch in self.batches for prompt in batch)

    def check_takes_prompts(self) -> None:
        """Refuse more prompts on an object that is finished.

        Raises:
            SessionError: it is accepted or locked.
        """
        if self.locked:
            msg = f"{self.name} is locked; unlock it first, or begin another object"
            raise SessionError(msg)
        if self.accepted:
            msg = f"{self.name} is accepted; open it again first, or begin another object"
            raise SessionError(msg)

    def without(self, index: int) -> tuple[Batch, ...]:
        """The batches without one prompt.

        Args:
            index: of the prompt in `prompts`.

        Raises:
            ConfigError: if there is no such prompt.
        """
        if not 0 <= index < len(self.prompts):
            msg = f"{self.name} has {len(self.prompts)} prompts, counted from 0, got {index}"
            raise ConfigError(msg)
        batches, first = [], 0
        for batch in self.batches:
            place = index - first
            kept = batch[:place] + batch[place + 1 :] if 0 <= place < len(batch) else batch
            batches += [kept] if kept else []
            first += len(batch)
        return tuple(batches)


@dataclass(frozen=True, slots=True, kw_only=True)
class Objects:
    """All objects at one moment; never changed."""

    every: tuple[Object, ...] = ()
    current: int = 0
    """Number of the object that prompts are about; 0 where there is none."""
    last: int = 0
    """The highest number given so far."""
    overlap: Overlap = "accepted"

    def of(self, number: int) -> Object:
        """The object of that number.

        Raises:
            ConfigError: if there is none.
        """
        for one in self.every:
            if one.number == number:
                return one
        known = ", ".join(f"{one.number} ({one.name})" for one in self.every) or "none"
        msg = f"no object has the number {number}; there are: {known}"
        raise ConfigError(msg)

    def changed(self, changed: Object) -> "Objects":
        """The same with one object in place of the one of its number."""
        every = tuple(changed if one.number == changed.number else one for one in self.every)
        return replace(self, every=every)

    def check_name_is_free(self, name: str, number: int = 0) -> None:
        """Refuse a name that another object has.

        Raises:
            SessionError: if it has.
        """
        for one in self.every:
            if one.name == name and one.number != number:
                msg = f"object {one.number} is called {name} already; choose another name"
                raise SessionError(msg)

    def strongest_first(self) -> tuple[Object, ...]:
        """The objects so that each keeps its voxels against all that follow.

        Locked ones keep theirs whatever the rule, the earlier one first. Then "accepted": accepted
        ones keep theirs, of the others the later one wins; "later": the later one wins;
        "background": the earlier one wins, so that no object ever takes voxels from another.
        """
        ascending = sorted(self.every, key=lambda one: one.number)
        held = [one for one in ascending if self._holds(one)]
        rest = [one for one in ascending if not self._holds(one)]
        return (*held, *(rest if self.overlap == "background" else reversed(rest)))

    def own(self, number: int) -> Patch | None:
        """The voxels of an object that no stronger one has; None before its first answer.

        Raises:
            ConfigError: no such object.
        """
        outline = self.of(number).outline
        if outline is None:
            return None
        part = outline.patch.part
        mask = outline.patch.array().copy()
        for one in self.strongest_first():
            if one.number == number:
                break
            if one.outline is not None and mask.size:
                mask &= ~one.outline.patch.within(part)
        return Patch.of(mask, outline.patch.start, outline.patch.whole)

    def notes(self, one: Object, grid: Grid) -> tuple[str, ...]:
        """What was translated for the model or deserves a warning, of one object.

        One warning is that a positive click of it lies in what a stronger object has.
        """
        said = () if one.outline is None else one.outline.notes
        clicks = [p.point_mm for p in one.prompts if isinstance(p, Click) and p.positive]
        own = self.own(one.number)
        if own is None or not clicks:
            return said
        lost = not all(voxel in own for voxel in grid.nearest(np.array(clicks)).tolist())
        return (*said, _TAKEN) if lost else said

    def painted(self, part: Sequence[slice]) -> LabelArray:
        """The number of the strongest object in each voxel of a range, 0 where there is none.

        Args:
            part: of the image, each slice with a start and a stop.
        """
        shape = [s.stop - s.start for s in part]
        # The first axis fastest, as in files: a large map takes long to be turned round.
        array = np.zeros(shape, np.uint8 if self.last < 256 else np.uint16, order="F")
        for one in reversed(self.strongest_first()):
            if one.outline is not None:
                common = _common(part, one.outline.patch.part)
                here = tuple(
                    slice(c.start - p.start, c.stop - p.start)
                    for c, p in zip(common, part, strict=True)
                )
                array[here][one.outline.patch.within(common)] = one.number
        return array

    def changed_part(self, before: "Objects") -> tuple[slice, ...] | None:
        """The smallest range that holds every voxel whose object may be another one than before.

        None where no voxel can have changed.
        """
        now, then = _ranks(self), _ranks(before)
        changed = [
            ranks[number][1]
            for number in now.keys() | then.keys()
            if now.get(number) != then.get(number)
            for ranks in (now, then)
            if number in ranks
        ]
        if not changed:
            return None
        starts = np.min([patch.start for patch in changed], axis=0)
        stops = np.max([patch.stop for patch in changed], axis=0)
        return tuple(slice(int(a), int(b)) for a, b in zip(starts, stops, strict=True))

    def _holds(self, one: Object) -> bool:
        return one.locked or (self.overlap == "accepted" and one.accepted)


def _ranks(objects: Objects) -> dict[int, tuple[int, Patch]]:
    """Of each object that has any voxel how many are weaker, and its voxels."""
    shown = [
        (one.number, one.outline.patch)
        for one in reversed(objects.strongest_first())
        if one.outline is not None and not one.outline.patch.is_empty
    ]
    return {number: (rank, patch) for rank, (number, patch) in enumerate(shown)}


def _common(part: Sequence[slice], other: Sequence[slice]) -> tuple[slice, ...]:
    """What is in both ranges; without extent where nothing is."""
    starts = [max(a.start, b.start) for a, b in zip(part, other, strict=True)]
    stops = [min(a.stop, b.stop) for a, b in zip(part, other, strict=True)]
    if any(b <= a for a, b in zip(starts, stops, strict=True)):
        return tuple(slice(s.start, s.start) for s in part)
    return tuple(slice(a, b) for a, b in zip(starts, stops, strict=True))


def beginning() -> Objects:
    """One object without a name of its own, about which nothing has been said."""
    first = Segment(number=1, name="object 1", colour=colour_of(1))
    return Objects(every=(Object(segment=first),), current=1, last=1)
