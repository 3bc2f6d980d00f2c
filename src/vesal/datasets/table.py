"""Pairs that a table names: image,label,name,patient,modality,dataset,part,seen,structures."""

import csv
import io
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from vesal.datasets.found import Found, found, left_out
from vesal.datasets.pair import LabelFile, Pair, Structure
from vesal.errors import ConfigError
from vesal.images.suffix import stem_of

_NEEDED = ("image", "label")
_OPTIONAL = ("name", "patient", "modality", "dataset", "part", "seen", "structures")
_TRUTHS = {
    "": None, "1": True, "true": True, "yes": True, "0": False, "false": False, "no": False,
}  # fmt: skip
_DELIMITERS = ",;\t"


def find_in_table(source: Path) -> Found | None:
    """The pairs of a CSV file; None if it is no such file.

    Rows of one image and one name are one pair with several label files. Paths begin in the folder
    of the table. `structures` is like "liver=1; kidneys=2,3"; a name without numbers is every voxel
    that is not 0.

    Raises:
        ConfigError: a column is unknown or missing, or a row makes no sense.
    """
    if not source.is_file() or source.suffix.lower() not in (".csv", ".tsv"):
        return None
    try:
        text = source.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{source} cannot be read as text in UTF-8 ({error})"
        raise ConfigError(msg) from error
    rows = _rows(text, source)
    missing = [row["image"] for _, row in rows if not row["label"]]
    drafts = [_pair(where, row, source) for where, row in rows if row["label"]]
    notes = left_out(missing, "rows have no label")
    return found("table", _joined(_named(drafts, source.parent)), notes)


_Row = tuple[str, Mapping[str, str]]
_Draft = tuple[str, Pair]


def _rows(text: str, source: Path) -> list[_Row]:
    """Where each row is, and what it says by column."""
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)  # some languages' spreadsheets write semicolons
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[_Row] = []
    try:
        reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or ()]
        _check_columns(reader.fieldnames, source)
        for row in reader:
            where = f"{source.name}, line {reader.line_num}"
            values = {key: value.strip() for key, value in row.items() if isinstance(value, str)}
            if len(values) < len(row):
                msg = f"{where} has more or fewer fields than the first line"
                raise ConfigError(msg)
            if any(values.values()):
                rows.append((where, values))
    except csv.Error as error:
        msg = f"{source.name} is not CSV ({error})"
        raise ConfigError(msg) from error
    return rows


def _check_columns(columns: Sequence[str], source: Path) -> None:
    known = (*_NEEDED, *_OPTIONAL)
    unknown = [name for name in columns if name not in known]
    missing = [name for name in _NEEDED if name not in columns]
    twice = [name for name in known if columns.count(name) > 1]
    problems = [
        f"{text} {', '.join(repr(name) for name in names)}"
        for text, names in (("unknown", unknown), ("missing", missing), ("repeated", twice))
        if names
    ]
    if problems:
        msg = (
            f"{source.name} has wrong columns ({'; '.join(problems)}): it needs image and label, "
            f"and may have {', '.join(_OPTIONAL)}"
        )
        raise ConfigError(msg)


def _pair(where: str, row: Mapping[str, str], source: Path) -> _Draft:
    for column in _NEEDED:
        if not row[column] or not os.path.exists(source.parent / row[column]):
            msg = f"{where}: {column} {row[column]!r} is not there; paths begin in {source.parent}"
            raise ConfigError(msg)
    seen = row.get("seen", "").lower()
    if seen not in _TRUTHS:
        msg = f"{where}: seen must be 1, 0 or empty, got {seen!r}"
        raise ConfigError(msg)
    label = LabelFile(
        path=source.parent / row["label"], structures=_structures(where, row.get("structures", ""))
    )
    return where, Pair(
        name=row.get("name", ""),
        image=source.parent / row["image"],
        labels=(label,),
        patient=row.get("patient", ""),
        modality=row.get("modality", "").upper(),
        dataset=row.get("dataset", ""),
        seen=_TRUTHS[seen],
        part=row.get("part", ""),
    )


def _structures(where: str, text: str) -> tuple[Structure, ...]:
    structures = []
    for one in filter(None, (part.strip() for part in text.split(";"))):
        name, equals, numbers = (part.strip() for part in one.partition("="))
        right = re.fullmatch(r"\d{1,9}(\s*,\s*\d{1,9})*", numbers) is not None
        values = tuple(int(n) for n in re.findall(r"\d+", numbers)) if right else ()
        right &= all(0 < n < 65536 for n in values)
        if not name or (equals and not right):
            msg = f'{where}: structures must be like "liver=1; kidneys=2,3", got {one!r}'
            raise ConfigError(msg)
        structures.append(Structure(name=name, values=values))
    return tuple(structures)


def _named(drafts: Sequence[_Draft], folder: Path) -> list[_Draft]:
    """Nameless pairs named after their images: by the file, or the path where files share it."""
    images: dict[str, set[Path]] = {}
    for _, pair in drafts:
        images.setdefault(pair.name or stem_of(pair.image.name), set()).add(pair.image)

    def name(pair: Pair) -> str:
        stem = stem_of(pair.image.name)
        if pair.name or len(images[stem]) == 1:
            return pair.name or stem
        relative = Path(*pair.image.relative_to(folder).parts[:-1], stem)
        return "-".join(relative.parts)

    return [(where, replace(pair, name=name(pair))) for where, pair in drafts]


def _joined(drafts: Sequence[_Draft]) -> list[Pair]:
    """One pair of all rows with one name and one image."""
    pairs: dict[tuple[str, Path], Pair] = {}
    for where, pair in drafts:
        key = (pair.name, pair.image)
        before = pairs.get(key)
        if before is None:
            pairs[key] = pair
            continue
        if pair.labels[0] in before.labels:
            msg = f"{where}: this label of {pair.name!r} is listed twice; remove one of the rows"
            raise ConfigError(msg)
        joined = replace(before, labels=before.labels + pair.labels)
        if replace(pair, labels=joined.labels) != joined:
            msg = f"{where}: all rows of {pair.name!r} must agree on all but label and structures"
            raise ConfigError(msg)
        pairs[key] = joined
    return list(pairs.values())
