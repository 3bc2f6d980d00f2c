"""What was done so far: a small file for each case and round, whole or not there.

A run that is killed goes on with it; one under other settings, or over files that have changed,
finds other keys and makes the case anew.
"""

import hashlib
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vesal.curation.look import Looked
from vesal.curation.row import Row, row_of
from vesal.datasets import Pair
from vesal.datasets.likeness import signature_from_record, signature_record
from vesal.images.write import make_folder, write_text
from vesal.lock import alone
from vesal.seal import sealed, unsealed

FOLDER = ".curation"
_VERSION = 1
ROOMS = ("curation", "datasets", "geometry", "images", "labels", "inference/lattice.py")
"""Code that a curated set depends on."""


class Journal:
    """The journal of an output folder.

    Args:
        output: folder of the curated set.
    """

    def __init__(self, output: Path) -> None:
        self._folder = output / FOLDER

    @property
    def rules(self) -> str:
        """Name of the rules that the folder was made by; "" for a new one."""
        try:
            return (self._folder / "rules").read_text(encoding="utf-8")
        except OSError:
            return ""

    def begin(self, rules: str) -> None:
        """Say whose folder it is, before anything else is in it.

        Raises:
            ResourceError: the disk refuses.
        """
        make_folder(self._folder)
        write_text(self._folder / "rules", rules)

    def alone(self) -> AbstractContextManager[None]:
        """Hold the folder, so that no second run sweeps away what this one writes: see `alone`."""
        return alone(self._folder)

    def looked(self, pair: Pair, key: str) -> Looked | None:
        """What the first look found under this very key; None if it is to be made."""
        record = self._read("look", pair, key)
        try:
            return None if record is None else _looked(record)
        except (KeyError, TypeError, ValueError):
            return None

    def keep_look(self, pair: Pair, key: str, looked: Looked) -> None:
        """Write what the first look found.

        Raises:
            ResourceError: the disk refuses.
        """
        record: dict[str, object] = {
            "reason": looked.reason,
            "detail": looked.detail,
            "structures": looked.structures,
            "signature": signature_record(looked.signature),
            "notes": looked.notes,
        }
        self._keep("look", pair, key, record)

    def rows(self, pair: Pair, key: str, output: Path) -> tuple[Row, ...] | None:
        """The rows of a case made under this very key; None if it is to be made.

        That is so, too, where one of its files is no longer there.
        """
        record = self._read("rows", pair, key)
        try:
            rows = None if record is None else tuple(row_of(one) for one in record["rows"])
        except (KeyError, TypeError):
            return None
        files = [name for row in rows or () for name in (row.image, row.mask) if name]
        return rows if all((output / name).is_file() for name in files) else None

    def keep_rows(self, pair: Pair, key: str, rows: tuple[Row, ...]) -> None:
        """Write the rows of a case.

        Raises:
            ResourceError: the disk refuses.
        """
        self._keep("rows", pair, key, {"rows": [asdict(row) for row in rows]})

    def _read(self, kind: str, pair: Pair, key: str) -> dict[str, Any] | None:
        """The record of a file; None if it is not there, damaged, or of another key."""
        try:
            record = unsealed(self._path(kind, pair).read_text(encoding="utf-8"))
            right = record["version"] == _VERSION and record["key"] == key
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return record if right else None

    def _keep(self, kind: str, pair: Pair, key: str, record: dict[str, object]) -> None:
        path = self._path(kind, pair)
        make_folder(path.parent)
        write_text(path, sealed({"version": _VERSION, "key": key, **record}))

    def _path(self, kind: str, pair: Pair) -> Path:
        """Names of pairs are fit for files and unique, but may be too long."""
        digest = hashlib.sha256(pair.name.encode()).hexdigest()[:12]
        return self._folder / kind / f"{pair.name[:80]}-{digest}.json"


def _looked(record: dict[str, Any]) -> Looked:
    return Looked(
        reason=str(record["reason"]),
        detail=str(record["detail"]),
        structures=tuple(str(name) for name in record["structures"]),
        signature=signature_from_record(record["signature"]),
        notes=tuple(str(note) for note in record["notes"]),
    )
