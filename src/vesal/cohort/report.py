"""What came of each object of each case, as JSON for programs and as a table for people."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from vesal.cells import csv_text
from vesal.cohort.place import Place
from vesal.images.write import write_text

_JSON, _TABLE = "report.json", "report.csv"
REPORTS = (_JSON, _TABLE, "journal.jsonl", "mosaic.png")
"""Names of its files, and of those that lie beside them."""

_VERSION = 1
_OF_CASE = {
    "attempts": "attempts",
    "case_seconds": "seconds",
    "case_memory_mib": "memory_mib",
}
"""Columns that are the same for all objects of a case, and where they come from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One object of a case, or a case that failed before its objects were reached."""

    case: str
    image: str
    object: str
    status: Literal["done", "failed", "quarantined"]
    message: str = ""
    """Why it failed."""
    voxels: int | None = None
    volume_ml: float | None = None
    score: float | None = None
    stability: float | None = None
    seconds: float | None = None
    """For this object; reading the image and loading the model are not in it."""
    notes: str = ""
    output: str = ""
    """Name of the file, in the folder of the report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is remembered of a case.

    Attributes:
        key: hash of all that its result depends on.
        rows: one for each object.
        attempts: how often it was tried.
        seconds: of the last attempt, from opening the image to the last file.
        memory_mib: the most that the process which did it held meanwhile.
        worker: machine and number of that process.
        loads: models that this process has loaded by then.
        sizes: bytes of each of its files, by their names in the folder.
    """

    key: str
    rows: tuple[Row, ...]
    attempts: int = 1
    seconds: float = 0.0
    memory_mib: float = 0.0
    worker: str = ""
    loads: int = 0
    sizes: Mapping[str, int] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """True if something in it did not work, and may be tried again."""
        return any(row.status == "failed" for row in self.rows)

    @property
    def quarantined(self) -> bool:
        """True if something in it did not work twice."""
        return any(row.status == "quarantined" for row in self.rows)


def write_report(folder: Place, entries: Mapping[str, Entry]) -> Place:
    """Write the report of cases, in their order, each file in one step; the table for people.

    Raises:
        ResourceError: if the disk refuses.
    """
    cases = {case: asdict(entry) for case, entry in entries.items()}
    record = {"version": _VERSION, "cases": cases}
    _write(folder / _JSON, json.dumps(record, indent=1))
    _write(folder / _TABLE, _table(entries.values()))
    return folder / _TABLE


def entry_of(record: Mapping[str, Any]) -> Entry:
    """An entry that `asdict` took apart.

    Raises:
        KeyError, TypeError: it is none.
    """
    return Entry(**{**record, "rows": tuple(Row(**row) for row in record["rows"])})


def _write(place: Place, text: str) -> None:
    if not isinstance(place, Path):
        place.write_bytes(text.encode())
        return
    write_text(place, text)


def _table(entries: Iterable[Entry]) -> str:
    names = [field.name for field in fields(Row)]
    rows = (
        [getattr(row, name) for name in names] + [getattr(entry, one) for one in _OF_CASE.values()]
        for entry in entries
        for row in entry.rows
    )
    return csv_text([*names, *_OF_CASE], rows)
