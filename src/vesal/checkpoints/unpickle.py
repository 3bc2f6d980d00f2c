"""Reads what torch.save pickled: where each tensor lies. Nothing of it is run (see `pickles`)."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vesal.pickles import Inert, InertUnpickler, Readable

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


class RestrictedUnpickler(InertUnpickler):
    """Unpickles one object of torch.save.

    Tensors become a `View`, all classes but OrderedDict an `Inert`.
    """

    stand_ins = _STAND_INS

    def __init__(self, file: Readable) -> None:
        super().__init__(file)
        self.kinds: dict[str, str] = {}
        """Kinds of the storages that were met, by key."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401  # as the parser has it
        """A stand-in for a class or function, or the kind of a storage."""
        if module in ("torch", "torch.storage") and name in _STORAGES:
            return _STORAGES[name]
        return super().find_class(module, name)

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
