"""Tests of vesal.evaluation.report.comparisons."""

import pytest

from tests.evaluation.report.played import played
from vesal.evaluation.report.comparisons import contests
from vesal.evaluation.row import Row


def scored(model: str, dice: list[float], variant: str = "points") -> list[Row]:
    """One object a case, of patients of their own."""
    rows: list[Row] = []
    for number, value in enumerate(dice):
        rows += played([0.5, value], case=f"case {number}", model=model, variant=variant)
    return rows


def test_models_are_compared_on_the_objects_of_both() -> None:
    """By Dice after the last reported clicks; what only one has does not count."""
    rows = [*scored("ours", [0.6, 0.7, 0.8, 0.9]), *scored("theirs", [0.5, 0.7, 0.9])]
    (found,) = contests(rows, (2,))
    assert (found.first, found.second, found.variant, found.clicks) == (
        "ours",
        "theirs",
        "points",
        2,
    )
    one = found.comparison
    assert (one.wins, one.ties, one.losses, one.unpaired) == (1, 1, 1, 1)
    assert one.difference is not None
    assert one.difference.mean == pytest.approx(0.0)


def test_all_comparisons_are_corrected_together() -> None:
    """Six of six objects better: p = 1/32, times the three comparisons that there are."""
    worse = [0.5, 0.51, 0.52, 0.53, 0.54, 0.55]
    better = [value + 0.01 * (i + 1) for i, value in enumerate(worse)]
    rows = [*scored("a", worse), *scored("b", better), *scored("c", worse)]
    found = {(each.first, each.second): each for each in contests(rows, (2,))}
    assert found["a", "b"].comparison.p == pytest.approx(1 / 32)
    assert found["a", "b"].corrected_p == pytest.approx(3 / 32)
    assert found["a", "c"].corrected_p == 1.0


def test_one_model_has_nothing_to_be_compared_with() -> None:
    """Nor have two without an object in common."""
    assert contests(scored("ours", [0.5]), (1,)) == ()
    rows = [*played([0.5], case="a"), *played([0.5], case="b", model="theirs")]
    assert contests(rows, (1,)) == ()


def test_variants_are_not_mixed() -> None:
    """A box is not compared with points."""
    rows = [*scored("ours", [0.5], "box"), *scored("theirs", [0.6], "points")]
    assert contests(rows, (1,)) == ()
