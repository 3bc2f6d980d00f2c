"""Arrays as the clients of nnInteractive send and expect them ("NNIA", version 1).

A head with the type and the shape, then chunks that blosc2 has compressed. What the head claims is
held against the limits, and each chunk against the head, before anything is allocated.
"""

import math
import struct
from collections.abc import Sequence

import blosc2
import numpy as np

from vesal.arrays import Voxels
from vesal.errors import ImageError
from vesal.server.refusals import TooLargeError

_MAGIC, _VERSION = b"NNIA", 1
_ZSTD, _LZ4 = 1, 2
_CHUNK_BYTES = 2**30  # of raw data: the most that the clients take
_BLOSC_HEAD = 32  # bytes; the least a compressed chunk has
_TYPES = frozenset(
    ["bool", "float16", "float32", "float64"]
    + [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
)


def pack(array: Voxels, *, chunk_bytes: int = _CHUNK_BYTES) -> bytes:
    """The array as bytes, in C order.

    Args:
        array: of a type with a fixed size.
        chunk_bytes: raw bytes of a chunk at most.
    """
    raw = np.ascontiguousarray(array)
    size = raw.itemsize
    name = raw.dtype.name.encode("ascii")
    flat = raw.reshape(-1).view(np.uint8)
    step = max(chunk_bytes // size, 1) * size
    chunks = [flat[first : first + step].tobytes() for first in range(0, len(flat), step)]
    parts = [
        _MAGIC + struct.pack("<BBBB", _VERSION, _LZ4, raw.ndim, len(name)) + name,
        struct.pack(f"<{raw.ndim}q", *raw.shape) + struct.pack("<I", len(chunks)),
    ]
    for chunk in chunks:
        # A type size that does not divide the length makes blosc2 write what it cannot read.
        packed = blosc2.compress2(chunk, codec=blosc2.Codec.LZ4, clevel=3, typesize=size)
        parts += [struct.pack("<QQ", len(chunk), len(packed)), packed]
    return b"".join(parts)


def unpack(data: bytes, *, ndim: int, limit_bytes: int) -> Voxels:
    """The array that a client packed.

    Args:
        data: all that was sent.
        ndim: axes that it must have.
        limit_bytes: memory that it may take.

    Raises:
        ImageError: it is cut short or damaged, of another number of axes or of no numeric type.
        TooLargeError: it would take more memory.
    """
    reader = _Reader(data)
    if reader.take(4) != _MAGIC:
        raise ImageError("this is no packed array: it does not begin with NNIA")
    version, codec, axes, length = struct.unpack("<BBBB", reader.take(4))
    if version != _VERSION or codec not in (_ZSTD, _LZ4):
        msg = f"packed arrays of version 1 with zstd or lz4 are read, got {version} and {codec}"
        raise ImageError(msg)
    name = reader.take(length).decode("ascii", "replace")
    if axes != ndim or name not in _TYPES:
        msg = f"this takes an array of {ndim} axes of numbers, got {axes} axes of {name!r}"
        raise ImageError(msg)
    dtype = np.dtype(name)
    shape = struct.unpack(f"<{axes}q", reader.take(8 * axes))
    size = _checked_size(shape, dtype, limit_bytes)
    (count,) = struct.unpack("<I", reader.take(4))
    pieces = _chunks(reader, count, dtype.itemsize, size)
    values = np.empty(size, np.uint8)
    done = 0
    for raw_length, piece in pieces:
        values[done : done + raw_length] = np.frombuffer(_unpacked(piece, raw_length), np.uint8)
        done += raw_length
    return values.view(dtype).reshape(shape)


def _checked_size(shape: Sequence[int], dtype: np.dtype[np.generic], limit_bytes: int) -> int:
    """The bytes that an array takes."""
    if any(n < 0 for n in shape):
        msg = f"no axis of an array can be negative, got {tuple(shape)}"
        raise ImageError(msg)
    size = math.prod(shape) * dtype.itemsize
    if size > limit_bytes or max(shape) * dtype.itemsize > limit_bytes:
        msg = (
            f"an array of {tuple(shape)} needs {size:,} bytes, and this server takes "
            f"{limit_bytes:,}; crop it or send a smaller type"
        )
        raise TooLargeError(msg)
    return size


def _chunks(
    reader: "_Reader", count: int, item_size: int, size: int
) -> list[tuple[int, memoryview]]:
    """The chunks still packed, with their raw lengths, once all of them fit the head."""
    pieces: list[tuple[int, memoryview]] = []
    total = 0
    for _ in range(count):
        raw_length, length = struct.unpack("<QQ", reader.take(16))
        piece = reader.view(length)
        total += raw_length
        fits = 0 < raw_length <= _CHUNK_BYTES and raw_length % item_size == 0 and total <= size
        if not fits or _declared(piece) != raw_length:
            raise ImageError("a chunk of the packed array does not fit its head; send it again")
        pieces.append((raw_length, piece))
    if total != size or not reader.is_done:
        msg = f"the packed array needs {size:,} bytes, its chunks hold {total:,}; send it again"
        raise ImageError(msg)
    return pieces


def _declared(piece: memoryview) -> int:
    """The raw length that a compressed chunk itself claims; -1 if it is not whole."""
    if len(piece) < _BLOSC_HEAD:
        return -1
    raw_length, length, _ = blosc2.get_cbuffer_sizes(bytes(piece[:_BLOSC_HEAD]))
    return int(raw_length) if length == len(piece) else -1


def _unpacked(piece: memoryview, raw_length: int) -> bytes:
    try:
        raw: bytes = blosc2.decompress2(bytes(piece))
    except (RuntimeError, ValueError, MemoryError) as error:
        raise ImageError("a chunk of the packed array is damaged; send it again") from error
    if len(raw) != raw_length:
        raise ImageError("a chunk of the packed array is damaged; send it again")
    return raw


class _Reader:
    """Bytes from first to last; an end that comes too early is an ImageError."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = memoryview(data), 0

    @property
    def is_done(self) -> bool:
        return self._at == len(self._data)

    def take(self, count: int) -> bytes:
        return bytes(self.view(count))

    def view(self, count: int) -> memoryview:
        if count > len(self._data) - self._at:
            raise ImageError("the packed array ends early; send it again")
        self._at += count
        return self._data[self._at - count : self._at]
