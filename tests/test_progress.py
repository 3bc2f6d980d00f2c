"""Tests of vesal.progress."""

import pytest

from vesal.progress import Counter, silent


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
