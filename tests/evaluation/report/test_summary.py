"""Tests of vesal.evaluation.report.summary."""

import pytest

from tests.evaluation.report.played import broken, played
from vesal.evaluation.report.grouping import ALL
from vesal.evaluation.report.summary import Summary, summaries
from vesal.evaluation.row import Row


def whole(rows: list[Row], reported: tuple[int, ...] = (1, 3)) -> tuple[Summary, ...]:
    """Summaries over all objects."""
    return summaries(rows, reported, (ALL,))


def test_dice_after_clicks_is_the_mean_of_objects() -> None:
    """One object is perfect after two clicks and stays so."""
    (found,) = whole([*played([0.2, 0.4, 0.6], case="a"), *played([0.5, 1.0], case="b")])
    assert [moment.clicks for moment in found.moments] == [1, 3]
    assert [moment.dice.mean for moment in found.moments] == pytest.approx([0.35, 0.8])
    assert (found.objects, found.patients, found.failed) == (2, 2, 0)


def test_the_best_click_is_no_result() -> None:
    """Dice that falls again counts as it ends; the best is kept apart."""
    (found,) = whole(played([0.5, 0.9, 0.6]))
    assert found.last.dice.mean == pytest.approx(0.6)
    assert found.best.mean == pytest.approx(0.9)


def test_clicks_to_a_dice_count_the_most_where_it_is_never_reached() -> None:
    """2 clicks, and 4 for the object that never gets there: 3 on average."""
    rows = [*played([0.5, 0.82, 0.9, 0.9], case="a"), *played([0.1, 0.2, 0.3, 0.4], case="b")]
    (found,) = whole(rows)
    effort = found.efforts[0]
    assert (effort.dice, effort.clicks, effort.most, effort.never) == (0.8, 3.0, 4, 0.5)


def test_an_object_is_lost_below_a_dice_of_a_third() -> None:
    """0.3 after 5 clicks, or the last; what comes later does not save it."""
    rows = [
        *played([0.1, 0.1, 0.1, 0.1, 0.2, 0.9], case="a"),
        *played([0.1, 0.3], case="b"),
        *broken(played([0.9, 0.9], case="c")),
        *played([0.9], case="d"),
    ]
    (found,) = whole(rows)
    assert found.lost == 0.5
    assert found.failed == 1


def test_falls_are_a_share_of_all_further_rounds() -> None:
    """Three further rounds in all, one of them down; of single rounds nothing is known."""
    (found,) = whole([*played([0.5, 0.4, 0.6], case="a"), *played([0.5, 0.6], case="b")])
    assert found.falls == pytest.approx(1 / 3)
    (single,) = whole(played([0.5]))
    assert single.falls is None


def test_first_and_further_rounds_are_timed_apart() -> None:
    """The first one encodes the image; a failure has no time."""
    rows = [
        *played([0.5], case="a", seconds=4.0),
        *played([0.5], first=2, case="a", seconds=1.0, memory_mib=70.0),
        *broken(played([0.5], case="b")),
    ]
    (found,) = whole(rows)
    assert found.first is not None
    assert (found.first.median, found.first.count) == (4.0, 1)
    assert found.further is not None
    assert found.further.p95 == 1.0
    assert found.memory_mib == 70.0


def test_a_method_that_always_fails_has_a_summary() -> None:
    """Dice 0, no time."""
    (found,) = whole([*broken(played([0.5], case="a")), *broken(played([0.5], case="b"))])
    assert (found.failed, found.last.dice.mean, found.lost) == (2, 0.0, 1.0)
    assert (found.first, found.further, found.memory_mib) == (None, None, None)


def test_a_variant_without_clicks_has_one_moment() -> None:
    """A box alone: its first prompt, whatever numbers of clicks are reported."""
    rows = [*played([0.7], first=0, variant="box"), *played([0.2, 0.3], variant="points")]
    box, points = whole(rows)
    assert [moment.clicks for moment in box.moments] == [0]
    assert box.efforts == ()
    assert [moment.clicks for moment in points.moments] == [1, 3]


def test_a_first_prompt_is_a_moment_of_its_own() -> None:
    """A box, then clicks."""
    (found,) = whole(played([0.7, 0.8], first=0))
    assert [(m.clicks, m.dice.mean) for m in found.moments] == [(0, 0.7), (1, 0.8), (3, 0.8)]


def test_each_group_holds_its_own_objects() -> None:
    """By grouping, group, variant and model; groups of all groupings."""
    rows = [
        *played([0.4], case="a", modality="CT"),
        *played([0.8], case="b", modality="MR"),
        *played([0.6], case="b", modality="MR", model="theirs"),
    ]
    found = {
        (each.group, each.model): each.last.dice.mean
        for each in summaries(rows, (1,))
        if each.grouping == "modality"
    }
    assert found == {("CT", "ours"): 0.4, ("MR", "ours"): 0.8, ("MR", "theirs"): 0.6}
