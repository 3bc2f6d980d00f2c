"""Tests of vesal.evaluation.report.cells."""

import math

import pytest

from vesal.evaluation.report.cells import (
    clicks_word,
    number,
    p_value,
    safe_cell,
    seconds,
    share,
    span,
)
from vesal.evaluation.statistics import Interval, interval


@pytest.mark.parametrize("text", ["=1+1", "+ 1 2", "-x", "@SUM(A1)", "\tx", "\rx"])
def test_no_text_is_a_formula(text: str) -> None:
    """A spreadsheet must not run the name of a case."""
    assert safe_cell(text) == f"'{text}"


def test_other_cells_stay_as_they_are() -> None:
    """Numbers with nine digits, what is not known empty."""
    assert [safe_cell(value) for value in ("a=b", 7, None, 1 / 3, math.inf)] == [
        "a=b",
        7,
        None,
        "0.333333333",
        "inf",
    ]


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
