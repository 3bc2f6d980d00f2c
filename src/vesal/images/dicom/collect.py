"""The files behind a path: one file, a folder and what is below, a DICOMDIR, a zip file."""

import os
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vesal.errors import ImageError, ResourceError
from vesal.images.allowance import check_size, may_open
from vesal.images.dicom.file import read_dataset, read_meta
from vesal.images.dicom.header import DIRECTORY, looks_like_dicom
from vesal.images.dicom.quiet import DAMAGED
from vesal.images.packing import check_packing

_HEAD_BYTES = 132
_MOST_FILES = 200_000  # a whole-body study of four dimensions has some ten thousand
_MOST_UNPACKED_BYTES = 16 * 2**30
_FOLDERS = ("PATIENT", "STUDY", "SERIES", "PRIVATE")  # directory records without a file
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The DICOM files behind a path, sorted; how many were looked at; if they are gone later."""

    paths: tuple[Path, ...]
    count: int
    are_temporary: bool = False


@contextmanager
def files_behind(path: Path) -> Iterator[Files]:
    """Give the DICOM files behind a path.

    A zip file is unpacked into a temporary folder that is gone afterwards.

    Raises:
        ImageError: if there are too many files, or a zip file or DICOMDIR is damaged.
        ResourceError: if there is no room to unpack.
    """
    if not path.is_dir() and looks_like_zip(_head(path)):
        with tempfile.TemporaryDirectory(prefix="vesal-") as folder:
            yield _unpacked(path, Path(folder))
    elif path.is_dir():
        yield _right(_below(path))
    else:
        yield _right(_listed(path) if _is_directory(path) else [path])


def _right(files: Sequence[Path]) -> Files:
    right = tuple(file for file in files if looks_like_dicom(_head(file)))
    return Files(paths=right, count=len(files))


def looks_like_zip(head: bytes) -> bool:
    """Tell from a file's first bytes whether it is a zip file."""
    return head.startswith(b"PK\x03\x04")


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD_BYTES)


def _below(folder: Path) -> list[Path]:
    """All files; folders that are links are passed over, for they may lead in a circle."""
    files: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders.sort()
        paths = (Path(place, name) for name in names)
        files += sorted(path for path in paths if path.is_file() and may_open(path))
        if len(files) > _MOST_FILES:
            raise _too_many(folder)
    return files


def _is_directory(path: Path) -> bool:
    try:
        return bool(read_meta(path).get("MediaStorageSOPClassUID") == DIRECTORY)
    except DAMAGED:
        return False  # the reader of headers says what is wrong


def _listed(path: Path) -> list[Path]:
    """The files that a DICOMDIR names; those that are not there are named in the error."""
    try:
        named: set[Path] = set()
        for record in read_dataset(path).DirectoryRecordSequence:
            name = record.get("ReferencedFileID")
            if name:
                parts = [name] if isinstance(name, str) else map(str, name)
                named.add(path.parent.joinpath(*parts))
            elif record.DirectoryRecordType not in _FOLDERS:
                raise EOFError  # pydicom ends the list silently where the file ends
    except DAMAGED as error:
        msg = f"{path.name} is a DICOMDIR that is cut short or damaged"
        raise ImageError(msg) from error
    root = path.parent.resolve()
    files = sorted(named)
    missing = [file for file in files if not os.path.isfile(file)]  # a name no disk can hold, too
    there = sorted(named.difference(missing))
    wrong = [file for file in there if not file.resolve().is_relative_to(root)] or missing
    if wrong:
        msg = (
            f"{path.name} must name files that lie below its folder, "
            f"got {len(wrong)} that do not, such as {wrong[0].name}"
        )
        raise ImageError(msg)
    return files


def _unpacked(path: Path, folder: Path) -> Files:
    """Write the DICOM files of a zip file under names of our own, so that none lands elsewhere."""
    files: list[Path] = []
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            check_packing(members)
            _check_size(members, path, folder)
            for number, member in enumerate(sorted(members, key=lambda one: one.filename)):
                name = re.sub(r"[^\w.-]", "_", member.filename.rpartition("/")[2])[-80:]
                with archive.open(member) as packed:
                    head = packed.read(_HEAD_BYTES)
                    if looks_like_dicom(head):
                        files.append(folder / f"{number:06d}-{name}")
                        with files[-1].open("wb") as file:
                            file.write(head)
                            shutil.copyfileobj(packed, file, 1 << 20)
    except _ZIP_ERRORS as error:
        msg = f"{path.name} is a zip file that is damaged, encrypted or packed in an unknown way"
        raise ImageError(msg) from error
    return Files(paths=tuple(files), count=len(members), are_temporary=True)


def _check_size(members: list[zipfile.ZipInfo], path: Path, folder: Path) -> None:
    """Refuse what would fill the disk; zipfile itself stops at the size that a member declares."""
    if len(members) > _MOST_FILES:
        raise _too_many(path)
    size = sum(member.file_size for member in members)
    check_size(size, path.name)
    if size > _MOST_UNPACKED_BYTES:
        msg = (
            f"{path.name} must unpack to at most {_MOST_UNPACKED_BYTES / 1e9:.0f} GB, "
            f"got {size / 1e9:.0f} GB; give a folder"
        )
        raise ImageError(msg)
    free = shutil.disk_usage(folder).free
    if size > free:
        msg = (
            f"{path.name} needs {size / 1e9:.1f} GB in {folder.parent} to unpack, "
            f"got {free / 1e9:.1f} GB; unpack it elsewhere and give the folder"
        )
        raise ResourceError(msg)


def _too_many(path: Path) -> ImageError:
    return ImageError(f"{path.name} must hold at most {_MOST_FILES:,} files; give a smaller folder")
