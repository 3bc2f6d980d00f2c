"""Reads pickles that come in files of others without running anything of them.

A pickle is a small program: it names classes and functions, and calls them. Here each name leads
to one of the few stand-ins that a reader knows, or to a fresh class whose objects swallow whatever
is done to them. No module is imported and no name is looked up, so there is nothing that a hostile
file could call.
"""

import pickle  # its parser; `find_class` below finds nothing of the outside world
import struct
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol, runtime_checkable

# The registry of extension codes leads past `find_class`; buffers are allocated before they are
# filled. Neither torch.save nor NumPy writes them.
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


class InertUnpickler(pickle._Unpickler):
    """Unpickles one object; the parser in Python, whose memory the file cannot choose.

    All classes and functions but those that have a stand-in become an `Inert`.
    """

    stand_ins: ClassVar[Mapping[tuple[str, str], Callable[..., object]]] = {}
    """What is called instead of something, by its module and name."""
    stack: list[Any]

    def __init__(self, file: Readable) -> None:
        # Latin-1 reads any bytes: strings of Python 2 elsewhere in the file are of no interest.
        super().__init__(file, fix_imports=False, encoding="latin1")
        self._depths: dict[int, int] = {}

    def _check_depth(self) -> None:
        """Refuse tuples in tuples without end: Python crashes where one of them is hashed."""
        made = self.stack[-1]
        inside = [self._depths.get(id(item), 0) for item in made if type(item) is tuple]
        self._depths[id(made)] = depth = 1 + max(inside, default=0)
        if depth > _MOST_DEPTH:
            raise pickle.UnpicklingError("it nests more deeply than honest files do")

    dispatch = _checked_steps()

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401  # as the parser has it
        """A stand-in for a class or function."""
        stand_in = self.stand_ins.get((module, name))
        return type("Inert", (Inert,), {}) if stand_in is None else _Callable(stand_in)


class _Callable:
    """Something that a pickle may call, and nothing else: it cannot be changed."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., object]) -> None:
        self._function = function

    def __call__(self, *args: object, **kwargs: object) -> object:
        return self._function(*args, **kwargs)

    def __setstate__(self, state: object) -> None:
        """Forget the state."""
