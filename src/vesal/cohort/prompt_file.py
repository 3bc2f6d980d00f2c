"""Reads a prompt file, JSON or a table, and finds all that is wrong with it at once.

JSON: {"version": 1, "frame": "mm", "cases": [{"image": "ct.nii.gz", "objects": [
      {"name": "liver", "prompts": [{"point": [12, -40, 33]}, ...]}]}]}
CSV:  image,object,kind,coordinates,positive
      ct.nii.gz,liver,point,"12,-40,33",1
docs/prompts.md has every key and column.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from vesal.cohort.case import Case, MaskFile, Wanted
from vesal.errors import ConfigError, InputError
from vesal.labels.segment import check_name
from vesal.prompts.text import KINDS, Typed, typed
from vesal.session.objects import OVERLAPS

VERSION = 1
_SHOWN = 12  # problems that are told one by one
_COLUMNS = ("image", "object", "kind", "coordinates")
_OPTIONAL = ("positive", "series", "frame")
_YES, _NO = ("1", "true", "yes", "+", ""), ("0", "false", "no", "-")
_SUFFIXES = re.compile(r"\.(nii\.gz|nii|seg\.nrrd|nrrd|mha|mhd|png|jpe?g|tiff?|dcm|zip)$", re.I)
_UNSAFE = re.compile(r"[^\w.+-]+")


class _Problems:
    """What is wrong with a file, a sentence each."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: list[str] = []

    def add(self, where: str, error: Exception | str) -> None:
        """One more; `where` is left out if the sentence begins with it."""
        sentence = str(error)
        self._found.append(sentence if sentence.startswith(where) else f"{where}: {sentence}")

    def check(self) -> None:
        """Raises ConfigError if there are any."""
        if not self._found:
            return
        told = "; ".join(self._found[:_SHOWN])
        more = len(self._found) - _SHOWN
        rest = f"; and {more} more" if more > 0 else ""
        many = f"{len(self._found)} problems" if len(self._found) > 1 else "a problem"
        msg = f"{self._path.name} has {many}: {told}{rest}"
        raise ConfigError(msg)


def read_cases(path: Path) -> tuple[Case, ...]:
    """The cases of a prompt file, in its order; paths in it begin at its folder.

    Raises:
        ConfigError: whatever is wrong with it, all of it at once.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        msg = f"{path} cannot be read ({why}): give a prompt file, JSON or CSV"
        raise ConfigError(msg) from error
    problems = _Problems(path)
    read = _from_json if text.lstrip()[:1] in ("{", "[") else _from_table
    cases = list(read(text, path.parent, problems))
    if not cases:
        problems.add("the file", "holds no case; give at least one image with a prompt")
    for case in cases:
        if not case.image.exists():
            problems.add(case.name, f"the image {case.image} does not exist")
        for one in (p for w in case.wanted for p in w.prompts if isinstance(p, MaskFile)):
            if not one.path.exists():
                problems.add(one.where, f"the file {one.path} does not exist")
    problems.check()
    return tuple(cases)


def _from_json(text: str, folder: Path, problems: _Problems) -> Iterator[Case]:
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        problems.add("the file", f"is not JSON ({error})")
        problems.check()
        return
    known = ("version", "frame", "cases")
    if not _is_record(record, known, "the file", problems):
        return
    if record.get("version") != VERSION:
        problems.add("the file", f'needs "version": {VERSION}, got {record.get("version")!r}')
    names: set[str] = set()
    cases = record.get("cases")
    if not isinstance(cases, list):
        problems.add("the file", 'needs "cases", a list')
        return
    for number, case in enumerate(cases, 1):
        where = f"case {number}"
        keys = ("image", "series", "frame", "overlap", "objects")
        if not _is_record(case, keys, where, problems):
            continue
        frame = case.get("frame", record.get("frame", "mm"))
        wanted = _objects(case.get("objects"), folder, where, problems)
        made = _case(case, folder, where, problems, frame=frame, wanted=wanted, names=names)
        if made is not None:
            yield made


def _is_record(record: object, known: Sequence[str], where: str, problems: _Problems) -> bool:
    if not isinstance(record, dict):
        problems.add(where, f"needs an object in braces, got {type(record).__name__}")
        return False
    unknown = sorted(set(record) - set(known))
    if unknown:
        problems.add(where, f"knows {', '.join(known)}, got also {', '.join(unknown)}")
    return True


def _objects(records: object, folder: Path, where: str, problems: _Problems) -> tuple[Wanted, ...]:
    if not isinstance(records, list) or not records:
        problems.add(where, 'needs "objects", a list of at least one')
        return ()
    wanted = []
    for number, record in enumerate(records, 1):
        here = f"{where}, object {number}"
        if not _is_record(record, ("name", "prompts", "one_by_one"), here, problems):
            continue
        prompts = record.get("prompts")
        if not isinstance(prompts, list) or not prompts:
            problems.add(here, 'needs "prompts", a list of at least one')
            prompts = []
        one_by_one = record.get("one_by_one", False)
        if not isinstance(one_by_one, bool):
            problems.add(here, f"one_by_one must be true or false, got {one_by_one!r}")
        said = []
        for place, prompt in enumerate(prompts, 1):
            try:
                said.append(_prompt(prompt, folder, f"{here}, prompt {place}"))
            except InputError as error:
                problems.add(f"{here}, prompt {place}", error)
        name = record.get("name", f"object {number}")
        wanted.append(Wanted(name=name, prompts=tuple(said), one_by_one=one_by_one is True))
    return tuple(wanted)


def _prompt(record: object, folder: Path, where: str) -> Typed | MaskFile:
    """One prompt of JSON; raises InputError."""
    keys = {*KINDS, "start", "avoid"}
    kinds = [key for key in record if key in keys] if isinstance(record, dict) else []
    if not isinstance(record, dict) or len(kinds) != 1:
        msg = f"needs one of {', '.join((*KINDS, 'start', 'avoid'))}"
        raise ConfigError(msg)
    kind = kinds[0]
    if kind in ("start", "avoid"):
        numbers = record.get("numbers", [])
        right = isinstance(numbers, list) and all(type(n) is int for n in numbers)
        if set(record) - {kind, "numbers"} or not right or not isinstance(record[kind], str):
            msg = f'{kind} needs a path, and may have "numbers", whole numbers of labels'
            raise ConfigError(msg)
        path = folder / record[kind]
        return MaskFile(where=where, kind=kind, path=path, numbers=tuple(numbers))
    flags = {key: record.get(key, True) for key in ("positive", "joined")}
    allowed = {kind, "positive", *(["joined"] if kind == "scribble" else [])}
    if set(record) - allowed or not all(isinstance(flag, bool) for flag in flags.values()):
        msg = f"a {kind} may have {', '.join(sorted(allowed - {kind}))}, true or false, and no more"
        raise ConfigError(msg)
    points = [record[kind]] if kind == "point" else record[kind]
    if not isinstance(points, list) or not all(_is_point(point) for point in points):
        msg = f"a {kind} needs lists of numbers, got {record[kind]!r}"
        raise ConfigError(msg)
    return Typed(where=where, kind=kind, points=tuple(map(tuple, points)), **flags)


def _is_point(value: object) -> bool:
    return isinstance(value, list) and all(type(number) in (int, float) for number in value)


def _from_table(text: str, folder: Path, problems: _Problems) -> Iterator[Case]:
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)  # some languages' spreadsheets write semicolons
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns = [name.strip().lower() for name in rows.fieldnames or ()]
    rows.fieldnames = columns
    missing = [name for name in _COLUMNS if name not in columns]
    unknown = [name for name in columns if name not in (*_COLUMNS, *_OPTIONAL)]
    if missing or unknown:
        needed = f"{','.join(_COLUMNS)} and may have {','.join(_OPTIONAL)}"
        problems.add("line 1", f"the table needs the columns {needed}, got {','.join(columns)}")
        return
    images: dict[str, dict[str, Any]] = {}
    try:
        for row in rows:
            _take_row(row, f"line {rows.line_num}", folder, images, problems)
    except csv.Error as error:
        problems.add(f"line {rows.line_num}", f"is not CSV ({error})")
    names: set[str] = set()
    for found in images.values():
        wanted = tuple(
            Wanted(name=name, prompts=tuple(prompts)) for name, prompts in found["said"].items()
        )
        frame = found["frame"] or "mm"
        made = _case(
            found, folder, found["where"], problems, frame=frame, wanted=wanted, names=names
        )
        if made is not None:
            yield made


def _take_row(
    row: Mapping[str, Any],
    where: str,
    folder: Path,
    images: dict[str, dict[str, Any]],
    problems: _Problems,
) -> None:
    """Put a row of a table to the others of its image."""
    if None in row or None in row.values():
        problems.add(where, "has more or fewer fields than the first line")
        return
    values = {key: value.strip() for key, value in row.items()}
    if not any(values.values()):
        return
    about = {key: values.get(key, "") for key in ("image", "series", "frame")}
    found = images.setdefault(about["image"], {**about, "where": where, "said": {}})
    changed = [key for key in ("series", "frame") if about[key] != found[key]]
    if changed:
        problems.add(where, f"{changed[0]} must be the same in all lines of an image")
    positive = values.get("positive", "").lower()
    if positive not in (*_YES, *_NO):
        problems.add(where, f"positive must be 1 or 0, got {positive!r}")
    said = found["said"].setdefault(values["object"] or "object", [])
    kind, text = values["kind"].lower(), values["coordinates"]
    try:
        if kind in ("start", "avoid"):
            said.append(_mask_file(where, kind, text, folder))
        else:
            said.append(typed(where, kind, text, positive=positive in _YES))
    except InputError as error:
        problems.add(where, error)


def _mask_file(where: str, kind: str, text: str, folder: Path) -> MaskFile:
    """A path, with the numbers of labels behind a blank: "labels.nii.gz 3,5"."""
    found = re.fullmatch(r"(.+?)(?:\s+(\d+(?:,\d+)*))?", text)
    if found is None:
        msg = f"{kind} needs a path, got {text!r}"
        raise ConfigError(msg)
    path, numbers = found.groups()
    chosen = tuple(int(number) for number in numbers.split(",")) if numbers else ()
    return MaskFile(
        where=where,
        kind="start" if kind == "start" else "avoid",
        path=folder / path,
        numbers=chosen,
    )


def _case(
    record: Mapping[str, Any],
    folder: Path,
    where: str,
    problems: _Problems,
    *,
    frame: object,
    wanted: tuple[Wanted, ...],
    names: set[str],
) -> Case | None:
    """The case of a record; None, and a problem more, where it makes none."""
    image, series = record.get("image"), record.get("series") or ""
    overlap = record.get("overlap", "accepted")
    if not isinstance(image, str) or not image:
        problems.add(where, "needs the path of an image")
        return None
    if frame not in ("mm", "voxel"):
        problems.add(where, f"frame must be mm or voxel, got {frame!r}")
    if overlap not in OVERLAPS:
        problems.add(where, f"overlap must be one of {', '.join(OVERLAPS)}, got {overlap!r}")
    _check_names(wanted, where, problems)
    name = _free_name(image, names)
    names.add(name.lower())
    return Case(
        name=name,
        image=folder / image,
        series=str(series),
        voxel=frame == "voxel",
        overlap=str(overlap),
        wanted=wanted,
    )


def _check_names(wanted: Sequence[Wanted], where: str, problems: _Problems) -> None:
    seen: set[object] = set()
    for one in wanted:
        try:
            check_name(one.name)
        except (ConfigError, AttributeError, TypeError) as error:
            problems.add(where, error if isinstance(error, ConfigError) else "a name must be text")
        if one.name in seen:
            problems.add(where, f"two objects are called {one.name}")
        seen.add(one.name)


def _free_name(image: str, names: set[str]) -> str:
    """A name for the results of an image: its own, and a number where another one has it."""
    stem = _UNSAFE.sub("_", _SUFFIXES.sub("", Path(image).name)).strip("._") or "image"
    name, number = stem, 1
    while name.lower() in names:
        number += 1
        name = f"{stem}-{number}"
    return name
