"""Tests of vesal.evaluation.report.course."""

from tests.evaluation.report.played import broken, played
from vesal.evaluation.report.course import courses_of


def test_rows_of_one_object_come_together_in_their_order() -> None:
    """By model, variant, case and object, whatever order the rows have."""
    rows = [*played([0.1, 0.2, 0.3]), *played([0.5], model="theirs"), *played([0.6], case="b")]
    courses = courses_of(reversed(rows))
    found = {(c.last.model, *c.key): [row.dice for row in c.rows] for c in courses}
    assert found == {
        ("ours", "scan", "liver"): [0.1, 0.2, 0.3],
        ("theirs", "scan", "liver"): [0.5],
        ("ours", "b", "liver"): [0.6],
    }


def test_a_user_who_stopped_keeps_the_last_mask() -> None:
    """Dice after more clicks than were made is that after the last one."""
    (course,) = courses_of(played([0.4, 1.0]))
    assert [course.after(clicks).dice for clicks in (0, 1, 2, 10)] == [0.4, 0.4, 1.0, 1.0]


def test_the_first_prompt_counts_as_no_click() -> None:
    """Round 0 is a box or scribble."""
    (course,) = courses_of(played([0.4, 0.6, 0.5], first=0))
    assert [course.after(clicks).dice for clicks in (0, 1, 2)] == [0.4, 0.6, 0.5]
    assert course.clicks_to(0.4) == 0
    assert course.clicks_to(0.6) == 1
    assert course.clicks_to(0.7) is None


def test_falls_are_further_rounds_that_lower_dice() -> None:
    """Of three further rounds one falls, and one that stays is none."""
    (course,) = courses_of(played([0.4, 0.6, 0.6, 0.5]))
    assert course.falls == (False, False, True)


def test_a_failure_counts_from_its_round_on() -> None:
    """What was good before is kept."""
    (course,) = courses_of(broken(played([0.4, 0.6, 0.7])))
    assert course.failed
    assert [course.after(clicks).dice for clicks in (1, 2, 3, 5)] == [0.4, 0.6, 0.0, 0.0]
