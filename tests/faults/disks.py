"""Disks without room, or that may only be read, for tests."""

import ctypes
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_READ_ONLY = 1  # MS_RDONLY of mount(2)
_LIBC = ctypes.CDLL(None, use_errno=True)


@contextmanager
def room_for(size_bytes: int) -> Iterator[None]:
    """Let no file of this process grow beyond so many bytes: what is longer is cut, and refused.

    Python ignores SIGXFSZ, so that the system refuses with EFBIG, where a full disk says ENOSPC.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def small_disk(folder: Path, size_bytes: int) -> Iterator[Path]:
    """Put a disk of its own over a folder; the test is skipped where nothing can be mounted."""
    _mount(folder, 0, f"size={size_bytes}")
    try:
        yield folder
    finally:
        _LIBC.umount2(os.fsencode(folder), 2)


def make_read_only(disk: Path) -> None:
    """From now on nothing can be written to a disk of `small_disk`: not by root either."""
    _mount(disk, 32 | _READ_ONLY, "")  # MS_REMOUNT


def fill(disk: Path) -> Path:
    """Take all room of a small disk; the file that holds it."""
    path = disk / "filling"
    with path.open("wb", buffering=0) as file:
        while os.statvfs(disk).f_bavail:
            file.write(b"x" * 4096)
    return path


def all_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path there."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def _mount(folder: Path, flags: int, options: str) -> None:
    kind = b"tmpfs"
    if _LIBC.mount(kind, os.fsencode(folder), kind, flags, options.encode()):
        pytest.skip(f"nothing can be mounted here ({os.strerror(ctypes.get_errno())})")
