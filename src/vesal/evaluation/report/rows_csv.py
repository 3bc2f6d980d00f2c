"""All rows as a table for spreadsheets and for whoever wants to count again."""

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from vesal.cells import csv_text
from vesal.evaluation.row import Row
from vesal.images.write import write_text

COLUMNS = tuple(field.name for field in fields(Row))


def write_rows(path: Path, rows: Sequence[Row]) -> Path:
    """Write one line for each row, in one step, and return the path.

    What was not measured is empty, an infinite distance "inf". A text that a spreadsheet would
    take for a formula has an apostrophe in front, as a click "+ 12 40 7" has.

    Raises:
        ResourceError: if the disk refuses.
    """
    cells = ([getattr(row, name) for name in COLUMNS] for row in rows)
    write_text(path, csv_text(COLUMNS, cells, digits=9))
    return path
