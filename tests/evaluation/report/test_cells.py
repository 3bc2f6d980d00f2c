"""Tests of vesal.evaluation.report.cells."""

import math

from vesal.evaluation.report.cells import (
    clicks_word,
    number,
    p_value,
    seconds,
    share,
    span,
)
from vesal.evaluation.statistics import Interval, interval


def test_an_interval_of_one_object_is_not_shown() -> None:
    """It has no width, which would look like certainty."""
    one: Interval = interval([0.5], ["a"])
    assert span(one, 1) == "0.500"
    assert span(one, 2) == "0.500 (0.500 to 0.500)"
    assert span(None) == "–"  # noqa: RUF001


def test_numbers_are_short() -> None:
    """As many digits as mean something."""
    assert [number(math.inf), number(None), number(2.0, 1)] == ["∞", "–", "2.0"]  # noqa: RUF001
    assert [seconds(0.01234), seconds(3.456), seconds(123.4)] == ["0.012", "3.5", "123"]
    assert [p_value(0.0123), p_value(1e-9), p_value(1.0)] == ["0.012", "< 0.0001", "1"]
    assert [share(0.25), share(None)] == ["25 %", "–"]  # noqa: RUF001
    assert [clicks_word(n) for n in (0, 1, 3)] == ["first prompt", "1 click", "3 clicks"]
