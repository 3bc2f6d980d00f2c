"""The block of voxels in a file: raw, gzip, zlib, bzip2 or text.

What a header claims is held against the size of the file before anything is allocated,
and a block that ends early or fails its checksum is never half used.
"""

import bz2
import gzip
import io
import math
import os
import zlib
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vesal.arrays import AffineMatrix, Numbers, Voxels
from vesal.errors import ImageError, ResourceError
from vesal.geometry.frames import transposed
from vesal.geometry.grid import Grid
from vesal.images.allowance import check_size, may_open
from vesal.images.source import Decoded, Source


class Packing(Enum):
    """How a block is packed; the value is how many bytes at most come out of one byte."""

    RAW = 1.0
    TEXT = 4.5  # a digit and a blank make at most a double
    GZIP = 1032.0  # the limit of the deflate format
    ZLIB = 1032.5
    BZIP2 = 2e6  # a block of 45 MB of one value packs into some 40 bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """A block of voxels, first axis fastest.

    Attributes:
        path: the file that holds the block.
        shape: voxels along each axis.
        dtype: type of a voxel with its byte order.
        packing: how the block is packed.
        start: bytes of the file before the packed block.
        skip: bytes after unpacking before the first voxel.
    """

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    packing: Packing
    start: int = 0
    skip: int = 0

    @property
    def size_bytes(self) -> int:
        """Unpacked size of all voxels."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_payload(payload: Payload) -> Voxels:
    """Return the voxels in the machine's byte order, axes as in `payload.shape`.

    Raises:
        ImageError: if the file cannot hold so many voxels, ends early or is damaged.
        ResourceError: if they do not fit into memory.
    """
    _check_claim(payload)
    try:
        values = _values(payload)
    except (EOFError, zlib.error, OSError, ValueError, OverflowError) as error:
        msg = (
            f"{payload.path.name} is cut short or damaged: its header promises "
            f"{payload.size_bytes:,} bytes of voxels that cannot be read ({_words(error)})"
        )
        raise ImageError(msg) from error
    except MemoryError as error:
        msg = f"{payload.path.name} needs {payload.size_bytes:,} bytes of memory, more than is free"
        raise ResourceError(msg) from error
    shaped = values.reshape(payload.shape, order="F")
    return shaped.astype(payload.dtype.newbyteorder("="), copy=False)


def decoded(payload: Payload, affine: AffineMatrix, source: Source) -> Decoded:
    """Read a block as an image; a 2D one, (column, row) in files, becomes a raster (row, column).

    Args:
        payload: of two or three axes.
        affine: index of the block to world mm, RAS+ in 3D, (x right, y down) in 2D.
        source: of the image.

    Raises:
        GeometryError: if shape and affine make no grid.
        ImageError: if the file cannot hold so many voxels, ends early or is damaged.
        ResourceError: if they do not fit into memory.
    """
    if len(payload.shape) == 3:
        grid = Grid(shape=payload.shape, affine=affine)
        return Decoded(array=read_payload(payload), grid=grid, source=source)
    grid = Grid(shape=payload.shape[::-1], affine=transposed(affine))
    return Decoded(array=read_payload(payload).T, grid=grid, source=source)


def as_written(array: Numbers) -> NDArray[np.generic]:
    """A mask as uint8 0 and 1, or numbers as uint8 or uint16, the lower byte first."""
    return array.astype("<u2" if array.dtype == np.uint16 else np.uint8)


def beside(header_path: Path, name: str) -> Path:
    """Return the path of a data file that a header names, in the header's own folder.

    Raises:
        ImageError: if the name points to another folder, to a list, or to no file.
    """
    path = header_path.parent / name
    if Path(name).name != name or not os.path.isfile(path) or not may_open(path):
        msg = f"{header_path.name} needs its one data file in the same folder, got {name[:80]!r}"
        raise ImageError(msg)
    return path


def _check_claim(payload: Payload) -> None:
    check_size(payload.size_bytes, payload.path.name)
    room = max(payload.path.stat().st_size - payload.start, 0)
    if payload.skip < 0 or payload.skip + payload.size_bytes > room * payload.packing.value:
        msg = (
            f"{payload.path.name} is cut short or damaged: its header promises "
            f"{payload.size_bytes:,} bytes of voxels, more than its {room:,} bytes can hold"
        )
        raise ImageError(msg)


def _values(payload: Payload) -> Voxels:
    with payload.path.open("rb") as file:
        file.seek(payload.start)
        if payload.packing is Packing.TEXT:
            return _from_text(file.read(), payload)
        stream = _unpacked(file, payload)
        _fill(stream, memoryview(bytearray(min(payload.skip, 1 << 20))), payload.skip)
        values = np.empty(math.prod(payload.shape), dtype=payload.dtype)
        _fill(stream, values.view(np.uint8).data, payload.size_bytes)
        stream.read(1 << 16)  # past the end, where gzip and bzip2 keep their checksum
        return values


def _unpacked(file: io.BufferedIOBase, payload: Payload) -> io.BufferedIOBase:
    match payload.packing:
        case Packing.GZIP:
            return gzip.GzipFile(fileobj=file)
        case Packing.BZIP2:
            return bz2.BZ2File(file)
        case Packing.ZLIB:
            return io.BytesIO(_inflated(file.read(), payload.skip + payload.size_bytes))
        case _:
            return file


def _inflated(packed: bytes, size_bytes: int) -> bytes:
    """Unpack one zlib (or gzip) block of at most `size_bytes`, checksum included."""
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)
    unpacked = inflater.decompress(packed, size_bytes)
    inflater.decompress(inflater.unconsumed_tail, 1)
    if not inflater.eof:
        raise EOFError
    return unpacked


def _fill(stream: io.BufferedIOBase, buffer: memoryview, size_bytes: int) -> None:
    """Read `size_bytes` into `buffer`, over and over where it is smaller."""
    done = 0
    while done < size_bytes:
        at = done % len(buffer)
        got = stream.readinto(buffer[at : at + size_bytes - done])
        if not got:
            raise EOFError
        done += got


def _from_text(text: bytes, payload: Payload) -> Voxels:
    values = np.array(text.split(), dtype=payload.dtype.newbyteorder("="))
    if values.size != math.prod(payload.shape):
        msg = f"it has {values.size:,} numbers"
        raise ValueError(msg)
    return values


def _words(error: Exception) -> str:
    return str(error) or "it ends early"
