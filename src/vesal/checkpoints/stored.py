"""A tensor as it lies in a file: where, of what kind and shape, and how its bytes are read.

Nothing here needs torch, so that `vesal weights info` does not wait for it. Bytes are read into
memory of their own, tensor by tensor: pages of a mapped file would count twice, and change when
the file does.
"""

import math
import zlib
from dataclasses import dataclass
from io import BufferedIOBase

import numpy as np
import numpy.typing as npt

from vesal.errors import CheckpointError

ITEM_BYTES: dict[str, int] = {
    "float64": 8,
    "float32": 4,
    "float16": 2,
    "bfloat16": 2,
    "float8_e4m3fn": 1,
    "float8_e5m2": 1,
    "complex128": 16,
    "complex64": 8,
    "int64": 8,
    "int32": 4,
    "int16": 2,
    "int8": 1,
    "uint8": 1,
    "bool": 1,
}
"""Bytes of one value of each kind, by torch's names."""

_CHUNK_BYTES = 1 << 20
_BFLOAT16_EXPONENT = np.int16(0x7F80)  # all ones: infinite or NaN

Raw = npt.NDArray[np.generic]
"""Bits of a tensor as whole numbers of the same width: NumPy has no bfloat16."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A run of bytes in a file."""

    start: int
    size_bytes: int
    crc32: int | None = None
    """Its checksum, where the file has one."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stored:
    """A tensor in a file.

    Raises:
        CheckpointError: it does not lie inside its place.
    """

    kind: str
    """A key of `ITEM_BYTES`."""
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    """Values from one index to the next, for each axis."""
    first: int
    """Values before the first one."""
    place: Place

    def __post_init__(self) -> None:
        numbers = (self.first, *self.shape, *self.strides)
        if len(self.shape) != len(self.strides) or any(n < 0 for n in numbers):
            msg = f"a tensor has the impossible shape {self.shape} and strides {self.strides}"
            raise CheckpointError(msg)
        room = self.place.size_bytes // ITEM_BYTES[self.kind]
        # An expanded tensor repeats its values: a file may not ask for more than it holds.
        if self.first + self._extent > room or self.count > room:
            msg = f"a tensor of shape {self.shape} does not fit its {room} values"
            raise CheckpointError(msg)

    @property
    def count(self) -> int:
        """Values in it."""
        return math.prod(self.shape)

    @property
    def size_bytes(self) -> int:
        """Bytes of its values."""
        return self.count * ITEM_BYTES[self.kind]

    def read(self, file: BufferedIOBase) -> Raw:
        """Its bits, in C order.

        Raises:
            CheckpointError: the file ends early, or the bytes do not match their checksum.
        """
        item = ITEM_BYTES[self.kind]
        raw = np.empty(self._extent, np.dtype(f"i{item}"))
        _fill(file, self.place.start + self.first * item, raw)
        if self.place.crc32 is not None:
            whole = raw.nbytes == self.place.size_bytes
            _check(self.place, zlib.crc32(raw.data) if whole else _crc32_of(file, self.place))
        if self.strides == _c_strides(self.shape):
            return raw.reshape(self.shape)
        steps = tuple(stride * item for stride in self.strides)
        view: Raw = np.lib.stride_tricks.as_strided(raw, self.shape, steps, writeable=False)
        return view.copy(order="C")

    @property
    def _extent(self) -> int:
        """Values from the first to the last one."""
        if not self.count:
            return 0
        return 1 + sum((n - 1) * step for n, step in zip(self.shape, self.strides, strict=True))


def contiguous(kind: str, shape: tuple[int, ...], place: Place) -> Stored:
    """A tensor whose values lie in C order and fill their place."""
    return Stored(kind=kind, shape=shape, strides=_c_strides(shape), first=0, place=place)


def is_finite(kind: str, raw: Raw) -> bool:
    """Whether no value is NaN or infinite; whole numbers always are."""
    if kind == "bfloat16":
        return not bool(((raw.view(np.int16) & _BFLOAT16_EXPONENT) == _BFLOAT16_EXPONENT).any())
    if kind in ("float64", "float32", "float16"):
        return bool(np.isfinite(raw.view(kind)).all())
    return True


def _c_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


def _fill(file: BufferedIOBase, start: int, raw: Raw) -> None:
    file.seek(start)
    view = memoryview(raw.view(np.uint8).data)
    while view:
        count = file.readinto(view)
        if not count:
            raise CheckpointError("the file ends inside a tensor")
        view = view[count:]


def _crc32_of(file: BufferedIOBase, place: Place) -> int:
    file.seek(place.start)
    crc, left = 0, place.size_bytes
    while left and (chunk := file.read(min(left, _CHUNK_BYTES))):
        crc, left = zlib.crc32(chunk, crc), left - len(chunk)
    return crc


def _check(place: Place, crc32: int) -> None:
    if crc32 != place.crc32:
        raise CheckpointError("the bytes of a tensor do not match their checksum")
