"""Reads what torch.save pickled without running anything of it.

A pickle is a small program: it names classes and functions, and calls them. Here each name leads
to one of the few stand-ins below, which make records of where a tensor lies, or to a fresh class
whose objects swallow whatever is done to them. No module is imported and no name is looked up, so
there is nothing that a hostile file could call.
"""

import pickle  # its parser; `find_class` below finds nothing of the outside world
import struct
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

_STORAGES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "ComplexDoubleStorage": "complex128",
    "ComplexFloatStorage": "complex64",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
}
# The registry of extension codes leads past `find_class`; buffers are allocated before they are
# filled. torch.save writes none of them.
_REFUSED = (
    pickle.EXT1,
    pickle.EXT2,
    pickle.EXT4,
    pickle.BYTEARRAY8,
    pickle.NEXT_BUFFER,
    pickle.READONLY_BUFFER,
)
_TUPLES = (pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3)
_MOST_DEPTH = 100  # tuples inside each other; weights and an optimiser need about five
Step = Callable[[Any], None]

BROKEN = (
    pickle.UnpicklingError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)
"""What reading a damaged pickle can raise."""


class Inert:
    """Stands for an object of any other class: takes all that a pickle does to it, does nothing."""

    def __new__(cls, *_args: object, **_kwargs: object) -> "Inert":
        """Another one, whatever it is made from; `cls` may be an object where one was expected."""
        return object.__new__(Inert)

    def __call__(self, *_args: object, **_kwargs: object) -> "Inert":
        """As a class does that was looked up inside another one."""
        return Inert()

    def __setstate__(self, state: object) -> None:
        """Forget the state."""

    def __setitem__(self, key: object, value: object) -> None:
        """Forget the item."""

    def append(self, item: object) -> None:
        """Forget the item."""

    def extend(self, items: object) -> None:
        """Forget the items."""

    def add(self, item: object) -> None:
        """Forget the item."""


# No slots in these two: with them dataclasses of Python 3.11.2 (Debian 12) puts a `__setstate__` of
# its own over the one that is written here, and a pickle could change what was checked.
@dataclass(frozen=True, kw_only=True, eq=False)
class Storage:
    """Values that tensors are views of."""

    key: str
    kind: str
    first: int = 0
    """Values before it in the storage that has this key."""

    def __setstate__(self, state: object) -> None:
        """Forget the state: a pickle may not change what was checked."""


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """A tensor: values of a storage in some order."""

    storage: Storage
    first: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def __setstate__(self, state: object) -> None:
        """Forget the state: a pickle may not change what was checked."""


@runtime_checkable
class Readable(Protocol):
    """What the parser asks of a file."""

    def read(self, n: int, /) -> bytes:
        """The next bytes."""
        ...

    def readline(self) -> bytes:
        """The next bytes up to a line's end."""
        ...


def _checked_steps() -> dict[int, Step]:
    """The parser's steps by code, without those that are refused."""
    steps: dict[int, Step] = {
        code: step
        for code, step in pickle._Unpickler.dispatch.items()
        if bytes([code]) not in _REFUSED
    }
    for code in _TUPLES:
        steps[code[0]] = _then_checked(steps[code[0]])
    return steps


def _then_checked(step: Step) -> Step:
    def checked(parser: Any) -> None:  # noqa: ANN401  # the class below
        step(parser)
        parser._check_depth()

    return checked


class RestrictedUnpickler(pickle._Unpickler):
    """Unpickles one object; the parser in Python, whose memory the file cannot choose.

    Tensors become a `View`, all classes but OrderedDict an `Inert`.
    """

    stack: list[Any]

    def __init__(self, file: Readable) -> None:
        # Latin-1 reads any bytes: strings of Python 2 elsewhere in the file are of no interest.
        super().__init__(file, fix_imports=False, encoding="latin1")
        self.kinds: dict[str, str] = {}
        """Kinds of the storages that were met, by key."""
        self._depths: dict[int, int] = {}

    def _check_depth(self) -> None:
        """Refuse tuples in tuples without end: Python crashes where one of them is hashed."""
        made = self.stack[-1]
        inside = [self._depths.get(id(item), 0) for item in made if type(item) is tuple]
        self._depths[id(made)] = depth = 1 + max(inside, default=0)
        if depth > _MOST_DEPTH:
            raise pickle.UnpicklingError("it nests more deeply than weights do")

    dispatch = _checked_steps()

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401  # as the parser has it
        """A stand-in for a class or function."""
        if module in ("torch", "torch.storage") and name in _STORAGES:
            return _STORAGES[name]
        stand_in = _STAND_INS.get((module, name))
        return type("Inert", (Inert,), {}) if stand_in is None else _Callable(stand_in)

    def persistent_load(self, pid: Any) -> object:  # noqa: ANN401  # whatever the file says
        """The storage that a tensor is a view of."""
        if not isinstance(pid, tuple) or len(pid) < 5 or pid[0] != "storage":
            return Inert()
        kind, key, parts = pid[1], pid[2], pid[5] if len(pid) > 5 else None
        if not isinstance(key, str) or kind not in _STORAGES.values():
            return Inert()
        self.kinds[key] = kind
        # Up to torch 1.5: (key of the part, values before it, values in it).
        first = parts[1] if isinstance(parts, tuple) and len(parts) == 3 else 0
        return Storage(key=key, kind=kind, first=first) if type(first) is int else Inert()


class _Callable:
    """Something that a pickle may call, and nothing else: it cannot be changed."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., object]) -> None:
        self._function = function

    def __call__(self, *args: object, **kwargs: object) -> object:
        return self._function(*args, **kwargs)

    def __setstate__(self, state: object) -> None:
        """Forget the state."""


def _tensor(storage: object, first: object, shape: object, strides: object, *_: object) -> object:
    """The view, or something inert where the arguments are not those of a plain tensor."""
    if not isinstance(storage, Storage) or type(first) is not int:
        return Inert()
    axes = (shape, strides)
    if not all(isinstance(axis, tuple) and all(type(n) is int for n in axis) for axis in axes):
        return Inert()
    return View(storage=storage, first=storage.first + first, shape=shape, strides=strides)  # type: ignore[arg-type]  # checked in the line above


def _parameter(tensor: object, *_: object) -> object:
    return tensor


def _of_type(
    function: Callable[..., object], _type: object, args: tuple[object, ...], *_: object
) -> object:
    return function(*args)


def _size(axes: Any = ()) -> object:  # noqa: ANN401  # whatever the file says
    numbers = tuple(axes)
    return numbers if all(type(n) is int for n in numbers) else Inert()


_STAND_INS: dict[tuple[str, str], Callable[..., object]] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch", "Size"): _size,
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("torch._utils", "_rebuild_parameter_with_state"): _parameter,
    ("torch._tensor", "_rebuild_from_type_v2"): _of_type,
}
