"""Tests of vesal.evaluation.report.tables."""

from dataclasses import replace

import pytest

from tests.evaluation.report.played import ABOUT, broken, played
from vesal.evaluation.report.comparisons import contests
from vesal.evaluation.report.course import courses_of
from vesal.evaluation.report.grouping import ALL
from vesal.evaluation.report.summary import Summary, summaries
from vesal.evaluation.report.tables import (
    Table,
    contest_table,
    dice_table,
    effort_table,
    failure_table,
    seconds_table,
    spread_table,
    surface_table,
)

ROWS = [
    *played([0.5, 0.6, 0.9], nsd=0.5, hd95_mm=2.0, assd_mm=1.0),
    *played([0.5], case="b", nsd=0.5, hd95_mm=float("inf"), assd_mm=1.0, voxels=800),
    *broken(played([0.5], model="theirs")),
]


def whole() -> tuple[Summary, ...]:
    """Over all objects."""
    return summaries(ROWS, (1, 3), (ALL,))


def row_of(table: Table, line: int = 0) -> dict[str, str]:
    """A line by its heads."""
    return dict(zip(table.heads, table.lines[line], strict=True))


@pytest.mark.parametrize("make", [spread_table, surface_table, effort_table, seconds_table])
def test_every_line_has_a_cell_for_each_head(make: object) -> None:
    """Also of a method that always failed."""
    assert callable(make)
    table = make(whole())
    assert len(table.lines) == 2
    assert all(len(line) == len(table.heads) for line in table.lines)
    assert [line[:2] for line in table.lines] == [
        ("ours", "error centre"),
        ("theirs", "error centre"),
    ]


def test_infinite_distances_are_told() -> None:
    """Beside the median of the others."""
    assert row_of(surface_table(whole()))["HD95 mm"] == "2.0 (1 infinite)"
    assert row_of(surface_table(whole()))["volume error (quartiles)"] == "-10 % (-15 % to -5 %)"


def test_effort_says_how_many_never_get_there() -> None:
    """One of two reaches 0.9 with the third click."""
    found = row_of(effort_table(whole()))
    assert (found["clicks to Dice 0.90"], found["never 0.90"]) == ("3.0", "50 %")


def test_prompts_are_a_column_where_there_are_several() -> None:
    """In tables of groups; the first table always has it."""
    several = summaries([*ROWS, *played([0.5], variant="other")], (1, 3), (ALL,))
    assert dice_table(whole(), ABOUT, groups=False).heads[:2] == ("model", "prompts")
    assert dice_table(whole(), ABOUT, groups=True).heads[:3] == ("group", "model", "objects")
    assert dice_table(several, ABOUT, groups=True).heads[:3] == ("group", "model", "prompts")


def test_the_best_of_the_clicks_is_labelled() -> None:
    """For the one protocol that wants it."""
    label = "best of the clicks, as SAM-Med3D's old script"
    assert label not in dice_table(whole(), ABOUT, groups=False).heads
    about = replace(ABOUT, best_of_clicks=True)
    assert dice_table(whole(), about, groups=False).heads[-1] == label


def test_contests_and_failures_are_told() -> None:
    """With what the model said."""
    contest = row_of(contest_table(contests(ROWS, (1, 3))))
    assert (contest["first"], contest["second"], contest["first better"]) == ("ours", "theirs", "1")
    failure = row_of(failure_table(courses_of(ROWS)))
    assert (failure["model"], failure["message"]) == ("theirs", "it broke")
