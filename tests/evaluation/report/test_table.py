"""Tests of vesal.evaluation.report.table."""

from dataclasses import replace

from tests.evaluation.report.played import ABOUT, broken, played
from vesal.evaluation.report.about import About
from vesal.evaluation.report.summary import summaries
from vesal.evaluation.report.table import table
from vesal.evaluation.row import Row


def lines(rows: list[Row], about: About = ABOUT) -> list[str]:
    """The lines of the table."""
    return table(about, summaries(rows, about.reported)).splitlines()


def test_models_are_lines_and_clicks_are_columns() -> None:
    """Date, commit and machine stand below."""
    rows = [*played([0.5, 0.6, 0.7]), *played([0.4], model="theirs")]
    found = lines(rows)
    assert found[:4] == [
        "| model | prompts | objects | 1 click | 3 clicks |",
        "| --- | --- | --- | --- | --- |",
        "| ours | error centre | 1 | 0.500 | 0.700 |",
        "| theirs | error centre | 1 | 0.400 | 0.400 |",
    ]
    assert "2026-11-27, vesal 0.1.0 (abc1234), a machine, 2 cores." in found


def test_intervals_say_what_was_drawn() -> None:
    """Two objects of two patients: too few to draw patients."""
    found = lines([*played([0.25], case="a"), *played([0.75], case="b")])
    assert "0.500 (0.250 to 0.750)" in found[2]
    assert "drawn from objects" in found[4]


def test_failures_are_not_hidden() -> None:
    """They count with 0, and the table says so."""
    found = lines([*broken(played([0.5])), *played([0.5], case="b")])
    assert "1 objects at which a model broke count with 0" in found[4]


def test_the_best_of_the_clicks_is_shown_for_its_protocol_alone() -> None:
    """And never without its label."""
    rows = played([0.5, 0.9, 0.6])
    assert "0.900" not in "".join(lines(rows))
    found = lines(rows, replace(ABOUT, best_of_clicks=True))
    assert "best of the clicks" in found[0]
    assert found[2].endswith("0.600 | 0.900 |")
    assert "SAM-Med3D's old script" in found[-1]


def test_no_name_breaks_the_table() -> None:
    """Bars and markup are letters."""
    found = lines(played([0.5], model="a|b <i>*c*\nd"))
    assert found[2].startswith("| a\\|b \\<i\\>\\*c\\* d | error centre |")


def test_variants_may_have_other_columns() -> None:
    """A box alone has no clicks."""
    found = lines([*played([0.7], first=0, variant="box"), *played([0.2], variant="points")])
    assert found[0] == "| model | prompts | objects | first prompt | 1 click | 3 clicks |"
    assert found[2] == "| ours | box | 1 | 0.700 | – | – |"  # noqa: RUF001
    assert found[3] == "| ours | points | 1 | – | 0.200 | 0.200 |"  # noqa: RUF001
