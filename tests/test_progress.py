"""Tests of vesal.progress."""

import pytest

from vesal.progress import Counter, now_and_then, silent, with_time_left


def test_silent_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """The default of long work."""
    silent(1, 2, "reading")
    assert capsys.readouterr() == ("", "")


def test_a_counter_remembers_each_report() -> None:
    """And that the work goes on."""
    counter = Counter()
    counter(1, 2, "first")
    assert not counter.finished
    assert counter.reports == [(1, 2, "first")]


def test_a_counter_knows_when_all_steps_are_done() -> None:
    """The last report says so."""
    counter = Counter()
    counter(1, 2, "first")
    counter(2, 2, "second")
    assert counter.finished
    assert counter.reports == [(1, 2, "first"), (2, 2, "second")]


def test_the_time_that_is_left_is_told_from_the_mean_of_what_is_done() -> None:
    """Of this run alone: what was done before took no time."""
    counter = Counter()
    now = iter([0.0, 10.0, 240.0, 2400.0 * 8, 1e9])
    told = with_time_left(counter, lambda: next(now))
    for done, text in ((90, "first"), (91, "a"), (92, "b"), (94, "c"), (100, "done")):
        told(done, 100, text)
    texts = [text for _, _, text in counter.reports]
    assert texts == ["first", "a, 2 min left", "b, 16 min left", "c, 8.0 h left", "done"]
    assert counter.finished


def test_the_time_that_is_left_is_counted_anew_for_other_work() -> None:
    """Loading a model tells nothing of the cases that come after it."""
    counter = Counter()
    now = iter((0.0, 1000.0, 1060.0))
    told = with_time_left(counter, lambda: next(now))
    for done, total, text in ((0, 1, "loading"), (1, 3, "a"), (2, 3, "b")):
        told(done, total, text)
    assert [text for _, _, text in counter.reports] == ["loading", "a", "b, 1 min left"]


def test_lines_come_no_more_often_than_is_asked_for() -> None:
    """Nine hundred cases are not nine hundred lines."""
    lines: list[str] = []
    seconds = [0.0]
    told = now_and_then(lines.append, 60.0, lambda: seconds[0])
    for done, now in ((1, 10.0), (2, 60.0), (3, 100.0), (4, 125.0)):
        seconds[0] = now
        told(done, 4, f"case-{done}")
    assert lines == ["2/4 case-2", "4/4 case-4"]
