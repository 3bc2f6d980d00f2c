"""Arrays of npz files of strangers: numbers of a bounded size, and objects without running pickles.

NumPy writes lists of dictionaries as a pickle. What is read here is made of nothing but text,
numbers, None, lists and dictionaries.
"""

import math
import pickle
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase, BytesIO
from pathlib import Path
from tokenize import TokenError
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from vesal.arrays import Voxels
from vesal.errors import ImageError, ResourceError
from vesal.images.allowance import check_size
from vesal.images.packing import check_packing
from vesal.pickles import BROKEN, InertUnpickler

Plain = None | bool | int | float | str | list[Any] | dict[str, Any]
"""What JSON could say too; the same again inside lists and dictionaries."""

_MOST_PICKLE_BYTES = 10_000_000  # a click takes 20
_MOST_VALUES = 1_000_000  # of one pickle, each time it names them: lists can hold each other
_MOST_DEPTH = 10  # the clicks of the challenge need four
_LARGEST_RATIO = 1033  # of deflate, and a little for its first bytes
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    NotImplementedError,  # a packing that zipfile does not know
    SyntaxError,  # of the header, which is a Python literal
    TokenError,
    UnicodeDecodeError,
    *BROKEN,
)
_ZIP_MAGIC = b"PK\x03\x04"


def npz_keys(path: Path) -> frozenset[str]:
    """Names of the arrays of an npz file; none for another file."""
    try:
        with path.open("rb") as file:
            if file.read(len(_ZIP_MAGIC)) != _ZIP_MAGIC:
                return frozenset()
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except _BROKEN:
        return frozenset()
    return frozenset(name.removesuffix(".npy") for name in names if name.endswith(".npy"))


def read_numbers(path: Path, key: str) -> Voxels:
    """An array of real numbers, in the machine's byte order.

    Raises:
        ImageError: there is none, it is damaged, larger than is allowed, or of no numbers.
        ResourceError: it does not fit into memory.
    """
    with _opened(path, key) as (stream, entry):
        shape, dtype, is_fortran = _header(stream)
        if dtype.kind not in "biuf":
            msg = f"{key} in {path.name} must hold real numbers, got {dtype}"
            raise ImageError(msg)
        return _numbers(stream, entry, shape, dtype, is_fortran=is_fortran)


def read_objects(path: Path, key: str) -> Plain:
    """An array of objects, or of anything, as lists; nothing that a pickle asks for is run.

    Raises:
        ImageError: there is none, it is damaged, larger than is allowed, or holds other things
            than text, numbers, None, lists and dictionaries.
        ResourceError: it does not fit into memory.
    """
    with _opened(path, key) as (stream, entry):
        shape, dtype, is_fortran = _header(stream)
        if entry.file_size > _MOST_PICKLE_BYTES:
            msg = (
                f"{key} in {path.name} takes {entry.file_size:,} bytes, "
                f"and at most {_MOST_PICKLE_BYTES:,} are read"
            )
            raise ImageError(msg)
        if dtype.kind != "O":
            if dtype.kind not in "biufU":
                msg = f"{key} in {path.name} must hold numbers, text or objects, got {dtype}"
                raise ImageError(msg)
            values: Plain = _numbers(stream, entry, shape, dtype, is_fortran=is_fortran).tolist()
            return values
        return _Plainer().plain(_ArrayUnpickler(BytesIO(stream.read())).load())


@contextmanager
def _opened(path: Path, key: str) -> Iterator[tuple[BufferedIOBase, zipfile.ZipInfo]]:
    """An array's bytes; what is wrong with them is told as an ImageError."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = {entry.filename: entry for entry in archive.infolist()}
            entry = entries.get(f"{key}.npy")
            if entry is None:
                msg = f"{path.name} has no array {key!r}; it has: {', '.join(entries):.200}"
                raise ImageError(msg)
            check_packing([entry])
            if entry.file_size > entry.compress_size * _LARGEST_RATIO:
                raise zipfile.BadZipFile("it promises more than its packing can hold")
            with archive.open(entry) as stream:
                yield cast("BufferedIOBase", stream), entry  # typeshed has it as IO
    except ImageError:
        raise  # ours; it is a ValueError too
    except MemoryError as error:
        msg = f"{key} in {path.name} needs more memory than is free"
        raise ResourceError(msg) from error
    except _BROKEN as error:
        msg = f"{key} in {path.name} is damaged, or no array of NumPy ({error})".replace("\n", " ")
        raise ImageError(msg) from error


def _header(stream: BufferedIOBase) -> tuple[tuple[int, ...], np.dtype[np.generic], bool]:
    version = np.lib.format.read_magic(stream)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }[version]
    shape, is_fortran, dtype = read(stream)
    if any(n < 0 for n in shape):
        raise ValueError("a length below 0")
    return shape, dtype, bool(is_fortran)


def _numbers(
    stream: BufferedIOBase,
    entry: zipfile.ZipInfo,
    shape: tuple[int, ...],
    dtype: np.dtype[np.generic],
    *,
    is_fortran: bool,
) -> NDArray[np.generic]:
    size_bytes = math.prod(shape) * dtype.itemsize
    check_size(size_bytes, entry.filename)
    if stream.tell() + size_bytes != entry.file_size:
        raise ValueError("another size than its header says")
    data = stream.read(size_bytes)
    stream.read(1)  # the end, where the checksum is held against what was read
    flat: NDArray[np.generic] = np.frombuffer(data, dtype)
    shaped = flat.reshape(shape[::-1]).T if is_fortran else flat.reshape(shape)
    return shaped.astype(dtype.newbyteorder("="), copy=False)


class _Type:
    """Stands for a dtype: its code, and its byte order once it was told."""

    def __init__(self, code: object, *_: object) -> None:
        self.code = code if isinstance(code, str) else ""
        self.order = "="

    def __setstate__(self, state: object) -> None:
        if isinstance(state, tuple) and len(state) > 1 and state[1] in ("<", ">", "|", "="):
            self.order = state[1]

    def dtype(self) -> np.dtype[np.generic]:
        """What it stands for."""
        kind, width = self.code[:1], self.code[1:]
        if kind not in "biufUO" or not width.isdecimal():
            raise ValueError("a type that is neither numbers nor text")
        return np.dtype(kind) if kind == "O" else np.dtype(f"{self.order}{kind}{int(width)}")


class _Array:
    """Stands for an array: what a pickle says of it."""

    def __init__(self, *_: object) -> None:
        self.state: object = None

    def __setstate__(self, state: object) -> None:
        self.state = state


class _Scalar:
    """Stands for one number of NumPy."""

    def __init__(self, kind: object, data: object = None, *_: object) -> None:
        self.kind, self.data = kind, data

    def __setstate__(self, state: object) -> None:
        """Forget the state."""


_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")  # until NumPy 2, and since


class _ArrayUnpickler(InertUnpickler):
    """Unpickles what NumPy pickled as stand-ins."""

    stand_ins = {  # noqa: RUF012  # declared as a ClassVar in the parent
        ("numpy", "dtype"): _Type,
        **{(module, "_reconstruct"): _Array for module in _MODULES},
        **{(module, "scalar"): _Scalar for module in _MODULES},
    }


class _Plainer:
    """Turns what was unpickled into plain values, as long as there are not too many."""

    def __init__(self) -> None:
        self._left = _MOST_VALUES

    def plain(self, value: object, depth: int = 0) -> Plain:
        """The value, made of nothing else."""
        self._left -= 1
        if self._left < 0 or depth > _MOST_DEPTH:
            raise ValueError("it holds too much")
        if value is None or type(value) in (bool, int, float, str):
            return value  # type: ignore[return-value]  # just checked
        if isinstance(value, dict):
            return {self._key(k): self.plain(v, depth + 1) for k, v in value.items()}
        if type(value) in (list, tuple):
            return [self.plain(one, depth + 1) for one in value]  # type: ignore[attr-defined]
        if isinstance(value, _Scalar) and isinstance(value.kind, _Type):
            return self._of_bytes(value.kind.dtype(), value.data, ())
        if isinstance(value, _Array):
            return self._of_array(value, depth)
        raise pickle.UnpicklingError("it holds more than numbers, text, lists and dictionaries")

    def _key(self, key: object) -> str:
        if type(key) is not str:
            raise ValueError("a dictionary has a key that is no text")
        return key

    def _of_array(self, array: _Array, depth: int) -> Plain:
        match array.state:
            case (_, tuple() as shape, _Type() as kind, is_fortran, data):
                if not all(type(n) is int and n >= 0 for n in shape):
                    raise ValueError("an array without a shape")
                dtype = kind.dtype()
                if dtype.kind != "O":
                    order = shape[::-1] if is_fortran else shape
                    values = self._of_bytes(dtype, data, order)
                    return np.array(values).T.tolist() if is_fortran else values
                return self._of_items(data, shape, depth)
        raise ValueError("an array without values")

    def _of_items(self, data: object, shape: tuple[int, ...], depth: int) -> Plain:
        if not isinstance(data, list) or math.prod(shape) != len(data) or len(shape) > _MOST_DEPTH:
            raise ValueError("an array with another number of values than its shape says")
        items: list[Plain] = [self.plain(one, depth + len(shape)) for one in data]
        if not shape:
            return items[0]
        for length in shape[:0:-1]:
            groups = len(items) // length if length else math.prod(shape[:1])
            items = [items[length * n : length * (n + 1)] for n in range(groups)]
        return items

    def _of_bytes(self, dtype: np.dtype[np.generic], data: object, shape: tuple[int, ...]) -> Plain:
        if not isinstance(data, bytes) or len(data) != math.prod(shape) * dtype.itemsize:
            raise ValueError("an array with another number of bytes than its shape says")
        if dtype.itemsize == 0:
            return ""
        self._left -= math.prod(shape)
        if self._left < 0:
            raise ValueError("it holds too much")
        values: Plain = np.frombuffer(data, dtype).reshape(shape).tolist()
        return values
