"""What clients send as files, onto the disk and opened, within limits.

How many bytes a request may have is the guard's business. Here names are made harmless, archives
are unpacked while their bytes are counted, and nothing stays of what was refused.
"""

import re
import shutil
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from vesal.errors import ImageError, InputError, ResourceError
from vesal.images import Image, open_image
from vesal.images.allowance import at_most, within
from vesal.images.dicom import looks_like_zip
from vesal.images.packing import check_packing
from vesal.images.read import looks_like_image
from vesal.server.limits import Limits
from vesal.server.refusals import TooLargeError
from vesal.server.scans import Scan, Scans

_PIECE_BYTES = 2**20
_NAME_BYTES = 150  # a disk takes 255, and others put a number or a suffix to it
_UNSAFE = re.compile(r"[^\w.() +-]+")
_ENCRYPTED = 1  # bit of a zip member's flags
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError)


async def receive(files: Sequence[UploadFile], scans: Scans, limits: Limits) -> Scan:
    """The scan that was sent: one file, the files of a DICOM series, or a zip of either.

    Raises:
        InputError: no file, or too many.
        TooLargeError: a zip that unpacks to too much.
        ImageError: a file that is no image.
        ResourceError: the disk refuses.
    """
    if not 0 < len(files) <= limits.files:
        msg = f"send between 1 and {limits.files:,} files at once, got {len(files)}"
        raise InputError(msg)
    folder = scans.new_folder()
    try:
        return await run_in_threadpool(_stored, files, folder, scans, limits)
    except OSError as error:
        msg = f"the scan cannot be stored ({error.strerror}); the server's disk may be full"
        raise ResourceError(msg) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # it has another name if all went well


def opened(path: Path, series: str | None, limits: Limits) -> Image:
    """The image of a scan, unless it is too large; no link out of its folder is followed.

    Raises:
        VesalError: as `open_image`.
    """
    with at_most(limits.image_bytes), within(path if path.is_dir() else path.parent):
        return open_image(path, series=series)


def safe_name(name: str | None) -> str:
    """A client's name for a file as one that is harmless on any disk, with its suffix."""
    base = re.split(r"[/\\]", name or "")[-1]
    plain = _UNSAFE.sub("_", base).strip(" ").lstrip(".")
    end = plain.encode()[-_NAME_BYTES:].decode(errors="ignore")  # no half letter at its beginning
    return end.lstrip(" .") or "scan"


def _stored(files: Sequence[UploadFile], folder: Path, scans: Scans, limits: Limits) -> Scan:
    if len(files) > 1:
        _store_all(files, folder)
        return scans.take(folder)
    path = folder / safe_name(files[0].filename)
    with path.open("wb") as target:
        shutil.copyfileobj(files[0].file, target, _PIECE_BYTES)
    if not looks_like_image(path):
        msg = (
            f"{path.name} is no image that vesal reads; send NIfTI, NRRD, MetaImage, DICOM, PNG, "
            "JPEG or TIFF"
        )
        raise ImageError(msg)
    with path.open("rb") as file:
        is_zip = looks_like_zip(file.read(4))
    if is_zip:
        _unpack(path, limits)
    return scans.take(folder)


def _store_all(files: Sequence[UploadFile], folder: Path) -> None:
    """Write files into one folder, numbered so that none takes the place of another."""
    names = {(one.filename or "").replace("\\", "/").rpartition("/")[0] for one in files}
    shared = names.pop() if len(names) == 1 else ""
    target = folder / safe_name(shared or "series")
    target.mkdir()
    for number, one in enumerate(files):
        with (target / f"{number:05d}-{safe_name(one.filename)}").open("wb") as file:
            shutil.copyfileobj(one.file, file, _PIECE_BYTES)


def _unpack(path: Path, limits: Limits) -> None:
    """Put the files of a zip in its place: a folder, or the one file that it holds.

    Members become numbered files of one folder, so that their own paths say nothing.
    """
    target = path.with_name(f"{path.stem or 'scan'}.unpacked")
    target.mkdir()
    try:
        with zipfile.ZipFile(path) as archive:
            members = [one for one in archive.infolist() if not one.is_dir()]
            if len(members) > limits.files:
                msg = (
                    f"{path.name} holds {len(members):,} files, at most {limits.files:,} are taken"
                )
                raise TooLargeError(msg)
            check_packing(members)
            left = limits.unpacked_bytes
            for number, member in enumerate(sorted(members, key=lambda one: one.filename)):
                name = target / f"{number:05d}-{safe_name(member.filename)}"
                left -= _unpack_one(archive, member, name, left)
    except _ZIP_ERRORS as error:
        msg = f"{path.name} is a zip file that is damaged or packed in an unknown way"
        raise ImageError(msg) from error
    path.unlink()
    unpacked = list(target.iterdir())
    if not unpacked:
        msg = f"{path.name} holds no file; send a zip of the images"
        raise ImageError(msg)
    if len(unpacked) == 1:
        final = path.with_name(unpacked[0].name.partition("-")[2])
        unpacked[0].rename(final)
        target.rmdir()
    else:
        target.rename(path.with_name(path.stem or "scan"))


def _unpack_one(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path, left: int) -> int:
    """The bytes that a member unpacked to; what its header says of them is not believed."""
    if member.flag_bits & _ENCRYPTED:
        raise ImageError("the zip file is encrypted; send it without a password")
    size = 0
    with archive.open(member) as packed, path.open("wb") as target:
        while piece := packed.read(_PIECE_BYTES):
            size += len(piece)
            if size > left:
                raise TooLargeError("the zip file unpacks to more than this server takes")
            target.write(piece)
    return size
