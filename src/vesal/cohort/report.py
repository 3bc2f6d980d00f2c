"""What came of each object of each case: a table on the disk that grows as cases end."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Literal

from vesal.errors import ConfigError
from vesal.images.write import replacing

_JSON, _TABLE = "report.json", "report.csv"
REPORTS = (_JSON, _TABLE)
"""Names of its files."""

_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One object of a case, or a case that failed before its objects were reached."""

    case: str
    image: str
    object: str
    status: Literal["done", "failed"]
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
    """

    key: str
    rows: tuple[Row, ...]

    @property
    def failed(self) -> bool:
        """True if nothing was written for it."""
        return any(row.status == "failed" for row in self.rows)


class Report:
    """The report of a folder, as JSON for programs and as CSV for people.

    Args:
        folder: where results go; a report in it is taken up.

    Raises:
        ConfigError: the folder holds a report that is damaged or of another version.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._entries: dict[str, Entry] = _read(folder / _JSON)

    @property
    def path(self) -> Path:
        """The table for people."""
        return self._folder / _TABLE

    def entry(self, case: str) -> Entry | None:
        """What is remembered of a case, if it was run."""
        return self._entries.get(case)

    def add(self, case: str, entry: Entry) -> None:
        """Take down what came of a case; it is on the disk afterwards.

        Raises:
            ResourceError: if the disk refuses.
        """
        self._entries[case] = entry
        self.write(self._entries)

    def write(self, cases: Iterable[str]) -> None:
        """Write the report of these cases, in this order, each file in one step.

        Raises:
            ResourceError: if the disk refuses.
        """
        entries = {case: self._entries[case] for case in cases if case in self._entries}
        record = {
            "version": _VERSION,
            "cases": {
                case: {"key": entry.key, "rows": [asdict(row) for row in entry.rows]}
                for case, entry in entries.items()
            },
        }
        with replacing(self._folder / _JSON, ".json") as temporary:
            temporary.write_text(json.dumps(record, indent=1), encoding="utf-8")
        rows = [row for entry in entries.values() for row in entry.rows]
        with replacing(self.path, ".csv") as temporary:
            temporary.write_text(_table(rows), encoding="utf-8", newline="")


def _table(rows: Sequence[Row]) -> str:
    text = io.StringIO(newline="")
    names = [field.name for field in fields(Row)]
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(getattr(row, name)) for name in names})
    return text.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@"):
        return f"'{value}"  # else a spreadsheet takes a name for a formula
    return value


def _read(path: Path) -> dict[str, Entry]:
    if not path.exists():
        return {}
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["version"] != _VERSION:
            raise ValueError
        return {
            case: Entry(key=entry["key"], rows=tuple(Row(**row) for row in entry["rows"]))
            for case, entry in record["cases"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        msg = (
            f"{path} is damaged or of another version of vesal; move it away, or choose another "
            "folder"
        )
        raise ConfigError(msg) from error
