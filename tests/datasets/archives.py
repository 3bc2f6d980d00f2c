"""Zip archives for tests: by Python's zipfile, and split ones made by hand."""

import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path


def zipped(path: Path, files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    """An archive by Python's zipfile."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def split(path: Path, sizes: list[int]) -> Path:
    """Cut an archive of zipfile into parts of these sizes, and one of what is left, as .z01, ....

    Places become the number of a part and an offset in it; a split archive begins with a mark of
    its own, as APPNOTE 8.5.3 has it.
    """
    whole = b"PK\7\10" + path.read_bytes()
    end = whole.rindex(b"PK\5\6")
    count, size, start = struct.unpack_from("<H2L", whole, end + 10)
    starts = [0]
    for part in sizes:
        starts.append(starts[-1] + part)
    out = bytearray(whole)

    def placed(at: int) -> tuple[int, int]:
        part = max(n for n, begins in enumerate(starts) if begins <= at)
        return part, at - starts[part]

    at = start + 4
    for _ in range(count):
        name, extra, comment = struct.unpack_from("<3H", whole, at + 28)
        part, offset = placed(struct.unpack_from("<L", whole, at + 42)[0] + 4)
        struct.pack_into("<H", out, at + 34, part)
        struct.pack_into("<L", out, at + 42, offset)
        at += 46 + name + extra + comment
    part, offset = placed(start + 4)
    struct.pack_into("<2H", out, end + 4, len(sizes), part)
    struct.pack_into("<2L", out, end + 12, size, offset)
    for number, begins in enumerate(starts):
        stop = starts[number + 1] if number < len(sizes) else len(out)
        name_of = f".z{number + 1:02d}" if number < len(sizes) else ".zip"
        path.with_suffix(name_of).write_bytes(out[begins:stop])
    return path
