"""Settings changed by words: ``schedule.kind=linear`` on a nested record of frozen dataclasses."""

import dataclasses
import json
import types
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from vesal.errors import ConfigError

_Record = TypeVar("_Record")
_TRUTHS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def overridden(record: _Record, words: Sequence[str]) -> _Record:
    """The record with other values, checked as when it was made.

    Args:
        record: a frozen dataclass, whose fields may be such ones.
        words: ``name=value`` or ``name.name=value``; several values of a list by commas.

    Raises:
        ConfigError: no such name, a value that the field cannot hold, or one that makes no sense.
    """
    for word in words:
        path, equals, value = word.partition("=")
        if not equals:
            msg = f"a setting is name=value, got {word!r}"
            raise ConfigError(msg)
        record = _replaced(record, path.strip().split("."), value.strip(), path.strip())
    return record


def record_of(record: object) -> dict[str, Any]:
    """Nested dataclasses as a dictionary that JSON can hold."""
    if not dataclasses.is_dataclass(record) or isinstance(record, type):
        msg = f"settings are a dataclass, got {type(record).__name__}"
        raise ConfigError(msg)
    made: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(record), default=str))
    return made


def _replaced(record: _Record, path: Sequence[str], value: str, whole: str) -> _Record:
    if not dataclasses.is_dataclass(record) or isinstance(record, type):
        msg = f"there is no setting {whole!r}: {path[0]!r} lies in no record"
        raise ConfigError(msg)
    names = [field.name for field in dataclasses.fields(record) if field.init]
    if path[0] not in names:
        msg = f"there is no setting {whole!r}; there are {', '.join(names)}"
        raise ConfigError(msg)
    old = getattr(record, path[0])
    if len(path) > 1:
        new = _replaced(old, path[1:], value, whole)
    elif dataclasses.is_dataclass(old):
        inner = ", ".join(f"{whole}.{field.name}" for field in dataclasses.fields(old))
        msg = f"the setting {whole} has parts; give one of {inner}"
        raise ConfigError(msg)
    else:
        new = _parsed(value, get_type_hints(type(record))[path[0]], whole)
    changed: _Record = dataclasses.replace(record, **{path[0]: new})
    return changed


def _parsed(value: str, hint: Any, name: str) -> Any:  # noqa: ANN401  # a type, and of that type
    if get_origin(hint) in (Union, types.UnionType):
        if value.lower() in ("none", ""):
            return None
        hint = next(kind for kind in get_args(hint) if kind is not type(None))
    if get_origin(hint) is tuple:
        parts = [part.strip() for part in value.split(",") if part.strip()]
        return tuple(_parsed(part, get_args(hint)[0], name) for part in parts)
    if hint not in _READ:
        return value  # words; what makes no sense is refused by the record itself
    words, read = _READ[hint]
    try:
        return read(value)
    except (ValueError, KeyError) as error:
        msg = f"the setting {name} must be {words}, got {value!r}"
        raise ConfigError(msg) from error


_READ: dict[Any, tuple[str, Callable[[str], Any]]] = {
    bool: ("true or false", lambda value: _TRUTHS[value.lower()]),
    int: ("a whole number", int),
    float: ("a number", float),
}
"""How each type is said, and read."""
