"""How good masks are after so many clicks: means with intervals over many objects."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vesal.evaluation.report.course import Course
from vesal.evaluation.statistics import Interval, Quartiles, interval, quartiles


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
    return Moment(
        clicks=clicks,
        dice=interval(dice, patients),
        quartiles=quartiles(dice),
        by_modality=_mean_of_means(dice, [row.modality for row in rows]),
        by_dataset=_mean_of_means(dice, [row.dataset for row in rows]),
        iou=float(np.mean([row.iou for row in rows])),
        nsd=_mean([row.nsd for row in rows], patients),
        hd95=_distance([row.hd95_mm for row in rows]),
        assd=_distance([row.assd_mm for row in rows]),
        volume_error=quartiles([row.voxels / max(row.truth_voxels, 1) - 1 for row in rows]),
    )


def _mean(values: Sequence[float | None], patients: Sequence[str]) -> Interval | None:
    known = [(v, patient) for v, patient in zip(values, patients, strict=True) if v is not None]
    return interval([v for v, _ in known], [patient for _, patient in known]) if known else None


def _distance(values: Sequence[float | None]) -> Distance | None:
    known = [value for value in values if value is not None]
    finite = [value for value in known if math.isfinite(value)]
    median_mm = float(np.median(finite)) if finite else None
    if not known:
        return None
    return Distance(median_mm=median_mm, finite=len(finite), infinite=len(known) - len(finite))


def _mean_of_means(values: Sequence[float], names: Sequence[str]) -> float:
    """The mean of the means of each name: each counts the same, however many objects it has."""
    found: dict[str, list[float]] = {}
    for name, value in zip(names, values, strict=True):
        found.setdefault(name, []).append(value)
    return float(np.mean([np.mean(each) for each in found.values()]))
