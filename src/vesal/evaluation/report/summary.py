"""What rows say together: for each group of objects, model and variant, one summary.

Dice after k clicks of an object whose user stopped earlier, content, is its last Dice. The best
of all clicks is not what a user ends with: it is kept apart, for one published script.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vesal.evaluation.report.course import Course, courses_of, names_in_order
from vesal.evaluation.report.grouping import GROUPINGS, Grouping
from vesal.evaluation.report.moment import Moment, moment
from vesal.evaluation.row import Row
from vesal.evaluation.statistics import Interval, interval

WANTED = (0.80, 0.85, 0.90)
"""Dice values of which tables tell how many clicks they take (NoC@80, 85, 90)."""

LEAST_DICE, LATEST = 0.3, 5
"""An object counts as lost whose Dice is below that after so many clicks, or after the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """The clicks that a Dice value takes (NoC).

    Attributes:
        dice: what is to be reached.
        clicks: mean; objects that never reach it count with `most`, as usual in the field.
        most: the clicks that a user had.
        never: share of objects that never reach it.
    """

    dice: float
    clicks: float
    most: int
    never: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Seconds:
    """How long answers took: what half of them and what 95 of 100 stay below, and how many."""

    median: float
    p95: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One group of objects under one model and variant.

    Attributes:
        grouping: the way of grouping, such as "modality".
        group: the group in it, such as "CT".
        model: name of the method.
        variant: which prompts were given.
        objects: how many.
        patients: how many.
        failed: objects at which the method broke; counted with Dice 0.
        moments: after each reported number of clicks, ascending, at least one.
        efforts: for each of `WANTED`; none where no click was made.
        lost: share of objects with a Dice below 0.3 after 5 clicks, or the last.
        falls: share of further rounds that lower Dice; None where there was no further one.
        first: seconds of first rounds; None where all failed.
        further: seconds of further rounds.
        memory_mib: highest of all rounds.
        best: mean over objects of the best Dice of the reported clicks.
    """

    grouping: str
    group: str
    model: str
    variant: str
    objects: int
    patients: int
    failed: int
    moments: tuple[Moment, ...]
    efforts: tuple[Effort, ...]
    lost: float
    falls: float | None
    first: Seconds | None
    further: Seconds | None
    memory_mib: float | None
    best: Interval

    @property
    def last(self) -> Moment:
        """After all clicks."""
        return self.moments[-1]

    def after(self, clicks: int) -> Moment | None:
        """After so many clicks, if tables show them for this variant."""
        return next((each for each in self.moments if each.clicks == clicks), None)


def summaries(
    rows: Sequence[Row], reported: Sequence[int], groupings: Sequence[Grouping] = GROUPINGS
) -> tuple[Summary, ...]:
    """Summaries of all groups, by grouping, group, variant and model, in the rows' order.

    Args:
        rows: of any number of models and variants.
        reported: numbers of clicks that tables show.
        groupings: the ways of grouping.
    """
    courses = courses_of(rows)
    models = names_in_order(courses, "model")
    found: list[Summary] = []
    shown = {
        variant: (clicks_shown(same, reported), max(c.last.clicks for c in same))
        for variant, same in by_variant(courses).items()
    }
    for grouping in groupings:
        for group, members in grouping.groups(courses).items():
            for variant, same in by_variant(members).items():
                for model in models:
                    own = [course for course in same if course.last.model == model]
                    if own:
                        found.append(_summary(own, grouping.name, group, *shown[variant]))
    return tuple(found)


def by_variant(courses: Sequence[Course]) -> dict[str, tuple[Course, ...]]:
    """The courses of each variant, in the order in which variants came."""
    return {
        name: tuple(course for course in courses if course.last.variant == name)
        for name in names_in_order(courses, "variant")
    }


def clicks_shown(courses: Sequence[Course], reported: Sequence[int]) -> tuple[int, ...]:
    """The numbers of clicks that tables show of one variant: 0 too, where something came first.

    A variant in which nobody clicked has that one moment only.
    """
    rounds = {row.round for course in courses for row in course.rows}
    first = (0,) if 0 in rounds else ()
    return (*first, *sorted(reported)) if max(rounds) > 0 and reported else (first or (1,))


def _summary(
    courses: Sequence[Course], grouping: str, group: str, shown: Sequence[int], most: int
) -> Summary:
    patients = [course.last.patient for course in courses]
    best = [max(row.dice for row in c.rows if row.round <= shown[-1]) for c in courses]
    lost = [course.after(LATEST).dice < LEAST_DICE for course in courses]
    falls = [fell for course in courses for fell in course.falls]
    first = [row for course in courses for row in course.done[:1]]
    further = [row for course in courses for row in course.done[1:]]
    memory = [row.memory_mib for row in first + further if row.memory_mib is not None]
    return Summary(
        grouping=grouping,
        group=group,
        model=courses[0].last.model,
        variant=courses[0].last.variant,
        objects=len(courses),
        patients=len(set(patients)),
        failed=sum(course.failed for course in courses),
        moments=tuple(moment(courses, clicks) for clicks in shown),
        efforts=tuple(_effort(courses, dice, most) for dice in WANTED) if most else (),
        lost=float(np.mean(lost)),
        falls=float(np.mean(falls)) if falls else None,
        first=_seconds(first),
        further=_seconds(further),
        memory_mib=max(memory, default=None),
        best=interval(best, patients),
    )


def _effort(courses: Sequence[Course], dice: float, most: int) -> Effort:
    needed = [course.clicks_to(dice) for course in courses]
    clicks = [most if each is None else each for each in needed]
    never = sum(each is None for each in needed) / len(needed)
    return Effort(dice=dice, clicks=float(np.mean(clicks)), most=most, never=never)


def _seconds(rows: Sequence[Row]) -> Seconds | None:
    """How long the answers of these rows took; None without a row."""
    if not rows:
        return None
    median, p95 = np.percentile([row.seconds for row in rows], (50, 95)).tolist()
    return Seconds(median=median, p95=p95, count=len(rows))
