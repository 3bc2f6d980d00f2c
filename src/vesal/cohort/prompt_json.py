"""The cases of a prompt file in JSON.

{"version": 1, "frame": "mm", "cases": [{"image": "ct.nii.gz", "objects": [
  {"name": "liver", "prompts": [{"point": [12, -40, 33]}, {"avoid": "done.nii.gz"}]}]}]}
"""

import json
import reprlib
from collections.abc import Sequence
from typing import Any

from vesal.cohort.case import MaskFile, Wanted
from vesal.cohort.draft import Draft, Problems, wanted_object
from vesal.cohort.place import Place, place_of
from vesal.errors import ConfigError, InputError
from vesal.prompts.text import KINDS, Typed

VERSION = 1
_CASE_KEYS = ("image", "series", "frame", "overlap", "objects")
_MASKS = ("start", "avoid")
_FARTHEST = 2**53  # above it a whole number is no longer one float

Record = dict[str, Any]


def json_drafts(text: str, folder: Place, problems: Problems) -> list[Draft]:
    """The cases of a text, without those that are no case at all.

    Args:
        text: of the file.
        folder: of the file; the paths of masks begin there.
        problems: what is wrong goes there.
    """
    try:
        record = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        problems.add("the file", f"is not JSON ({error})")
        return []
    if not _is_record(record, ("version", "frame", "cases"), "the file", problems):
        return []
    if type(record.get("version")) is not int or record["version"] != VERSION:
        problems.add(
            "the file", f'needs "version": {VERSION}, got {reprlib.repr(record.get("version"))}'
        )
    frame = _text(record, "frame", "mm", "the file", problems)
    return [
        _draft(case, frame, folder, f"case {number}", problems)
        for number, case in enumerate(_list(record, "cases", "the file", problems), 1)
        if _is_record(case, _CASE_KEYS, f"case {number}", problems)
    ]


def _draft(record: Record, frame: str, folder: Place, where: str, problems: Problems) -> Draft:
    series = record.get("series", "")
    if type(series) not in (str, int):
        problems.add(where, f"series must be a number or a text, got {reprlib.repr(series)}")
    return Draft(
        where=where,
        image=_text(record, "image", "", where, problems),
        series=str(series),
        frame=_text(record, "frame", frame, where, problems),
        overlap=_text(record, "overlap", "accepted", where, problems),
        wanted=tuple(
            _wanted(one, number, folder, f"{where}, object {number}", problems)
            for number, one in enumerate(_list(record, "objects", where, problems), 1)
            if _is_record(
                one, ("name", "prompts", "one_by_one"), f"{where}, object {number}", problems
            )
        ),
    )


def _wanted(record: Record, number: int, folder: Place, where: str, problems: Problems) -> Wanted:
    one_by_one = record.get("one_by_one", False)
    if not isinstance(one_by_one, bool):
        problems.add(where, f"one_by_one must be true or false, got {reprlib.repr(one_by_one)}")
    said: list[Typed | MaskFile] = []
    prompts = _list(record, "prompts", where, problems)
    for place, prompt in enumerate(prompts, 1):
        here = f"{where}, prompt {place}"
        try:
            said.append(_prompt(prompt, folder, here))
        except InputError as error:
            problems.add(here, error)
    name = _text(record, "name", f"object {number}", where, problems)
    return wanted_object(
        name,
        said,
        one_by_one=one_by_one is True,
        whole=0 < len(said) == len(prompts),
        where=where,
        to=problems,
    )


def _prompt(record: object, folder: Place, where: str) -> Typed | MaskFile:
    """One prompt; raises InputError."""
    known = (*KINDS, *_MASKS)
    kinds = [key for key in record if key in known] if isinstance(record, dict) else []
    if not isinstance(record, dict) or len(kinds) != 1:
        msg = f"a prompt needs one of {', '.join(known)}"
        raise ConfigError(msg)
    if kinds[0] in _MASKS:
        return _mask_file(record, kinds[0], folder, where)
    return _typed(record, kinds[0], where)


def _mask_file(record: Record, kind: str, folder: Place, where: str) -> MaskFile:
    numbers = record.get("numbers", [])
    right = isinstance(numbers, list) and all(type(n) is int and n > 0 for n in numbers)
    if set(record) - {kind, "numbers"} or not right or not isinstance(record[kind], str):
        msg = f'{kind} needs a path, and may have "numbers", whole numbers of labels'
        raise ConfigError(msg)
    return MaskFile(
        where=where,
        kind="start" if kind == "start" else "avoid",
        path=place_of(record[kind], folder),
        numbers=tuple(numbers),
    )


def _typed(record: Record, kind: str, where: str) -> Typed:
    flags = {key: record.get(key, True) for key in ("positive", "joined")}
    allowed = {"positive", *(["joined"] if kind == "scribble" else [])}
    if set(record) - allowed - {kind} or not all(isinstance(flag, bool) for flag in flags.values()):
        msg = f"a {kind} may have {', '.join(sorted(allowed))}, true or false, and no more"
        raise ConfigError(msg)
    points = [record[kind]] if kind == "point" else record[kind]
    if not isinstance(points, list) or not all(_is_point(point) for point in points):
        shape = "a list of numbers" if kind == "point" else "a list of points, lists of numbers"
        msg = f"a {kind} needs {shape}, got {reprlib.repr(record[kind])}"
        raise ConfigError(msg)
    return Typed(where=where, kind=kind, points=tuple(map(tuple, points)), **flags)


def _is_point(value: object) -> bool:
    return isinstance(value, list) and all(
        type(number) is float or (type(number) is int and abs(number) <= _FARTHEST)
        for number in value
    )


def _once(pairs: Sequence[tuple[str, object]]) -> Record:
    """An object in braces; ValueError if a key stands in it twice, of which JSON drops one."""
    record = dict(pairs)
    if len(record) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        msg = f"{twice!r} stands twice in one pair of braces"
        raise ValueError(msg)
    return record


def _is_record(record: object, known: Sequence[str], where: str, problems: Problems) -> bool:
    if not isinstance(record, dict):
        problems.add(where, f"needs an object in braces, got {type(record).__name__}")
        return False
    unknown = sorted(set(record) - set(known))
    if unknown:
        problems.add(where, f"knows {', '.join(known)}, got also {', '.join(unknown)}")
    return True


def _list(record: Record, key: str, where: str, problems: Problems) -> list[Any]:
    values = record.get(key)
    if isinstance(values, list) and values:
        return values
    problems.add(where, f'needs "{key}", a list of at least one')
    return []


def _text(record: Record, key: str, default: str, where: str, problems: Problems) -> str:
    value = record.get(key, default)
    if isinstance(value, str):
        return value
    problems.add(where, f"{key} must be a text, got {reprlib.repr(value)}")
    return default
