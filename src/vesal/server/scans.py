"""The scans that a server opens: those of its folder, and those that were sent to it.

A client names a scan by its id, never by a path. What a folder holds is looked up each time it is
listed; nothing outside it is ever opened, whatever links lead there.
"""

import hashlib
import itertools
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vesal.errors import ResourceError
from vesal.images.dicom import looks_like_dicom
from vesal.images.suffix import SUFFIXES, stem_of, suffix_of
from vesal.server.limits import Limits
from vesal.server.refusals import NotFoundError

LABELS = "labels"
"""Folder in the served one in which labels are kept; they are no scans."""

_ID_DIGITS = 16  # hexadecimal: 64 bits tell the scans of a folder apart
_LOOKED_AT = 8  # files of a folder, before it is taken for one without DICOM
_MOST_DEPTH = 12  # folders in folders
_DICOM_HEAD = 132


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One image that can be opened, or a folder of DICOM.

    Attributes:
        id: letters and digits by which a client names it.
        name: for people: the path below the served folder.
        path: of the file or folder.
        kind: "file" or "folder".
        size_bytes: of a file; 0 for a folder.
        uploaded: whether it was sent here.
    """

    id: str
    name: str
    path: Path
    kind: str
    size_bytes: int
    uploaded: bool = False


class Scans:
    """The served folder, and what was sent.

    Args:
        root: folder or image that is served; None for none.
        uploads: folder of what is sent.
        limits: of what is looked at.

    Raises:
        NotFoundError: the root is not there.
    """

    def __init__(self, root: Path | None, uploads: Path, limits: Limits) -> None:
        if root is not None and not root.exists():
            msg = f"{root} does not exist; give a folder or an image"
            raise NotFoundError(msg)
        self._root = None if root is None else root.resolve()
        self._uploads, self._limits = uploads, limits
        self._known: dict[str, Scan] = {}

    def every(self) -> tuple[Scan, ...]:
        """All scans, those of the folder first, each group by name."""
        found = [*self._served(), *self._sent()]
        self._known = {scan.id: scan for scan in found}
        return tuple(found)

    def of(self, scan: str) -> Scan:
        """The scan of an id, as it is now.

        Raises:
            NotFoundError: there is none, or it leads out of the folder.
        """
        found = self._known.get(scan)
        if found is None:
            self.every()
            found = self._known.get(scan)
        if found is None or not found.path.exists() or not self._is_inside(found.path):
            raise NotFoundError("there is no such scan here, or not any more; list the scans again")
        return found

    def find(self, scan: str) -> Path:
        """The path of a scan.

        Raises:
            NotFoundError: as `of`.
        """
        return self.of(scan).path

    def named(self, text: str) -> Scan:
        """The scan that a text means: an id, a file name, or one without its suffix.

        Raises:
            NotFoundError: there is none.
        """
        for scan in self.every():
            if text in (scan.id, scan.name, stem_of(scan.name)):
                return scan
        for scan in self.every():
            name = Path(scan.name).name
            if text in (name, stem_of(name)):
                return scan
        msg = f"there is no scan {text[:80]!r} here; list the scans again"
        raise NotFoundError(msg)

    def new_folder(self) -> Path:
        """A fresh folder for a scan that is being sent; it counts once `take` was called.

        Raises:
            ResourceError: the disk refuses.
        """
        folder = self._uploads / f".{secrets.token_hex(16)}"
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            msg = f"nothing can be taken now ({error.strerror}); the server's disk may be full"
            raise ResourceError(msg) from error
        return folder

    def take(self, folder: Path) -> Scan:
        """The scan in a folder that is complete now: its one file, or the folder.

        Args:
            folder: of `new_folder`, which holds one file or one folder of files.
        """
        final = folder.with_name(folder.name.lstrip("."))
        folder.rename(final)
        return next(self._scan_in(final))

    def discard(self, scan: str) -> None:
        """Remove a scan that was sent.

        Raises:
            NotFoundError: there is none, or it is one of the served folder.
        """
        found = self.of(scan)
        if not found.uploaded:
            raise NotFoundError("only a scan that was sent here can be removed")
        shutil.rmtree(self._uploads / scan, ignore_errors=True)
        self._known.pop(scan, None)

    def _served(self) -> Iterator[Scan]:
        root = self._root
        if root is None or not root.exists():
            return
        if root.is_file():
            yield _scan(root, root.name)
            return
        for path, is_folder in _walk(root, root, 0, _Left(self._limits.listed)):
            name = root.name if path == root else str(path.relative_to(root))
            with suppress(OSError):  # removed just now
                yield _scan(path, name, is_folder=is_folder)

    def _sent(self) -> Iterator[Scan]:
        if not self._uploads.is_dir():
            return
        folders = [one for one in self._uploads.iterdir() if not one.name.startswith(".")]
        for folder in sorted(folders, key=_changed_at):
            with suppress(OSError):  # removed just now
                yield from self._scan_in(folder)

    def _scan_in(self, folder: Path) -> Iterator[Scan]:
        for path in folder.iterdir():
            size = path.stat().st_size if path.is_file() else 0
            yield Scan(
                id=folder.name,
                name=path.name,
                path=path,
                kind="folder" if path.is_dir() else "file",
                size_bytes=size,
                uploaded=True,
            )
            return

    def _is_inside(self, path: Path) -> bool:
        real = path.resolve()
        folders = [self._uploads.resolve(), *([] if self._root is None else [self._root])]
        return any(real == folder or folder in real.parents for folder in folders)


def _changed_at(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0.0


def _scan(path: Path, name: str, *, is_folder: bool = False) -> Scan:
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()
    return Scan(
        id=digest[:_ID_DIGITS],
        name=name.encode("utf-8", "surrogateescape").decode("utf-8", "replace"),
        path=path,
        kind="folder" if is_folder else "file",
        size_bytes=0 if is_folder else path.stat().st_size,
    )


@dataclass(slots=True)
class _Left:
    """How many more entries are looked at."""

    entries: int

    def of(self, folder: Path) -> "list[os.DirEntry[str]]":
        """The entries of a folder, as many as may be; none of one that may not be read."""
        try:
            with os.scandir(folder) as listed:
                found = list(itertools.islice(listed, max(self.entries, 0)))
        except OSError:
            return []
        self.entries -= len(found)
        return sorted(found, key=lambda one: one.name.lower())


def _walk(folder: Path, root: Path, depth: int, left: _Left) -> Iterator[tuple[Path, bool]]:
    """Images below a folder, and folders of DICOM; the latter are not looked into further."""
    entries = left.of(folder)
    entries = [one for one in entries if not one.name.startswith(".") and _stays(one, root)]
    if depth == 0:
        entries = [one for one in entries if one.name != LABELS]
    files = [Path(one.path) for one in entries if one.is_file()]
    dicom = _holds_dicom(files)
    if dicom:
        yield folder, True
    for path in files:
        is_listed = bool(suffix_of(path.name))
        if is_listed and not (dicom and path.suffix.lower() == ".dcm"):
            yield path, False
    if not dicom and depth < _MOST_DEPTH:
        for one in entries:
            if one.is_dir(follow_symlinks=False):
                yield from _walk(Path(one.path), root, depth + 1, left)


def _stays(entry: "os.DirEntry[str]", root: Path) -> bool:
    """Whether an entry is no link, or one to a file inside the folder."""
    try:
        return not entry.is_symlink() or root in Path(entry.path).resolve(strict=True).parents
    except (OSError, RuntimeError):
        return False  # a link to nothing, or in a circle


def _holds_dicom(files: list[Path]) -> bool:
    """Whether several files of a folder are DICOM, judged by the first few that may be."""
    others = tuple(suffix for suffix in SUFFIXES if suffix != ".dcm")
    candidates = [file for file in files if not file.name.lower().endswith(others)]
    return len(candidates) > 1 and any(_is_dicom(file) for file in candidates[:_LOOKED_AT])


def _is_dicom(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return looks_like_dicom(file.read(_DICOM_HEAD))
    except OSError:
        return False
