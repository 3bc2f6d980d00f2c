"""Values as they stand in a CSV file that people open in a spreadsheet."""

import csv
import io
from collections.abc import Iterable

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_text(names: Iterable[str], rows: Iterable[Iterable[object]], *, digits: int = 6) -> str:
    """A table as CSV, each of its values as `safe_cell` has it.

    Args:
        names: of the columns.
        rows: values, one for each column.
        digits: of a number, that count.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([safe_cell(value, digits) for value in row] for row in rows)
    return text.getvalue()


def safe_cell(value: object, digits: int = 6) -> object:
    """A value for a spreadsheet: no formula, no digits that mean nothing, a tuple with blanks."""
    if isinstance(value, tuple):
        return " ".join(str(safe_cell(one, digits)) for one in value)
    if isinstance(value, float):
        return f"{value:.{digits}g}"
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"  # else a spreadsheet takes a name for a formula
    return value
