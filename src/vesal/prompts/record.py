"""Prompts to plain records that JSON can hold, and back: for session files and prompt files."""

import base64
import math
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from vesal.errors import GeometryError, PromptError
from vesal.geometry.patch import Patch
from vesal.prompts.prompt import Box, Click, Lasso, MaskPrompt, Prompt, Scribble

Record = dict[str, Any]
"""One prompt as JSON has it: a key that names its kind, and what it needs."""


def to_record(prompt: Prompt) -> Record:
    """The prompt as a record; numbers keep all their digits."""
    record: Record
    if isinstance(prompt, Click):
        record = {"point": list(prompt.point_mm)}
    elif isinstance(prompt, Box):
        record = {"box": [list(prompt.low_mm), list(prompt.high_mm)]}
        if prompt.axes:
            record["axes"] = [list(axis) for axis in prompt.axes]
    elif isinstance(prompt, Scribble):
        record = {"scribble": [list(p) for p in prompt.points_mm], "joined": prompt.joined}
    elif isinstance(prompt, Lasso):
        record = {"lasso": [list(p) for p in prompt.outline_mm]}
    else:
        record = {"mask": patch_record(prompt.patch)}
    return {**record, "positive": prompt.positive}


def from_record(record: Mapping[str, Any]) -> Prompt:
    """The prompt of a record: the inverse of `to_record`; "positive" is true if it is left out.

    Raises:
        PromptError: no kind or several, an unknown key, or values that make no prompt.
    """
    kinds = [kind for kind in _MAKERS if kind in record]
    if len(kinds) != 1:
        msg = f"a prompt needs one of {', '.join(_MAKERS)}, got the keys {sorted(record)}"
        raise PromptError(msg)
    keys, make = _MAKERS[kinds[0]]
    unknown = sorted(set(record) - {kinds[0], "positive", *keys})
    if unknown:
        msg = f"a {kinds[0]} knows {', '.join([*keys, 'positive'])}, got also {', '.join(unknown)}"
        raise PromptError(msg)
    positive = record.get("positive", True)
    if not isinstance(positive, bool):
        msg = f"positive must be true or false, got {positive!r}"
        raise PromptError(msg)
    return make(record[kinds[0]], record, positive)


def patch_record(patch: Patch) -> Record:
    """A mask as a record: where it lies, and its packed bits deflated in base 64."""
    bits = base64.b64encode(zlib.compress(patch.bits, 6)).decode("ascii")
    return {
        "whole": list(patch.whole),
        "start": list(patch.start),
        "shape": list(patch.shape),
        "bits": bits,
    }


def patch_from_record(record: object) -> Patch:
    """The mask of a record: the inverse of `patch_record`.

    Raises:
        PromptError: if it is damaged.
    """
    try:
        if not isinstance(record, Mapping) or set(record) != {"whole", "start", "shape", "bits"}:
            raise ValueError
        whole, start, shape = (_whole_numbers(record[k]) for k in ("whole", "start", "shape"))
        needed = (math.prod(shape) + 7) // 8
        unpacker = zlib.decompressobj()
        bits = unpacker.decompress(base64.b64decode(record["bits"], validate=True), needed + 1)
        if not unpacker.eof or unpacker.unused_data:
            raise ValueError
        return Patch(whole=whole, start=start, shape=shape, bits=bits)
    except (ValueError, TypeError, OverflowError, zlib.error, GeometryError) as error:
        raise PromptError("a mask in a record is damaged; save the session anew") from error


def _whole_numbers(values: object) -> tuple[int, ...]:
    if not isinstance(values, list) or not all(type(v) is int for v in values):
        raise ValueError
    return tuple(values)


def _tuples(values: object, what: str) -> tuple[tuple[float, ...], ...]:
    if not isinstance(values, list | tuple):
        msg = f"{what} needs a list of points, got {values!r}"
        raise PromptError(msg)
    return tuple(_numbers(value, what) for value in values)


def _numbers(values: object, what: str) -> tuple[float, ...]:
    right = isinstance(values, list | tuple) and all(type(v) in (int, float) for v in values)
    if not isinstance(values, list | tuple) or not right:
        msg = f"{what} needs lists of two or three numbers, got {values!r}"
        raise PromptError(msg)
    try:
        return tuple(float(value) for value in values)
    except OverflowError as error:
        msg = f"{what} needs numbers that a computer can hold, got one of many digits"
        raise PromptError(msg) from error


def _click(value: object, _: Mapping[str, Any], positive: bool) -> Prompt:
    return Click(point_mm=_numbers(value, "a point"), positive=positive)


def _box(value: object, record: Mapping[str, Any], positive: bool) -> Prompt:
    corners = _tuples(value, "a box")
    if len(corners) != 2:
        msg = f"a box needs two corners, got {len(corners)}"
        raise PromptError(msg)
    axes = _tuples(record.get("axes", ()), "the axes of a box")
    return Box(low_mm=corners[0], high_mm=corners[1], positive=positive, axes=axes)


def _scribble(value: object, record: Mapping[str, Any], positive: bool) -> Prompt:
    joined = record.get("joined", True)
    if not isinstance(joined, bool):
        msg = f"joined must be true or false, got {joined!r}"
        raise PromptError(msg)
    return Scribble(points_mm=_tuples(value, "a scribble"), positive=positive, joined=joined)


def _lasso(value: object, _: Mapping[str, Any], positive: bool) -> Prompt:
    return Lasso(outline_mm=_tuples(value, "a lasso"), positive=positive)


def _mask(value: object, _: Mapping[str, Any], positive: bool) -> Prompt:
    return MaskPrompt(patch=patch_from_record(value), positive=positive)


_MAKERS: dict[str, tuple[tuple[str, ...], Callable[[object, Mapping[str, Any], bool], Prompt]]] = {
    "point": ((), _click),
    "box": (("axes",), _box),
    "scribble": (("joined",), _scribble),
    "lasso": ((), _lasso),
    "mask": ((), _mask),
}
