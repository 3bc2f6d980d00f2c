"""What was found so far, on the disk: a file for each method and case, whole or not there."""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from vesal.datasets.likeness import Signature, signature_from_record, signature_record
from vesal.errors import PromptError
from vesal.evaluation.row import Row
from vesal.geometry.patch import Patch
from vesal.images.write import make_folder, write_text
from vesal.prompts.record import patch_from_record, patch_record
from vesal.seal import sealed, unsealed

logger = logging.getLogger(__name__)

_VERSION = 1
FOLDER = "results"


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What came of one object under one variant.

    Attributes:
        part: of the case, such as "slice 12"; "" for the whole.
        rows: one for each round, at least one.
        mask: the last one, on the grid that was scored on.
    """

    part: str
    rows: tuple[Row, ...]
    mask: Patch


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a method made of a case.

    Attributes:
        key: hash of all that it depends on.
        found: objects and variants in the order in which they were played.
        notes: what deserves a warning.
        problem: why the case could not be read; nothing was played then.
        lost: whether the process died, so that nothing is known.
        signature: of its image, None where it was not read.
        tables: what a protocol measures of the case as a whole, a number for each round.
    """

    key: str
    found: tuple[Played, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""
    lost: bool = False
    signature: Signature | None = None
    tables: dict[str, list[float]] | None = None


class Results:
    """The results of a report folder.

    Args:
        folder: of the report.
        protocol: name of the protocol; those of others in the folder are left alone.
    """

    def __init__(self, folder: Path, protocol: str) -> None:
        self.folder, self._protocol = folder / FOLDER, protocol

    def of(self, method: str, case: str, key: str) -> Result | None:
        """What was found earlier under this very key; None if it is to be made, or made anew.

        That is so where the case could not be read, where the process died, and where the file
        is damaged or of another version: next time may be better.
        """
        path = self._path(method, case)
        if not path.exists():
            return None
        result = _read(path)
        if result is None:
            logger.warning("%s is damaged or of another version; it is made anew", path)
            return None
        usable = result.key == key and not result.problem and not result.lost
        return result if usable else None

    def keep(self, method: str, case: str, result: Result) -> None:
        """Write a result; it is on the disk afterwards, whole.

        Raises:
            ResourceError: if the disk refuses.
        """
        make_folder(self.folder)
        write_text(self._path(method, case), sealed(_record(result)))

    def _path(self, method: str, case: str) -> Path:
        """A name that tells whose it is, and that no two pairs of names share."""
        name = f"{case}-{method}-{self._protocol}"
        digest = hashlib.sha256(f"{self._protocol}\0{method}\0{case}".encode()).hexdigest()[:12]
        readable = "".join(c if c.isalnum() or c in "-_." else "_" for c in name)
        return self.folder / f"{readable[:80]}-{digest}.json"


def rows_of(results: Sequence[Result]) -> Iterator[Row]:
    """All rows, in their order."""
    for result in results:
        for found in result.found:
            yield from found.rows


def _record(result: Result) -> dict[str, object]:
    return {
        "version": _VERSION,
        "key": result.key,
        "notes": list(result.notes),
        "problem": result.problem,
        "lost": result.lost,
        "signature": signature_record(result.signature),
        "tables": result.tables,
        "found": [
            {
                "part": one.part,
                "rows": [asdict(row) for row in one.rows],
                "mask": patch_record(one.mask),
            }
            for one in result.found
        ],
    }


def _read(path: Path) -> Result | None:
    """The result of a file; None if it is damaged."""
    try:
        record = unsealed(path.read_text(encoding="utf-8"))
        if record["version"] != _VERSION:
            raise ValueError
        return Result(
            key=record["key"],
            found=tuple(_played(one) for one in record["found"]),
            notes=tuple(record["notes"]),
            problem=record["problem"],
            lost=record["lost"],
            signature=signature_from_record(record["signature"]),
            tables=record["tables"],
        )
    except (
        OSError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        RecursionError,
        PromptError,
    ):
        return None


def _played(record: dict[str, object]) -> Played:
    rows = record["rows"]
    if not isinstance(rows, list):
        raise TypeError
    mask = patch_from_record(record["mask"])
    return Played(part=str(record["part"]), rows=tuple(Row(**row) for row in rows), mask=mask)
