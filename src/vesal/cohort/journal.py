"""What came of each case so far: a line each, on the disk before the next one is begun.

A run that is killed goes on from it. The last line may be torn then, and is taken off. In an
object store, which cannot append, each case is an object of its own.
"""

import errno
import hashlib
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from io import FileIO
from pathlib import Path

from vesal.cohort.place import Place, Remote
from vesal.cohort.report import Entry, entry_of
from vesal.cohort.results import JOURNAL
from vesal.errors import ResourceError
from vesal.images.write import settle
from vesal.lock import alone
from vesal.seal import sealed, unsealed

logger = logging.getLogger(__name__)

_OBJECTS = ".journal"
_VERSION = 2


class Journal:
    """The journal of a folder for results.

    Args:
        entries: of earlier runs.
        keep: puts a case and the text of its record where it stays.
    """

    def __init__(self, entries: dict[str, Entry], keep: "_File | _Objects") -> None:
        self._entries = entries
        self._keep = keep

    def entry(self, case: str) -> Entry | None:
        """What is remembered of a case, if it was run."""
        return self._entries.get(case)

    def entries(self, keys: Mapping[str, str]) -> dict[str, Entry]:
        """What is remembered of cases that were run under just these keys, in their order."""
        found = ((case, self._entries.get(case), key) for case, key in keys.items())
        return {case: entry for case, entry, key in found if entry and entry.key == key}

    def add(self, case: str, entry: Entry) -> None:
        """Take down what came of a case; it outlives this machine's power afterwards.

        Raises:
            ResourceError: if the disk refuses.
        """
        record = {"version": _VERSION, "case": case, "entry": asdict(entry)}
        self._keep.add(case, sealed(record))
        self._entries[case] = entry


@contextmanager
def opened(folder: Place) -> Iterator[Journal]:
    """Give the journal of a folder, which no other run can open meanwhile.

    An object store knows no such lock: there it is for the user to start one run alone.

    Raises:
        ConfigError: another run is at work there.
        ResourceError: the disk refuses.
    """
    if isinstance(folder, Remote):
        place = folder / _OBJECTS
        records = sorted(place.read_each().items())
        yield Journal(_entries(place, [text for _, text in records]), _Objects(place))
        return
    path = folder / JOURNAL
    with alone(folder):
        try:
            file = path.open("a+b", buffering=0)
            settle(folder)
        except OSError as error:
            msg = f"{path} cannot be written ({error.strerror}); choose another folder"
            raise ResourceError(msg) from error
        with file:
            yield Journal(_entries(path, _whole_lines(file)), _File(path, file))


class _File:
    """Lines of a file that is held open."""

    def __init__(self, path: Path, file: FileIO) -> None:
        self._path, self._file = path, file

    def add(self, _case: str, text: str) -> None:
        try:
            written = self._file.write(line := f"{text}\n".encode())
            if written != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._file.fileno())
        except OSError as error:
            msg = f"{self._path} cannot be written ({error.strerror}): make room, then go on"
            raise ResourceError(msg) from error


class _Objects:
    """An object for each case, whose newest record takes the place of the older one."""

    def __init__(self, place: Remote) -> None:
        self._place = place

    def add(self, case: str, text: str) -> None:
        name = hashlib.sha256(case.encode()).hexdigest()[:24]
        (self._place / f"{name}.json").write_bytes(text.encode())


def _whole_lines(file: FileIO) -> list[bytes]:
    """All lines, after what a run that was killed had not finished was taken off the end."""
    file.seek(0)
    content = file.readall()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        file.truncate(whole)
    return content[:whole].splitlines()


def _entries(place: Place, records: list[bytes]) -> dict[str, Entry]:
    """The last entry of each case; what is damaged or of another version is forgotten."""
    entries: dict[str, Entry] = {}
    forgotten = 0
    for text in records:
        try:
            record = unsealed(text.decode())
            if record["version"] != _VERSION:
                raise ValueError
            entries[str(record["case"])] = entry_of(record["entry"])
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            forgotten += 1
    if forgotten:
        logger.warning(
            "%d records of %s are damaged or of another version of vesal; such cases are done anew",
            forgotten,
            place,
        )
    return entries
