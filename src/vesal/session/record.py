"""Actions to the lines of a session file, and back.

A line says what is new: prompts that were added, or the one that was taken back. Masks lie beside
the lines, named by their hash.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from vesal.errors import InputError, SessionError
from vesal.geometry.patch import Patch
from vesal.labels import Segment
from vesal.prompts.record import from_record, patch_from_record, patch_record, to_record
from vesal.session.action import Action, Begin, Delete, Describe, Rule, Say
from vesal.session.objects import Objects, Outline

Line = dict[str, Any]
"""One action as JSON has it: `do` names its kind."""

Masks = dict[str, bytes]
"""Files of masks by their hash."""

_KINDS: dict[str, tuple[type, ...]] = {
    "number": (int,),
    "without": (int,),
    "name": (str,),
    "rule": (str,),
    "mask": (str,),
    "colour": (list,),
    "prompts": (list,),
    "notes": (list,),
    "accepted": (bool,),
    "locked": (bool,),
    "score": (float, type(None)),
    "stability": (float, type(None)),
}

_DAMAGED = "the session file is damaged; what was saved before it may still be read from a copy"


def action_line(action: Action, before: Objects) -> tuple[Line, Masks]:
    """An action as a line, and the file of the mask that it names, if it names one."""
    if isinstance(action, Say):
        return _say_line(action, before)
    if isinstance(action, Begin):
        segment = action.segment
        line: Line = {"number": segment.number, "name": segment.name}
        return {"do": "begin", **line, "colour": list(segment.colour)}, {}
    if isinstance(action, Describe):
        said = {
            "name": action.name,
            "colour": None if action.colour is None else list(action.colour),
            "accepted": action.accepted,
            "locked": action.locked,
        }
        told = {key: value for key, value in said.items() if value is not None}
        return {"do": "describe", "number": action.number, **told}, {}
    if isinstance(action, Delete):
        return {"do": "delete", "number": action.number}, {}
    return {"do": "overlap", "rule": action.overlap}, {}


def action_of(line: Mapping[str, Any], before: Objects, masks: Mapping[str, bytes]) -> Action:
    """The action of a line: the inverse of `action_line`.

    Raises:
        SessionError: a line that no vesal wrote, or a mask that is missing or damaged.
    """
    try:
        return _action(line, before, masks)
    except (
        KeyError, TypeError, AttributeError, ValueError, RecursionError, InputError
    ) as error:  # fmt: skip
        msg = f"{_DAMAGED} ({error})"
        raise SessionError(msg) from error


def _action(line: Mapping[str, Any], before: Objects, masks: Mapping[str, bytes]) -> Action:
    _check_types(line)
    kind = line["do"]
    if kind == "say":
        return _say_of(line, before, masks)
    if kind == "begin":
        colour = _colour(line["colour"])
        return Begin(segment=Segment(number=line["number"], name=line["name"], colour=colour))
    if kind == "describe":
        told = line.get("colour")
        return Describe(
            number=line["number"],
            name=line.get("name"),
            colour=None if told is None else _colour(told),
            accepted=line.get("accepted"),
            locked=line.get("locked"),
        )
    if kind == "delete":
        return Delete(number=line["number"])
    if kind == "overlap":
        return Rule(overlap=line["rule"])
    msg = f"unknown action {kind!r}"
    raise ValueError(msg)


def _say_line(action: Say, before: Objects) -> tuple[Line, Masks]:
    old = before.of(action.number)
    line: Line = {"do": "say", "number": action.number}
    if action.batches[:-1] == old.batches and action.batches:
        line["prompts"] = [to_record(prompt) for prompt in action.batches[-1]]
    else:
        line["without"] = next(
            i for i in range(len(old.prompts)) if old.without(i) == action.batches
        )
    outline = action.outline
    if outline is None:
        return line, {}
    data = mask_file(outline.patch)
    name = _name(data)
    line["mask"] = name
    line |= {"score": outline.score, "stability": outline.stability, "notes": list(outline.notes)}
    return line, {name: data}


def _say_of(line: Mapping[str, Any], before: Objects, masks: Mapping[str, bytes]) -> Say:
    old = before.of(line["number"])
    if "prompts" in line:
        batches = (*old.batches, tuple(from_record(record) for record in line["prompts"]))
    else:
        batches = old.without(line["without"])
    outline = None
    if "mask" in line:
        outline = Outline(
            patch=_patch(line["mask"], masks),
            score=line["score"],
            stability=line["stability"],
            notes=tuple(line["notes"]),
        )
    return Say(number=line["number"], batches=batches, outline=outline)


def mask_file(patch: Patch) -> bytes:
    """What a file of a mask holds."""
    return json.dumps(patch_record(patch)).encode("ascii")


def _colour(values: list[object]) -> tuple[int, int, int]:
    red, green, blue = (value for value in values if type(value) is int)
    return red, green, blue


def _check_types(line: Mapping[str, Any]) -> None:
    """Raises ValueError where a value is not of the type that vesal writes."""
    for key, value in line.items():
        if type(value) not in _KINDS.get(key, (type(value),)):
            msg = f"{key} is {value!r}"
            raise ValueError(msg)


def _patch(name: str, masks: Mapping[str, bytes]) -> Patch:
    data = masks.get(name)
    if data is None or _name(data) != name:
        msg = f"the mask {name} is missing or damaged"
        raise ValueError(msg)
    return patch_from_record(json.loads(data))


def _name(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]
