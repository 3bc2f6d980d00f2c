"""Slices of one geometry, to stacks in which each place occurs once.

Where images lie on one another, equal ones are copies, and different ones are echoes, b-values or
points in time: they are told apart by what their headers say, or not at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

import numpy as np

from vesal.arrays import Voxels
from vesal.images.dicom.pixels import values_of
from vesal.images.dicom.plane import Plane

SAME_PLACE_MM = 0.01
"""Slices closer than this along their normal lie at one place."""

_TIMES = ("trigger delay", "trigger time", "acquisition time", "content time")
_MOST_MARKS = 3  # as echo, b-value and image type together


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """Slices of one place each.

    Attributes:
        name: what sets it apart from the others, empty if there are none.
        notes: what was mended.
        problem: why it cannot be read, else empty.
    """

    planes: tuple[Plane, ...]
    name: str = ""
    notes: tuple[str, ...] = ()
    problem: str = ""


def phases_of(planes: Sequence[Plane]) -> list[Phase]:
    """Return complete volumes, sorted; or all slices and why they are not told apart."""
    # Where directions are broken, so is their normal; the stack refuses them by name.
    places = _places(planes) if planes[0].is_square else []
    if len(places) in (0, len(planes)):
        return [Phase(planes=tuple(planes))]
    apart = _by_marks(places)
    if apart:
        return apart
    kept = [_without_copies(place) for place in places]
    copies = len(planes) - sum(len(place) for place in kept)
    what = "1 copy of a slice" if copies == 1 else f"{copies} copies of slices"
    notes = (f"left out: {what}",) if copies else ()
    if all(len(place) == 1 for place in kept):
        return [Phase(planes=tuple(place[0] for place in kept), notes=notes)]
    apart = (_by_marks(kept) if copies else []) or _by_rank(kept)
    if apart:
        return [replace(phase, notes=notes) for phase in apart]
    first = next(place for place in kept if len(place) > 1)
    problem = (
        f"{len(first)} different images lie at one place ({first[0].path.name} and "
        f"{first[1].path.name}), and nothing in the headers sorts all into complete volumes"
    )
    return [Phase(planes=tuple(planes), problem=problem)]


def _places(planes: Sequence[Plane]) -> list[list[Plane]]:
    """Slices at one place together, places along the normal."""
    normal = planes[0].normal
    heights = [float(np.dot(normal, plane.position)) for plane in planes]
    order = sorted(range(len(planes)), key=lambda n: heights[n])
    places = [[planes[order[0]]]]
    for last, this in pairwise(order):
        # Written so that a NaN begins a place of its own; the stack refuses it by name.
        if abs(heights[this] - heights[last]) < SAME_PLACE_MM:
            places[-1].append(planes[this])
        else:
            places.append([planes[this]])
    return places


def _by_marks(places: Sequence[Sequence[Plane]]) -> list[Phase]:
    """Complete volumes told apart by as few marks as possible; none if there is no way."""
    planes = [plane for place in places for plane in place]
    counts = {len(place) for place in places}
    if len(counts) > 1:
        return []
    names = dict.fromkeys(name for plane in planes for name in plane.marks)
    telling = [n for n in names if len({plane.marks.get(n, "") for plane in planes}) > 1]
    for size in range(1, _MOST_MARKS + 1):
        for chosen in combinations(telling, size):
            phases = _sorted_out(places, chosen)
            if len(phases) in counts:
                return [
                    Phase(planes=tuple(phases[key]), name=_named(chosen, key))
                    for key in sorted(phases, key=_sortable)
                ]
    return []


def _sorted_out(
    places: Sequence[Sequence[Plane]], names: Sequence[str]
) -> dict[tuple[str, ...], list[Plane]]:
    """Slices by the values of these marks; none if two of one place have the same."""
    phases: dict[tuple[str, ...], list[Plane]] = {}
    for place in places:
        keys = [tuple(plane.marks.get(name, "") for name in names) for plane in place]
        if len(set(keys)) < len(place):
            return {}
        for key, plane in zip(keys, place, strict=True):
            phases.setdefault(key, []).append(plane)
    return phases


def _named(names: Sequence[str], values: Sequence[str]) -> str:
    pairs = zip(names, values, strict=True)
    return ", ".join(f"{name} {value or 'none'}" for name, value in pairs)


def _sortable(key: tuple[str, ...]) -> list[tuple[float, str]]:
    """Numbers by size, text by letters after them."""
    parts = []
    for value in key:
        try:
            parts.append((float(value or "-inf"), ""))
        except ValueError:
            parts.append((float("inf"), value))
    return parts


def _by_rank(places: Sequence[Sequence[Plane]]) -> list[Phase]:
    """The earliest image of each place, the second, and so on; none without a time in all.

    A heart is measured slice by slice: the first image of one slice may be later than the last of
    another, so that no value belongs to a phase.
    """
    if len({len(place) for place in places}) > 1:
        return []
    count = len(places[0])
    for name in _TIMES:
        times = [{plane.marks.get(name, "") for plane in place} for place in places]
        if all(len(found) == count and "" not in found for found in times):
            ordered = [sorted(place, key=lambda p: _sortable((p.marks[name],))) for place in places]
            return [
                Phase(
                    planes=tuple(place[rank] for place in ordered),
                    name=f"{rank + 1} of {count} by {name}",
                )
                for rank in range(count)
            ]
    return []


def _without_copies(place: Sequence[Plane]) -> list[Plane]:
    """The slices of one place without those whose pixels equal an earlier one's."""
    if len(place) == 1:
        return list(place)
    kept: list[Plane] = []
    values: list[Voxels] = []
    for plane in place:
        array = values_of(plane)
        if not any(np.array_equal(array, other) for other in values):
            kept.append(plane)
            values.append(array)
    return kept
