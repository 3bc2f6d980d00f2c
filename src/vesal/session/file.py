"""Session files: a header, a line for each action, and masks; one zip file, or a folder.

A zip is written whole, under another name, and then renamed. A folder is a journal: a line is on
the disk before the action counts, so that a crash loses at most the step it fell into.

    session.json      what the session is about: image, model, version of the format
    journal.jsonl     what was done, a line with a checksum for each action, undo and redo too
    masks/HASH.json   the masks that lines name
"""

import json
import logging
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vesal.errors import InputError, ResourceError, SessionError
from vesal.images.packing import check_packing
from vesal.images.write import replacing, settle, write_text
from vesal.seal import sealed, unsealed
from vesal.session.header import Header, header_from
from vesal.session.history import History
from vesal.session.objects import Objects
from vesal.session.record import Line, Masks, action_line, action_of

logger = logging.getLogger(__name__)

FORMAT, VERSION = "vesal session", 2
_UNSEALED = 1  # the version whose lines had no checksum
_HEADER, _JOURNAL, _MASKS = "session.json", "journal.jsonl", "masks/"
_MOST_BYTES = 2**30  # of all files of a session, which are held in memory
_MOST_FILES = 1_000_000
_ZIP_ERRORS = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError,
    struct.error,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What a session file holds."""

    header: Header
    history: History
    journal_bytes: int
    """Length of the journal's whole lines."""


def lines_of(history: History) -> tuple[list[Line], Masks]:
    """All lines of a history, and the masks that they name."""
    lines: list[Line] = []
    masks: Masks = {}
    for action, before in zip(history.actions, history.moments, strict=False):
        line, files = action_line(action, before)
        lines.append(line)
        masks |= files
    lines += [{"do": "undo"}] * (len(history.actions) - history.position)
    return lines, masks


def save_zip(path: Path, header: Header, history: History) -> None:
    """Write a session as one file; an existing one is replaced in one step.

    Raises:
        ResourceError: if the folder is missing or full or may not be written to.
    """
    lines, masks = lines_of(history)
    with (
        replacing(path, ".zip") as temporary,
        zipfile.ZipFile(temporary, "x", zipfile.ZIP_DEFLATED) as archive,
    ):
        archive.writestr(_HEADER, _header_text(header))
        archive.writestr(_JOURNAL, _text(lines))
        for name, data in masks.items():
            archive.writestr(f"{_MASKS}{name}.json", data)


def read_session(path: Path, start: Objects) -> Saved:
    """What a session file or folder holds.

    Args:
        path: of either.
        start: the objects with which every session begins.

    Raises:
        SessionError: no session, one of a newer version, or a damaged one.
    """
    files = _folder(path) if path.is_dir() else _archive(path)
    header, version = _header(files.get(_HEADER), path)
    masks = {
        name[len(_MASKS) : -len(".json")]: data
        for name, data in files.items()
        if name.startswith(_MASKS)
    }
    journal = files.get(_JOURNAL)
    if journal is None or len(files) != len(masks) + 2:
        msg = f"{path.name} lacks its {_JOURNAL}, or holds what is not of a session"
        raise SessionError(msg)
    try:
        lines, whole_bytes = _lines(journal, _older if version == _UNSEALED else unsealed)
        history = _history(lines, masks, start)
    except SessionError as error:
        msg = f"{path.name}: {error}"
        raise SessionError(msg) from error
    if whole_bytes < len(journal):
        logger.warning("%s: the last step was cut short when it was written, and is lost", path)
    return Saved(header=header, history=history, journal_bytes=whole_bytes)


class Journal:
    """A session folder that takes each action down as it happens.

    Raises:
        SessionError: if the folder holds something else.
        ResourceError: if the disk refuses.
    """

    def __init__(self, folder: Path, header: Header, history: History) -> None:
        self._folder = folder
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            msg = f"{folder} exists and is not empty; choose another folder, or open the session"
            raise SessionError(msg)
        lines, masks = lines_of(history)
        with _disk(folder):
            (folder / _MASKS).mkdir(parents=True, exist_ok=True)
            self._write_masks(masks)
            write_text(folder / _HEADER, _header_text(header))
            self._write(lines)
            for made in (folder, folder.absolute().parent):
                settle(made)

    @classmethod
    def resumed(cls, folder: Path, saved: Saved) -> "Journal":
        """The journal of a folder that was read, going on after its last whole line.

        Raises:
            ResourceError: if the folder may not be written to.
        """
        journal = cls.__new__(cls)
        journal._folder = folder
        with _disk(folder):
            path = folder / _JOURNAL
            if path.exists() and path.stat().st_size > saved.journal_bytes:
                os.truncate(path, saved.journal_bytes)
        return journal

    def add(self, before: History, after: History) -> None:
        """Take a step down; afterwards it is on the disk, or nothing has changed.

        Args:
            before: all that is in the journal.
            after: the same one action on, or one undone or redone.

        Raises:
            ResourceError: if the disk refuses.
        """
        masks: Masks = {}
        if after.actions is before.actions:
            line: Line = {"do": "undo" if after.position < before.position else "redo"}
        else:
            line, masks = action_line(after.actions[-1], before.now)
        with _disk(self._folder):
            self._write_masks(masks)
            self._write([line])

    def _write_masks(self, masks: Masks) -> None:
        for name, data in masks.items():
            path = self._folder / f"{_MASKS}{name}.json"
            if not path.exists():
                with replacing(path, ".json") as temporary:
                    temporary.write_bytes(data)

    def _write(self, lines: Iterable[Line]) -> None:
        path = self._folder / _JOURNAL
        before = path.stat().st_size if path.exists() else 0
        data = _text(lines).encode()
        try:
            with path.open("ab", buffering=0) as file:
                written = file.write(data)
                if written != len(data):
                    raise OSError(28, "No space left on device")
                os.fsync(file.fileno())
        except OSError:
            if path.exists():
                os.truncate(path, before)
            raise


@contextmanager
def _disk(folder: Path) -> Iterator[None]:
    """Turn what a disk says into one sentence."""
    try:
        yield
    except OSError as error:
        msg = (
            f"{folder} cannot be written ({error.strerror or error}): make room, or save the "
            "session elsewhere; the last step was not taken"
        )
        raise ResourceError(msg) from error


def _folder(path: Path) -> dict[str, bytes]:
    try:
        names = [_HEADER, _JOURNAL]
        names += [f"{_MASKS}{file.name}" for file in sorted((path / _MASKS).glob("*.json"))]
        return {name: (path / name).read_bytes() for name in names if (path / name).exists()}
    except OSError as error:
        msg = f"{path} cannot be read ({error.strerror or error})"
        raise SessionError(msg) from error


def _archive(path: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            check_packing(entries)
            if len(entries) > _MOST_FILES or sum(e.file_size for e in entries) > _MOST_BYTES:
                raise zipfile.BadZipFile
            return {entry.filename: archive.read(entry) for entry in entries}
    except FileNotFoundError as error:
        msg = f"{path} does not exist; give a session file or folder"
        raise SessionError(msg) from error
    except OSError as error:
        msg = f"{path} cannot be read ({error.strerror or error})"
        raise SessionError(msg) from error
    except _ZIP_ERRORS as error:
        msg = f"{path.name} is not a session file, or is cut short or damaged; open a copy of it"
        raise SessionError(msg) from error


def _header_text(header: Header) -> str:
    about = {"format": FORMAT, "version": VERSION, **header.record()}
    return json.dumps(about, indent=1)


def _header(data: bytes | None, path: Path) -> tuple[Header, int]:
    """The header and the version of its format, if this vesal can read what it heads."""
    try:
        record = json.loads(data or b"")
        if record["format"] != FORMAT or type(record["version"]) is not int:
            raise ValueError
        if record["version"] <= VERSION:
            return header_from(record), record["version"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        msg = f"{path.name} is no session of vesal, or its {_HEADER} is damaged"
        raise SessionError(msg) from error
    msg = (
        f"{path.name} was saved by a newer vesal (session format {record['version']}, "
        f"this one reads up to {VERSION}); update vesal to open it"
    )
    raise SessionError(msg)


def _text(lines: Iterable[Line]) -> str:
    return "".join(sealed(line) + "\n" for line in lines)


def _older(text: str) -> object:
    """A line of the first format, in which a session may have gone on in this one."""
    return unsealed(text) if '"sha256"' in text else json.loads(text)


def _lines(data: bytes, read: Callable[[str], object]) -> tuple[list[Line], int]:
    """The lines of a journal, and their length: a last one that was cut short is left out."""
    *whole, rest = data.split(b"\n")
    lines: list[Line] = []
    length = 0
    for number, piece in enumerate(whole, 1):
        try:
            line = read(piece.decode())
            if not isinstance(line, dict):
                raise ValueError
        except (ValueError, RecursionError) as error:
            if number == len(whole) and not rest:
                break
            msg = f"line {number} of {_JOURNAL} is damaged; the session cannot be replayed"
            raise SessionError(msg) from error
        lines.append(line)
        length += len(piece) + 1
    return lines, length


def _history(lines: Iterable[Line], masks: Masks, start: Objects) -> History:
    history = History(moments=(start,))
    for line in lines:
        if line.get("do") == "undo":
            history = history.undone()
        elif line.get("do") == "redo":
            history = history.redone()
        else:
            action = action_of(line, history.now, masks)
            try:
                history = history.done(action)
            except InputError as error:
                msg = f"the session file is damaged ({error})"
                raise SessionError(msg) from error
    return history
