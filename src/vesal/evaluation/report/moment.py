"""How good masks are after so many clicks: means with intervals over many objects."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vesal.evaluation.report.course import Course
from vesal.evaluation.statistics import Interval, Quartiles, interval, quartiles

_EQUAL = 1 - 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Distance:
    """Distances between borders.

    Attributes:
        median_mm: of the finite ones; None if there is none.
        finite: how many are.
        infinite: how many are not, because a mask is empty.
    """

    median_mm: float | None
    finite: int
    infinite: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Objects after so many clicks; whoever stopped earlier counts with the last mask.

    Attributes:
        clicks: 0 for what was said before the first one.
        dice: mean over objects.
        quartiles: of Dice.
        by_modality: mean of the mean Dice of each modality.
        by_dataset: mean of the mean Dice of each data set.
        iou: mean.
        nsd: mean; None where surfaces were not measured.
        hd95: None where surfaces were not measured.
        assd: None where surfaces were not measured.
        volume_error: (mask - truth) / truth in volume.
    """

    clicks: int
    dice: Interval
    quartiles: Quartiles
    by_modality: float
    by_dataset: float
    iou: float
    nsd: Interval | None
    hd95: Distance | None
    assd: Distance | None
    volume_error: Quartiles


def moment(courses: Sequence[Course], clicks: int) -> Moment:
    """What objects, at least one, are like after so many clicks."""
    rows = [course.after(clicks) for course in courses]
    dice = [row.dice for row in rows]
    patients = [row.patient for row in rows]
    measured = any(row.nsd is not None for course in courses for row in course.rows)
    found = [(_surfaces(course, clicks), course.last.patient) for course in courses]
    known = [(surfaces, patient) for surfaces, patient in found if measured and surfaces]
    surfaces = [each for each, _ in known]
    return Moment(
        clicks=clicks,
        dice=interval(dice, patients),
        quartiles=quartiles(dice),
        by_modality=_mean_of_means(dice, [row.modality for row in rows]),
        by_dataset=_mean_of_means(dice, [row.dataset for row in rows]),
        iou=float(np.mean([row.iou for row in rows])),
        nsd=interval([s[0] for s in surfaces], [p for _, p in known]) if known else None,
        hd95=_distance([s[1] for s in surfaces]) if known else None,
        assd=_distance([s[2] for s in surfaces]) if known else None,
        volume_error=quartiles([row.voxels / max(row.truth_voxels, 1) - 1 for row in rows]),
    )


def _surfaces(course: Course, clicks: int) -> tuple[float, float, float] | None:
    """NSD, HD95 and ASSD after so many clicks; None where they are not known.

    Surfaces are measured after the reported clicks only: of a user who stopped in between they
    are those of equal masks, and of a method that failed those of an empty one.
    """
    row = course.after(clicks)
    if row.nsd is None:
        if row.status == "failed":
            return 0.0, math.inf, math.inf
        if row.dice >= _EQUAL:
            return 1.0, 0.0, 0.0
        row = course.measured_after(clicks)
    if row.nsd is None or row.hd95_mm is None or row.assd_mm is None:
        return None
    return row.nsd, row.hd95_mm, row.assd_mm


def _distance(values: Sequence[float]) -> Distance:
    finite = [value for value in values if math.isfinite(value)]
    return Distance(
        median_mm=float(np.median(finite)) if finite else None,
        finite=len(finite),
        infinite=len(values) - len(finite),
    )


def _mean_of_means(values: Sequence[float], names: Sequence[str]) -> float:
    """The mean of the means of each name: each counts the same, however many objects it has."""
    found: dict[str, list[float]] = {}
    for name, value in zip(names, values, strict=True):
        found.setdefault(name, []).append(value)
    return float(np.mean([np.mean(each) for each in found.values()]))
