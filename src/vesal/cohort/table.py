"""Rows of a table as texts: CSV as spreadsheets write it, or Parquet."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass

from vesal.cohort.draft import Problems
from vesal.errors import ConfigError, ResourceError

_MAGIC = b"PAR1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table.

    Attributes:
        columns: their names, in small letters.
        rows: each with its place in the file; None, or a key more, where a row does not fit.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, Mapping[str, str | None]], ...]


def is_parquet(content: bytes) -> bool:
    """Whether a file begins as Parquet does."""
    return content.startswith(_MAGIC)


def csv_table(text: str, problems: Problems) -> Table:
    """The table of a text; where it is no CSV goes to the problems."""
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)  # some languages' spreadsheets write semicolons
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[str, Mapping[str, str | None]]] = []
    columns: list[str] = []
    try:
        columns = [name.strip().lower() for name in reader.fieldnames or ()]
        reader.fieldnames = columns
        rows += [(f"line {reader.line_num}", row) for row in reader]
    except csv.Error as error:
        problems.add(f"line {reader.line_num}", f"is not CSV ({error})")
    return Table(columns=tuple(columns), rows=tuple(rows))


def parquet_table(content: bytes, name: str) -> Table:
    """The table of a Parquet file, its values as CSV has them: lists as numbers with commas.

    Args:
        content: of the file.
        name: of the file, for messages.

    Raises:
        ConfigError: it is damaged.
        ResourceError: pyarrow is missing.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        msg = f"Parquet needs {error.name}, which is not here: pip install pyarrow, or give CSV"
        raise ResourceError(msg) from error
    try:
        table = parquet.read_table(pa.BufferReader(content))
    except (pa.ArrowException, OSError, ValueError) as error:
        why = " ".join(str(error).split())  # Arrow's words come in several lines
        msg = f"{name} is no whole Parquet file ({why}); write it again"
        raise ConfigError(msg) from error
    columns = tuple(str(name).strip().lower() for name in table.column_names)
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    texts = (map(_text, row) for row in rows)
    return Table(
        columns=columns,
        rows=tuple(
            (f"row {number}", dict(zip(columns, row, strict=True)))
            for number, row in enumerate(texts, 1)
        ),
    )


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, list):
        separator = " " if value and isinstance(value[0], list) else ","  # points, or one point
        return separator.join(map(_text, value))
    return str(value)
