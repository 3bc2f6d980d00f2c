"""What a request says, field by field, as the protocols of others have it: JSON of any shape."""

import json
from collections.abc import Mapping
from typing import Any

from vesal.errors import ConfigError, PromptError

Record = Mapping[str, Any]
_FURTHEST = 2**31  # voxels: what no image reaches


def record_of(text: str | bytes, name: str) -> dict[str, Any]:
    """The JSON object that a text is; an empty text says nothing.

    Args:
        text: as it was sent.
        name: of what it was sent as, for people.

    Raises:
        ConfigError: it is none.
    """
    try:
        record = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        msg = f"{name} must be JSON"
        raise ConfigError(msg) from error
    if not isinstance(record, dict):
        msg = f"{name} must be a JSON object"
        raise ConfigError(msg)
    return record


def numbers(values: object, count: int, name: str) -> list[float]:
    """Numbers of a request.

    Raises:
        PromptError: not so many, or not numbers.
    """
    right = isinstance(values, list) and len(values) == count
    if not isinstance(values, list) or not right or not all(map(_is_number, values)):
        msg = f"{name} needs {count} numbers, got {values!r:.80}"
        raise PromptError(msg)
    return [float(value) for value in values]


def flag(record: Record, name: str, *, default: bool | None = None) -> bool:
    """A yes or no of a request.

    Raises:
        PromptError: it is missing and has no default, or is neither.
    """
    value = record.get(name)
    value = default if value is None else value
    if not isinstance(value, bool):
        msg = f"{name} must be true or false, got {value!r:.40}"
        raise PromptError(msg)
    return value


def text(record: Record, name: str) -> str:
    """A text of a request; empty if it is missing.

    Raises:
        ConfigError: it is none.
    """
    value = record.get(name)
    if value is not None and not isinstance(value, str):
        msg = f"{name} must be text, got {value!r:.40}"
        raise ConfigError(msg)
    return value or ""


def _is_number(value: object) -> bool:
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return plain and abs(value) < _FURTHEST  # type: ignore[arg-type]  # and is no NaN then
