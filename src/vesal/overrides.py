"""Settings changed by words: ``schedule.kind=linear`` on a nested record of frozen dataclasses."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from vesal.errors import ConfigError

_Record = TypeVar("_Record")
_KINDS: dict[object, str] = {
    float: "a number",
    int: "a whole number",
    bool: "true or false",
    str: "a text",
}


def overridden(record: _Record, words: Sequence[str]) -> _Record:
    """The record with other values, checked as when it was made, all of them at once.

    Args:
        record: a frozen dataclass, whose fields may be such ones.
        words: ``name=value`` or ``name.name=value``; several values of a list by commas.

    Raises:
        ConfigError: no such name, a value that the field cannot hold, or one that makes no sense.
    """
    changes: dict[str, object] = {}
    for word in words:
        name, value = parted(word)
        _put(changes, name.split("."), value, name)
    return _changed(record, changes, "")


def record_of(record: object) -> dict[str, Any]:
    """Nested dataclasses as a dictionary that JSON can hold.

    Raises:
        ConfigError: it is no dataclass.
    """
    if not dataclasses.is_dataclass(record) or isinstance(record, type):
        msg = f"settings are a dataclass, got {type(record).__name__}"
        raise ConfigError(msg)
    made: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(record), default=str))
    return made


def parted(word: str) -> tuple[str, object]:
    """The name and the value of ``name=value``; a value that is no JSON is a text.

    Raises:
        ConfigError: it has another form.
    """
    key, equals, text = word.partition("=")
    if not equals or not key.strip():
        msg = f"a setting has the form name=value, got {word!r}"
        raise ConfigError(msg)
    return key.strip(), _value(text.strip())


def typed(key: str, value: object, kind: object) -> Any:  # noqa: ANN401  # of that kind
    """A value of a type; whole numbers are numbers, and texts parted by commas a tuple.

    Raises:
        ConfigError: it is of another type.
    """
    if get_origin(kind) in (UnionType, Union):  # "X | None"
        (kind,) = (one for one in get_args(kind) if one is not NoneType)
        if value is None:
            return None
    if get_origin(kind) is tuple:
        listed = _listed(value)
        inner = [one for one in get_args(kind) if one is not Ellipsis]
        if listed is not None and len(inner) in (1, len(listed)):
            kinds = inner * len(listed) if len(inner) == 1 else inner
            return tuple(typed(key, *both) for both in zip(listed, kinds, strict=True))
    elif get_origin(kind) is Literal:
        if value in get_args(kind):
            return value
    elif kind is float and type(value) is int:
        return float(value)
    elif type(value) is kind:
        return value
    msg = f"{key} must be {_wanted(kind)}, got {value!r:.60}"
    raise ConfigError(msg)


def _put(changes: dict[str, object], path: Sequence[str], value: object, name: str) -> None:
    """Note a change at its place among the others, which are as nested as the record."""
    for part in path[:-1]:
        inner = changes.setdefault(part, {})
        if not isinstance(inner, dict):
            msg = f"the setting {name} lies in {part}, which is set as a whole too"
            raise ConfigError(msg)
        changes = inner
    changes[path[-1]] = value


def _changed(record: _Record, changes: Mapping[str, object], path: str) -> _Record:
    if not dataclasses.is_dataclass(record) or isinstance(record, type):
        msg = f"there is no setting {path}{next(iter(changes))}: {path.rstrip('.')} has no parts"
        raise ConfigError(msg)
    names = [field.name for field in dataclasses.fields(record) if field.init]
    hints = get_type_hints(type(record))
    new: dict[str, object] = {}
    for name, value in changes.items():
        if name not in names:
            msg = f"there is no setting {path + name!r}; there are {', '.join(names)}"
            raise ConfigError(msg)
        old = getattr(record, name)
        if isinstance(value, dict):
            new[name] = _changed(old, value, f"{path}{name}.")
        elif dataclasses.is_dataclass(old):
            inner = ", ".join(f"{path}{name}.{field.name}" for field in dataclasses.fields(old))
            msg = f"the setting {path}{name} has parts; give one of {inner}"
            raise ConfigError(msg)
        else:
            new[name] = typed(path + name, value, hints[name])
    changed: _Record = dataclasses.replace(record, **new)
    return changed


def _listed(value: object) -> list[object] | None:
    """The values of a list, or of a text in which they are parted by commas; one is a list too."""
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, str):
        return [_value(part.strip()) for part in value.split(",") if part.strip()]
    return [value] if type(value) in (int, float) else None


def _value(text: str) -> object:
    """What a text says in JSON; the text itself where it is none."""
    try:
        found: object = json.loads(text)
    except ValueError:
        return text
    return found


def _wanted(kind: object) -> str:
    if get_origin(kind) is Literal:
        return f"one of {', '.join(map(str, get_args(kind)))}"
    if get_origin(kind) is not tuple:
        return _KINDS[kind]
    inner = [_KINDS[one] for one in get_args(kind) if one is not Ellipsis]
    return f"a list, each {inner[0]}" if len(inner) == 1 else f"a list of {' and '.join(inner)}"
