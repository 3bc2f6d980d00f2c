"""Reads single files out of a zip archive, split ones and those of 20 million members too.

Of each member an index holds its name's checksum and its place in the archive's own list. It is
kept beside large archives, so that only the first process reads the whole list.
"""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from vesal.arrays import MemberIndex
from vesal.datasets.archive_index import index_of
from vesal.datasets.archive_records import (
    Directory,
    Member,
    data_place,
    read_directory,
    read_member,
    text_of,
    walk,
)
from vesal.errors import ImageError

_CHUNK = 2**20
_STORED, _DEFLATED = 0, 8
_OPEN_ARCHIVES = 64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Archive:
    """A zip archive that is ready to be read; no file stays open.

    Attributes:
        path: the archive, the last part of a split one.
        directory: where its list of members is.
        index: see `archive_index`.
    """

    path: Path
    directory: Directory
    index: MemberIndex

    def names(self) -> Iterator[str]:
        """Names of all members, as the archive lists them.

        Raises:
            ImageError: the list is damaged.
        """
        with _reading(self.path):
            yield from (text_of(name, flags) for _, name, flags in walk(self.directory))

    def find(self, name: str) -> Member | None:
        """The member of a name, None where there is none; the last one of several.

        Raises:
            ImageError: the archive is damaged.
        """
        for written in _written(name):
            key = zlib.crc32(written)
            ends = np.array([key, key + 1], np.uint64)  # of the index's type, or it is copied
            first, last = np.searchsorted(self.index[0], ends)
            for column in range(last - 1, first - 1, -1):
                with _reading(self.path):
                    member = read_member(self.directory, int(self.index[1, column]))
                if member.name == name:
                    return member
        return None

    def chunks(self, member: Member) -> Iterator[bytes]:
        """The unpacked bytes of a member, piece by piece.

        Raises:
            ImageError: it is damaged, encrypted, or packed in a way that is not known; or more
                comes out than it promises.
        """
        self._check(member)
        checksum, size = 0, 0
        try:
            with _reading(self.path):
                for piece in self._unpacked(member):
                    size += len(piece)
                    if size > member.size_bytes:
                        break
                    checksum = zlib.crc32(piece, checksum)
                    yield piece
        except zlib.error as error:
            raise self._damaged(member) from error
        if size != member.size_bytes or checksum != member.checksum:
            raise self._damaged(member)

    def _unpacked(self, member: Member) -> Iterator[bytes]:
        unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
        for piece in self._packed(member):
            if member.method == _STORED:
                yield piece
                continue
            while piece and not unpacker.eof:
                yield unpacker.decompress(piece, _CHUNK)
                piece = unpacker.unconsumed_tail
        if member.method == _DEFLATED:
            yield unpacker.flush()

    def _packed(self, member: Member) -> Iterator[bytes]:
        place = data_place(self.directory, member)
        stop = place + member.packed_bytes
        while place < stop:
            piece = self.directory.parts.read(place, min(_CHUNK, stop - place))
            if not piece:
                return
            place += len(piece)
            yield piece

    def _check(self, member: Member) -> None:
        if member.encrypted:
            msg = f"{member.name} in {self.path.name} is encrypted; unpack it with its password"
            raise ImageError(msg)
        if member.method not in (_STORED, _DEFLATED):
            msg = (
                f"{member.name} in {self.path.name} is packed by method {member.method}, only 0 "
                "(stored) and 8 (deflate) can be read; unpack the archive"
            )
            raise ImageError(msg)

    def _damaged(self, member: Member) -> ImageError:
        return ImageError(
            f"{member.name} in {self.path.name} is damaged: its bytes are not those that the "
            "archive promises; download it again"
        )


def open_archive(path: Path) -> Archive:
    """A zip archive, by its path; by that of the last part (.zip) of a split one.

    Raises:
        ImageError: it cannot be read, is damaged, or a part is missing.
    """
    with _reading(path):
        stat = path.stat()
        return _opened(path, stat.st_size, stat.st_mtime_ns)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Errors of the disk in one sentence; raises ImageError."""
    try:
        yield
    except OSError as error:
        msg = f"{path} cannot be read ({error.strerror or error}): give an archive that exists"
        raise ImageError(msg) from error


@lru_cache(maxsize=_OPEN_ARCHIVES)
def _opened(path: Path, size_bytes: int, changed_ns: int) -> Archive:
    """An archive that is read once, as long as it does not change."""
    directory = read_directory(path)
    index = index_of(path, directory, (size_bytes, changed_ns))
    return Archive(path=path, directory=directory, index=index)


def _written(name: str) -> tuple[bytes, ...]:
    """How an archive may write a name: UTF-8, or the letters of the first PCs."""
    utf8 = name.encode("utf-8", "surrogatepass")
    try:
        old = name.encode("cp437")
    except UnicodeEncodeError:
        return (utf8,)
    return (utf8,) if old == utf8 else (utf8, old)
