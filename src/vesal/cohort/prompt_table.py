"""The cases of a prompt file that is a table, as spreadsheets write them.

image,object,kind,coordinates,positive
ct.nii.gz,liver,point,"12,-40,33",1
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from vesal.cohort.case import MaskFile
from vesal.cohort.draft import Draft, Problems, wanted_object
from vesal.cohort.place import Place, place_of
from vesal.cohort.table import Table
from vesal.errors import ConfigError, InputError
from vesal.prompts.text import Typed, typed

_COLUMNS = ("image", "object", "kind", "coordinates")
_OPTIONAL = ("positive", "series", "frame", "one_by_one")
_SAME = ("series", "frame")
_YES, _NO = ("1", "true", "yes", "+"), ("0", "false", "no", "-")
_TWICE = {"point": (4, 6), "box": (8, 12)}  # numbers if each decimal comma made two of one


@dataclass(slots=True, kw_only=True)
class _Image:
    """The rows of one image, as they are found."""

    where: str
    same: dict[str, str]
    said: dict[str, list[Typed | MaskFile]] = field(default_factory=dict)
    one_by_one: dict[str, bool] = field(default_factory=dict)
    first: dict[str, str] = field(default_factory=dict)
    """Where each object is first spoken of."""
    unread: set[str] = field(default_factory=set)
    """Objects of which a prompt cannot be read."""


def table_drafts(table: Table, folder: Place, problems: Problems) -> list[Draft]:
    """The cases of a table, in the order in which their images first appear.

    Args:
        table: the rows as texts.
        folder: of the file; the paths of masks begin there.
        problems: what is wrong goes there.
    """
    images: dict[str, _Image] = {}
    if not _are_right(table.columns, problems):
        return []
    for where, row in table.rows:
        _take(row, where, folder, images, problems)
    return [_draft(name, image, problems) for name, image in images.items()]


def _are_right(columns: tuple[str, ...], problems: Problems) -> bool:
    known = (*_COLUMNS, *_OPTIONAL)
    if len(set(columns)) == len(columns) and set(_COLUMNS) <= set(columns) <= set(known):
        return True
    needed = f"{','.join(_COLUMNS)}, may have {','.join(_OPTIONAL)}, and each of them once"
    given = ",".join(columns) or "nothing"
    problems.add("line 1", f"the table needs the columns {needed}, got {given}")
    return False


def _take(
    row: Mapping[str, str | None],
    where: str,
    folder: Place,
    images: dict[str, _Image],
    problems: Problems,
) -> None:
    """Put a row to the others of its image."""
    values = {key: value.strip() for key, value in row.items() if isinstance(value, str)}
    if len(values) < len(row):
        problems.add(where, "has more or fewer fields than the first line")
        return
    if not any(values.values()):
        return
    same = {key: values.get(key, "") for key in _SAME}
    image = images.setdefault(values["image"], _Image(where=where, same=same))
    for key in _SAME:
        if same[key] != image.same[key]:
            problems.add(where, f"{key} must be the same in all lines of an image")
    name = values["object"] or "object"
    image.first.setdefault(name, where)
    one_by_one = _truth(values.get("one_by_one", ""), "one_by_one", where, problems, empty=False)
    if image.one_by_one.setdefault(name, one_by_one) != one_by_one:
        problems.add(where, "one_by_one must be the same in all lines of an object")
    said = image.said.setdefault(name, [])
    positive = _truth(values.get("positive", ""), "positive", where, problems, empty=True)
    kind, text = values["kind"].lower(), values["coordinates"]
    try:
        if kind in ("start", "avoid"):
            said.append(_mask_file(where, kind, text, folder))
        else:
            said.append(_numbers(where, kind, text, positive=positive))
    except InputError as error:
        problems.add(where, error)
        image.unread.add(name)


def _truth(text: str, what: str, where: str, problems: Problems, *, empty: bool) -> bool:
    """Whether it says yes; `empty` where it says nothing."""
    if text.lower() in (*_YES, *_NO):
        return text.lower() in _YES
    if text:
        problems.add(where, f"{what} must be 1 or 0, got {text!r}")
    return empty


def _numbers(where: str, kind: str, text: str, *, positive: bool) -> Typed:
    count = len(re.findall(r"\d+", text))
    if count in _TWICE.get(kind, ()) and re.fullmatch(r"[\d\s,;+-]+", text):
        axes = "four or six" if kind == "box" else "two or three"
        msg = (
            f"a {kind} has {axes} numbers, got {count} in {text!r}: write decimals with a point, "
            "like 12.5,-40,33"
        )
        raise ConfigError(msg)
    return typed(where, kind, text, positive=positive)


def _mask_file(where: str, kind: str, text: str, folder: Place) -> MaskFile:
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
        path=place_of(path, folder),
        numbers=chosen,
    )


def _draft(name: str, image: _Image, problems: Problems) -> Draft:
    return Draft(
        where=image.where,
        image=name,
        series=image.same["series"],
        frame=image.same["frame"] or "mm",
        overlap="accepted",
        wanted=tuple(
            wanted_object(
                one,
                prompts,
                one_by_one=image.one_by_one[one],
                whole=one not in image.unread,
                where=image.first[one],
                to=problems,
            )
            for one, prompts in image.said.items()
        ),
    )
