"""The records of a zip archive, as PKWARE's APPNOTE 6.3 lays them out.

Python's zipfile reads no split archives, and keeps an object for each member: 20 million of them
in SA-Med2D-16M would take 10 GB.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vesal.datasets.archive_parts import Parts, parts_of
from vesal.errors import ImageError

_END = struct.Struct("<4s4H2LH")  # 4.3.16
_END64_PLACE = struct.Struct("<4sLQL")  # 4.3.15
_END64 = struct.Struct("<4sQ2H2L4Q")  # 4.3.14
_CENTRAL = struct.Struct("<4s6H3L5H2L")  # 4.3.12
_LENGTHS = struct.Struct("<8xH18x3H")  # what a walk needs of a record of the list
_LOCAL = struct.Struct("<4s5H3L2H")  # 4.3.7
_LONGEST_COMMENT = 65535
_CHUNK = 2**20
_LARGEST_RECORD = _CENTRAL.size + 3 * 65535
_UTF8, _ENCRYPTED = 0x800, 0x1
_FULL32, _FULL16 = 0xFFFFFFFF, 0xFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Where the list of members is.

    Attributes:
        parts: the archive.
        place: of the list, in all parts.
        size_bytes: of the list.
        shift: of what single archives say of places; some have a program in front.
    """

    parts: Parts
    place: int
    size_bytes: int
    shift: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A file in an archive.

    Attributes:
        name: with folders, divided by slashes.
        place: of its own header, in all parts.
        packed_bytes: its size in the archive.
        size_bytes: its size.
        checksum: CRC-32.
        method: how it is packed: 0 not at all, 8 by deflate.
        encrypted: whether a password is needed.
    """

    name: str
    place: int
    packed_bytes: int
    size_bytes: int
    checksum: int
    method: int
    encrypted: bool


def read_directory(path: Path) -> Directory:
    """Where an archive lists its members.

    Raises:
        ImageError: it is no zip archive, is cut short, or a part is missing.
        OSError: it cannot be read.
    """
    alone = parts_of(path, 1)
    start = max(alone.size_bytes - _LONGEST_COMMENT - _END.size, 0)
    tail = alone.read(start, alone.size_bytes - start)
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < _END.size:
        raise _damaged(path, "its end is not that of a zip archive")
    _, last, first, _, _, size, offset, _ = _END.unpack_from(tail, at)
    stop = start + at
    parts = parts_of(path, last + 1) if last != _FULL16 else alone
    wide = alone.read(max(stop - _END64_PLACE.size, 0), _END64_PLACE.size)
    if wide[:4] == b"PK\6\7" and len(wide) == _END64_PLACE.size:
        _, part, place, count = _END64_PLACE.unpack(wide)
        parts = parts_of(path, max(count, 1))
        if part >= len(parts.paths):
            raise _damaged(path, "it names a part that it does not have")
        record = parts.read(parts.starts[part] + place, _END64.size)
        if record[:4] != b"PK\6\6" and len(parts.paths) == 1:  # with a program in front
            place = stop - _END64_PLACE.size - _END64.size
            record = parts.read(max(place, 0), _END64.size)
        if record[:4] != b"PK\6\6" or len(record) < _END64.size:
            raise _damaged(path, "its end is not that of a large zip archive")
        first, _, _, size, offset = _END64.unpack(record)[5:]
        stop = place
    if first >= len(parts.paths):
        raise _damaged(path, "it names a part that it does not have")
    begins = parts.starts[first] + offset
    shift = stop - size - begins if len(parts.paths) == 1 else 0
    if shift < 0 or begins + size > parts.size_bytes:
        raise _damaged(path, "its list of members does not lie in it")
    return Directory(parts=parts, place=begins + shift, size_bytes=size, shift=shift)


def walk(directory: Directory) -> Iterator[tuple[int, bytes, int]]:
    """Where each record of the list is, counted from the list's beginning; its name and flags.

    Raises:
        ImageError: the list is damaged.
        OSError: it cannot be read.
    """
    held, begins, done = b"", 0, 0
    while done < directory.size_bytes:
        at = done - begins
        if len(held) - at < min(_LARGEST_RECORD, directory.size_bytes - done):
            held = directory.parts.read(
                directory.place + done, min(_CHUNK, directory.size_bytes - done)
            )
            begins, at = done, 0
        if held[at : at + 4] != b"PK\1\2" or len(held) - at < _CENTRAL.size:
            raise _damaged(directory.parts.paths[-1], "its list of members breaks off")
        flags, name, extra, comment = _LENGTHS.unpack_from(held, at)
        yield done, held[at + _CENTRAL.size : at + _CENTRAL.size + name], flags
        done += _CENTRAL.size + name + extra + comment


def read_member(directory: Directory, at: int) -> Member:
    """The member whose record is somewhere in the list.

    Raises:
        ImageError: there is no whole record.
        OSError: it cannot be read.
    """
    path = directory.parts.paths[-1]
    room = min(_LARGEST_RECORD, directory.size_bytes - at)
    record = directory.parts.read(directory.place + at, min(room, 1024))
    if record[:4] != b"PK\1\2" or len(record) < _CENTRAL.size:
        raise _damaged(path, "its list of members breaks off")
    fields = _CENTRAL.unpack_from(record)
    _, _, _, flags, method, _, _, checksum, packed, size, named, extra, _, part, *_, offset = fields
    end = _CENTRAL.size + named + extra
    if len(record) < end:
        record = directory.parts.read(directory.place + at, min(room, end))
    sizes = _wide(record[_CENTRAL.size + named : end], size, packed, offset, part)
    size, packed, offset, part = sizes
    if part >= len(directory.parts.paths):
        raise _damaged(path, "it names a part that it does not have")
    return Member(
        name=text_of(record[_CENTRAL.size : _CENTRAL.size + named], flags),
        place=directory.parts.starts[part] + offset + directory.shift,
        packed_bytes=packed,
        size_bytes=size,
        checksum=checksum,
        method=method,
        encrypted=bool(flags & _ENCRYPTED),
    )


def data_place(directory: Directory, member: Member) -> int:
    """Where the data of a member begin, behind its own header.

    Raises:
        ImageError: its header is not there.
        OSError: it cannot be read.
    """
    header = directory.parts.read(member.place, _LOCAL.size)
    if header[:4] != b"PK\3\4" or len(header) < _LOCAL.size:
        raise _damaged(directory.parts.paths[-1], f"{member.name} is not where its list says")
    named, extra = struct.unpack_from("<2H", header, 26)
    return member.place + _LOCAL.size + int(named) + int(extra)


def text_of(name: bytes, flags: int) -> str:
    """A name in the letters that its record says it is written in."""
    return name.decode("utf-8", "replace") if flags & _UTF8 else name.decode("cp437")


def _wide(extra: bytes, size: int, packed: int, offset: int, part: int) -> tuple[int, ...]:
    """Sizes and places that do not fit into a record stand in its extra field (4.5.3)."""
    fields = [size, packed, offset, part]
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == 1:
            held = memoryview(extra)[at + 4 : at + 4 + length]
            for index, (full, code) in enumerate(((_FULL32, "<Q"),) * 3 + ((_FULL16, "<L"),)):
                step = struct.calcsize(code)
                if fields[index] == full and len(held) >= step:
                    fields[index] = int(struct.unpack_from(code, held)[0])
                    held = held[step:]
        at += 4 + length
    return tuple(fields)


def _damaged(path: Path, why: str) -> ImageError:
    return ImageError(f"{path.name} is damaged or no zip archive ({why}): download it again")
