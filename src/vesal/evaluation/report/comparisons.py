"""Whether models differ: each two of them, over the objects that both were measured on."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from vesal.evaluation.report.course import Course, courses_of, names_in_order
from vesal.evaluation.report.summary import by_variant, clicks_shown
from vesal.evaluation.row import Row
from vesal.evaluation.statistics import Comparison, compare, corrected


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """Two models under one variant, by Dice after so many clicks."""

    variant: str
    clicks: int
    comparison: Comparison


def contests(rows: Sequence[Row], reported: Sequence[int]) -> tuple[Contest, ...]:
    """All pairs of models under each variant, by Dice after the last clicks that tables show.

    p-values are corrected for all of them together (Holm).
    """
    courses = courses_of(rows)
    places: list[tuple[str, int]] = []
    found: list[Comparison] = []
    for variant, same in by_variant(courses).items():
        clicks = clicks_shown(same, reported)[-1]
        models = names_in_order(courses, "model")
        own = {m: {c.key: c for c in same if c.last.model == m} for m in models}
        for first, second in itertools.combinations(models, 2):
            one = _compared(first, second, own[first], own[second], clicks)
            if one is not None:
                places.append((variant, clicks))
                found.append(one)
    return tuple(
        Contest(variant=variant, clicks=clicks, comparison=one)
        for (variant, clicks), one in zip(places, corrected(found), strict=True)
    )


_Courses = dict[tuple[str, str], Course]


def _compared(
    first: str, second: str, firsts: _Courses, seconds: _Courses, clicks: int
) -> Comparison | None:
    """None where no object was measured on both."""
    keys = [key for key in firsts if key in seconds]
    if not keys:
        return None
    pairs = [(firsts[key].after(clicks).dice, seconds[key].after(clicks).dice) for key in keys]
    return compare(first, second, pairs, [firsts[key].last.patient for key in keys])
