"""Tests of vesal.evaluation.report.plots."""

import pytest

from tests.evaluation.report.played import broken, played
from tests.evaluation.report.svg import parsed, texts
from vesal.evaluation.report.course import courses_of
from vesal.evaluation.report.grouping import STRUCTURE
from vesal.evaluation.report.plots import clicks_plot, seconds_plot, structures_plot
from vesal.evaluation.report.summary import summaries


def test_a_line_of_dice_for_each_model() -> None:
    """Named, and said in words for those who do not see it."""
    rows = [*played([0.5, 0.75]), *played([0.25, 0.5], model="theirs")]
    svg = clicks_plot("a", courses_of(rows), ("ours", "theirs"))
    assert svg is not None
    assert {"ours", "theirs", "mean Dice"} <= set(texts(svg))
    assert "ours 0.50 to 0.75; theirs 0.25 to 0.50" in str(parsed(svg).get("aria-label"))
    assert "var(--series-1)" in svg


def test_a_single_round_is_no_line() -> None:
    """The table has the number."""
    assert clicks_plot("a", courses_of(played([0.5])), ("ours",)) is None


@pytest.mark.parametrize("count", [1, 61])
def test_structures_are_sorted_and_readable(count: int) -> None:
    """Best on top, each with a label and room for it."""
    names = [f"label {number}" for number in range(count)]
    rows = [row for i, name in enumerate(names) for row in played([i / 100], object=name)]
    svg = structures_plot("a", summaries(rows, (1,), (STRUCTURE,)), ("ours",))
    drawn = [text for text in texts(svg) if text.startswith("label")]
    assert drawn == names[::-1]
    height = float(str(parsed(svg).get("height")).removesuffix("pt"))
    assert height / count > 14  # points, for letters of 10


def test_very_many_structures_are_cut_to_the_best_and_worst() -> None:
    """As where every nucleus of a slide has a label of its own; the plot says so."""
    rows = [row for i in range(120) for row in played([i / 120], object=f"label {i}")]
    found = texts(structures_plot("a", summaries(rows, (1,), (STRUCTURE,)), ("ours",)))
    assert {"label 119", "label 70", "label 49", "label 0"} <= set(found)
    assert not {"label 69", "label 50"} & set(found)
    assert "mean Dice; the 50 best and worst of 120" in found


def test_seconds_leave_failures_out() -> None:
    """A failure took no time; without any time there is no plot."""
    rows = [*played([0.5, 0.6], seconds=2.0), *broken(played([0.5], model="theirs"))]
    svg = seconds_plot("a", courses_of(rows), ("ours", "theirs"))
    assert svg is not None
    assert "ours" in texts(svg)
    assert "theirs" not in texts(svg)
    failed = courses_of(broken(played([0.5])))
    assert seconds_plot("a", failed, ("ours",)) is None
