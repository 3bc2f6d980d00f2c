"""Tests of vesal.evaluation.report.moment."""

import math
from typing import Any

import pytest

from tests.evaluation.report.played import broken, played
from vesal.evaluation.report.course import courses_of
from vesal.evaluation.report.moment import moment
from vesal.evaluation.row import Row

SURFACES: dict[str, Any] = {"nsd": 0.5, "hd95_mm": 4.0, "assd_mm": 1.0}


def test_modalities_weigh_the_same_in_the_mean_of_means() -> None:
    """Three CT and one MR object: the mean of objects is 0.5, that of modalities 0.4."""
    rows = [
        *played([0.4], case="a", dataset="one"),
        *played([0.6], case="b", dataset="one"),
        *played([0.8], case="c", dataset="two"),
        *played([0.2], case="d", dataset="two", modality="MR"),
    ]
    found = moment(courses_of(rows), 1)
    assert found.dice.mean == pytest.approx(0.5)
    assert found.by_modality == pytest.approx((0.6 + 0.2) / 2)
    assert found.by_dataset == pytest.approx((0.5 + 0.5) / 2)
    assert found.quartiles.median == pytest.approx(0.5)


def test_infinite_distances_are_counted_apart() -> None:
    """The median is that of the finite ones."""
    rows: list[Row] = []
    for case, hd in (("a", 1.0), ("b", 5.0), ("c", math.inf)):
        rows += played([0.5], case=case, nsd=0.5, hd95_mm=hd, assd_mm=hd)
    found = moment(courses_of(rows), 1)
    assert found.hd95 is not None
    assert (found.hd95.median_mm, found.hd95.finite, found.hd95.infinite) == (3.0, 2, 1)


def test_only_infinite_distances_have_no_median() -> None:
    """Nothing is made up."""
    rows = played([0.0], nsd=0.0, hd95_mm=math.inf, assd_mm=math.inf)
    found = moment(courses_of(rows), 1)
    assert found.assd is not None
    assert (found.assd.median_mm, found.assd.finite, found.assd.infinite) == (None, 0, 1)


def test_equal_masks_have_the_best_surfaces() -> None:
    """A user who stopped after a click that is not reported: nothing was measured, all is known."""
    first, second = played([0.6, 1.0], **SURFACES)
    courses = courses_of([first, played([1.0], first=2)[0]])
    assert second.dice == 1.0
    found = moment(courses, 3)
    assert found.nsd is not None
    assert found.nsd.mean == 1.0
    assert found.hd95 is not None
    assert found.hd95.median_mm == 0.0


def test_a_failure_has_the_worst_surfaces() -> None:
    """Where it was not measured too: leaving it out would make the method look better."""
    rows = [
        *played([0.6], case="a", **SURFACES),
        *played([0.6], case="b", **SURFACES),
        *broken(played([0.0], first=2, case="b")),
    ]
    found = moment(courses_of(rows), 3)
    assert found.nsd is not None
    assert found.nsd.mean == pytest.approx(0.25)
    assert found.hd95 is not None
    assert found.hd95.infinite == 1


def test_surfaces_that_nobody_measured_are_unknown() -> None:
    """Also where a method failed."""
    found = moment(courses_of([*played([0.5]), *broken(played([0.1], case="b"))]), 1)
    assert (found.nsd, found.hd95, found.assd) == (None, None, None)


def test_volume_error_is_signed() -> None:
    """Too small is below 0."""
    rows = [*played([0.5], case="a", voxels=500), *played([0.5], case="b", voxels=1500)]
    error = moment(courses_of(rows), 1).volume_error
    assert (error.low, error.median, error.high) == pytest.approx((-0.25, 0.0, 0.25))
