"""Paths into zip archives: "set.zip/images/x.png" is x.png in the folder images of set.zip.

All that reads files of data sets goes through here, so that an archive need not be unpacked.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from vesal.datasets.archive import Archive, open_archive
from vesal.datasets.archive_records import Member
from vesal.errors import ImageError, ResourceError
from vesal.images.allowance import check_size

SUFFIX = ".zip"
MOST_BYTES = 2**32
"""What a member may unpack to: above any image that is segmented whole, below what fills a disk."""
_CHUNK = 2**20


def is_archive(path: Path) -> bool:
    """Whether a path is that of a file whose name is a zip archive's."""
    return path.suffix.lower() == SUFFIX and os.path.isfile(path)


def file_behind(path: Path) -> Path:
    """The file on the disk that a path leads to: itself, or the archive that it leads into."""
    inside = _inside(path)
    return inside[0] if inside else path


def exists(path: Path) -> bool:
    """Whether there is a file, on the disk or in an archive.

    Raises:
        ImageError: the archive is damaged.
    """
    inside = _inside(path)
    if inside is None:
        return os.path.isfile(path)
    return open_archive(inside[0]).find(inside[1]) is not None


def names_in_archive(path: Path) -> Iterator[str]:
    """Names of all files of an archive, with folders, divided by slashes; unsafe ones are left out.

    Raises:
        ImageError: the archive is damaged.
    """
    for name in open_archive(path).names():
        if not name.endswith("/") and not leads_out(name):
            yield name


def leads_out(name: str) -> bool:
    """Whether a name would lead out of the archive that it is joined to, on any system."""
    return name.startswith("/") or "\\" in name or ".." in name.split("/")


def file_chunks(path: Path) -> Iterator[bytes]:
    """The bytes of a file, on the disk or in an archive, piece by piece.

    Raises:
        ImageError: it is not there, or damaged.
    """
    inside = _inside(path)
    if inside is not None:
        archive = open_archive(inside[0])
        yield from archive.chunks(_member(archive, inside[1]))
        return
    try:
        with path.open("rb") as file:
            while piece := file.read(_CHUNK):
                yield piece
    except OSError as error:
        msg = f"{path} cannot be read ({error.strerror or error}): give a file that exists"
        raise ImageError(msg) from error


@contextmanager
def on_disk(path: Path) -> Iterator[Path]:
    """A path that programs can open: itself, or a file that is unpacked for this block alone.

    A member of an archive keeps the last word of its name and no other, so it can lead nowhere.

    Raises:
        ImageError: it is not in the archive, is damaged, or unpacks to more than `MOST_BYTES`.
        ResourceError: the disk refuses.
    """
    inside = _inside(path)
    if inside is None:
        yield path
        return
    archive = open_archive(inside[0])
    member = _member(archive, inside[1])
    _check_size(member)
    with tempfile.TemporaryDirectory(prefix="vesal-") as folder:
        file = Path(folder) / path.name
        _unpack(archive, member, file)
        yield file


def _unpack(archive: Archive, member: Member, file: Path) -> None:
    try:
        with file.open("wb") as opened:
            for piece in archive.chunks(member):
                opened.write(piece)
    except OSError as error:
        msg = (
            f"{member.name} cannot be unpacked to {file.parent.parent} "
            f"({error.strerror or error}): make room, or set TMPDIR to another folder"
        )
        raise ResourceError(msg) from error


def _check_size(member: Member) -> None:
    check_size(member.size_bytes, member.name)
    if member.size_bytes > MOST_BYTES:
        msg = (
            f"{member.name} unpacks to {member.size_bytes / 1e9:.1f} GB, and at most "
            f"{MOST_BYTES / 1e9:.1f} GB are taken out of an archive; unpack it yourself"
        )
        raise ImageError(msg)


def _member(archive: Archive, name: str) -> Member:
    member = archive.find(name)
    if member is None:
        msg = f"{name} is not in {archive.path}; give a file that is"
        raise ImageError(msg)
    return member


def _inside(path: Path) -> tuple[Path, str] | None:
    """The archive that a path leads into and the name in it; None for a path on the disk."""
    for parent in path.parents:
        if parent.suffix.lower() == SUFFIX and os.path.isfile(parent):
            inner = PurePosixPath(*path.parts[len(parent.parts) :])
            if ".." in inner.parts:
                msg = f"{path} leads out of {parent.name}; give a path in it"
                raise ImageError(msg)
            return parent, str(inner)
    return None
