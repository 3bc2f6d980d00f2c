"""Tests of vesal.evaluation.report.agreement."""

import numpy as np
import pytest

from tests.evaluation.report.played import broken, played
from tests.evaluation.report.svg import texts
from vesal.evaluation.report.agreement import Volumes, agreement, volumes_of, volumes_plot
from vesal.evaluation.report.course import courses_of


def test_limits_are_two_standard_deviations_from_the_mean() -> None:
    """Differences 1 and 3: mean 2, standard deviation the root of 2."""
    found = agreement(Volumes(truth=np.array([4.0, 5.0]), mask=np.array([5.0, 8.0])), ratios=False)
    assert found is not None
    assert found.bias == 2.0
    assert (found.low, found.high) == pytest.approx((2 - 1.96 * 2**0.5, 2 + 1.96 * 2**0.5))


def test_ratios_are_those_of_logarithms() -> None:
    """Half and double cancel; an empty mask has no ratio."""
    volumes = Volumes(truth=np.array([2.0, 2.0, 9.0]), mask=np.array([1.0, 4.0, 0.0]))
    found = agreement(volumes, ratios=True)
    assert found is not None
    assert found.bias == pytest.approx(1.0)
    assert found.low * found.high == pytest.approx(1.0)


def test_one_object_has_no_limits() -> None:
    """A spread needs two."""
    assert agreement(Volumes(truth=np.ones(1), mask=np.ones(1)), ratios=False) is None


def test_volumes_are_in_ml_or_voxels() -> None:
    """1,000 voxels are 8 ml here."""
    courses = courses_of(played([0.5], voxels=500))
    in_ml, in_voxels = (volumes_of(courses, 1, in_ml=choice) for choice in (True, False))
    assert (in_ml.truth.tolist(), in_ml.mask.tolist()) == ([8.0], [4.0])
    assert (in_voxels.truth.tolist(), in_voxels.mask.tolist()) == ([1000.0], [500.0])


def test_volumes_far_apart_are_shown_as_ratios() -> None:
    """A tumour and a liver on one axis; empty masks are counted."""
    rows = [
        *played([0.5], case="a", truth_voxels=100, truth_ml=0.8, voxels=90),
        *played([0.5], case="b", truth_voxels=100_000, truth_ml=800.0, voxels=90_000),
        *broken(played([0.5], case="c")),
    ]
    svg = volumes_plot("a", courses_of(rows), ("ours",), (1,))
    assert svg is not None
    assert "mask / truth" in texts(svg)
    assert "1 empty masks left out" in texts(svg)


def test_volumes_near_each_other_are_shown_as_differences() -> None:
    """In voxels where no spacing is known; many models take several lines."""
    models = tuple(f"model {number}" for number in range(4))
    rows = [row for name in models for row in played([0.5], model=name, truth_ml=None, voxels=900)]
    svg = volumes_plot("a", courses_of(rows), models, (1,))
    assert svg is not None
    assert texts(svg).count("mask less truth, voxels") == 2
    assert set(models) <= set(texts(svg))


def test_no_mask_is_no_plot() -> None:
    """Where all failed."""
    assert volumes_plot("a", courses_of(broken(played([0.5]))), ("ours",), (1,)) is None
