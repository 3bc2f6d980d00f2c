"""Whether models differ: each two of them, over the objects that both were measured on."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from vesal.evaluation.report.course import courses_of, names_in_order
from vesal.evaluation.report.summary import by_variant, clicks_shown
from vesal.evaluation.row import Row
from vesal.evaluation.statistics import Comparison, compared, holm


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """Two models under one variant, by Dice after so many clicks.

    Attributes:
        variant: which prompts were given.
        clicks: after how many.
        first: name of one model.
        second: name of the other.
        comparison: first less second, over the objects that both were measured on.
        corrected_p: of Wilcoxon's test, by Holm, for all contests of a report.
    """

    variant: str
    clicks: int
    first: str
    second: str
    comparison: Comparison
    corrected_p: float = 1.0


def contests(rows: Sequence[Row], reported: Sequence[int]) -> tuple[Contest, ...]:
    """All pairs of models under each variant, by Dice after the last clicks that tables show.

    Two models without an object in common are left out.
    """
    courses = courses_of(rows)
    places: list[tuple[str, int, str, str]] = []
    found: list[Comparison] = []
    for variant, same in by_variant(courses).items():
        clicks = clicks_shown(same, reported)[-1]
        models = names_in_order(courses, "model")
        dice = {m: {c.key: c.after(clicks).dice for c in same if c.last.model == m} for m in models}
        patients = {course.key: course.last.patient for course in same}
        for first, second in itertools.combinations(models, 2):
            one = compared(dice[first], dice[second], patients, seed=f"{variant} {first} {second}")
            if one.difference is not None:
                places.append((variant, clicks, first, second))
                found.append(one)
    return tuple(
        Contest(
            variant=variant,
            clicks=clicks,
            first=first,
            second=second,
            comparison=one,
            corrected_p=p,
        )
        for (variant, clicks, first, second), one, p in zip(
            places, found, holm([each.p for each in found]), strict=True
        )
    )
