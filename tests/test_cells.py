"""Tests of vesal.cells."""

import csv
import io

import pytest

from vesal.cells import csv_text, safe_cell


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_name_is_a_formula(start: str) -> None:
    """A spreadsheet would run one that a stranger has written; negative numbers stay numbers."""
    assert safe_cell(f"{start}1+1") == f"'{start}1+1"
    assert safe_cell("liver") == "liver"
    assert (safe_cell(-1), safe_cell(-1.5)) == (-1, "-1.5")


def test_a_table_has_the_digits_that_count() -> None:
    """A field of several numbers has blanks between them; nothing is an empty field."""
    text = csv_text(("a", "b", "c"), [(1 / 3, (-1.0, 2), None)], digits=3)
    assert list(csv.reader(io.StringIO(text))) == [["a", "b", "c"], ["0.333", "-1 2", ""]]
