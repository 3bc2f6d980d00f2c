"""Readers with the faults that a campaign must find, to see that it finds them."""

import ctypes
import os
import warnings
from collections.abc import Callable
from pathlib import Path

from tests.damaged.kind import Kind, Whole, whole
from vesal.errors import ImageError


def _make(folder: Path) -> Whole:
    (folder / "a.txt").write_bytes(bytes(range(100)))
    return whole(folder / "a.txt")


def _crash(_: Path) -> None:
    ctypes.string_at(0)


def _hang(_: Path) -> None:
    while True:
        pass


def _grow(_: Path) -> None:
    try:
        bytes(3 * 2**30)
    except MemoryError as error:
        raise ImageError("a.txt is too large") from error


def _raise(_: Path) -> None:
    raise KeyError("x")


def _ramble(_: Path) -> None:
    raise ImageError("a.txt is\nno image")


def _mutter(_: Path) -> None:
    os.write(2, b"a library's own words\n")


def _warn(_: Path) -> None:
    warnings.warn("odd", stacklevel=1)


def _anonymous(_: Path) -> None:
    raise ImageError("it is no image")


def _only_damaged(read: Callable[[Path], None]) -> Callable[[Path], None]:
    """A whole file is read well."""
    return lambda path: read(path) if path.read_bytes() != bytes(range(100)) else None


_READERS = {
    "died": _crash,
    "hung": _hang,
    "MemoryError": _grow,
    "KeyError": _raise,
    "lines": _ramble,
    "printed": _mutter,
    "warned": _warn,
    "does not name": _anonymous,
}
FAULTY = {
    name: Kind(count=2, make=_make, read=_only_damaged(read)) for name, read in _READERS.items()
}
"""By a word of what is told of each."""
