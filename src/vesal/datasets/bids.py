"""Segmentations among the derivatives of a BIDS data set.

`*_dseg` is a label map, whose names are in a table (`dseg.tsv`) beside it or further up; `*_mask`
is one structure. They are made of the entities of their image (sub, ses, run, ...) and others that
speak of the segmentation itself.
"""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vesal.datasets.found import Found, found, left_out
from vesal.datasets.json_file import read_object
from vesal.datasets.modality import modality_of
from vesal.datasets.pair import LabelFile, Pair, Structure
from vesal.errors import ConfigError
from vesal.images.suffix import stem_of

_MAPS, _MASKS = ("dseg",), ("mask", "seg")
_NO_IMAGES = (*_MAPS, *_MASKS, "probseg", "xfm", "boldref", "defacemask", "lesion")
_SUFFIXES = ("", ".gz")
_DESCRIPTION = "dataset_description.json"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _File:
    """A file by the words of its name."""

    path: Path
    entities: Mapping[str, str]
    words: tuple[str, ...]
    """What is no entity, without the last one."""
    suffix: str


def find_bids(source: Path) -> Found | None:
    """The pairs of a BIDS data set with derivatives, or of derivatives alone; None if it is none.

    An image is looked for beside its segmentations, among the derivatives, and in the raw data set
    above them. Where several fit, "Sources" or "RawSources" in the JSON beside the segmentation
    decides.

    Raises:
        ConfigError: several images fit, or a table of names makes no sense.
    """
    if not source.is_dir():
        return None
    raw = _raw_of(source)
    root = source if raw is None else source.resolve()
    files = _files(raw or source)
    images = [file for file in files if file.suffix not in _NO_IMAGES]
    of_image: dict[_File, list[_File]] = {}
    alone = []
    for label in files:
        if label.suffix not in (*_MAPS, *_MASKS) or not label.path.is_relative_to(root):
            continue
        image = _image_of(label, images)
        if image is None:
            alone.append(label.path.name)
        else:
            of_image.setdefault(image, []).append(label)
    if not of_image and not alone:
        return None
    dataset = _name(raw or source)
    pairs = [_pair(image, labels, root, dataset) for image, labels in of_image.items()]
    notes = list(left_out(alone, "segmentations have no image"))
    if without := len(images) - len(of_image):
        notes.append(f"{without} images have no segmentation and are left out")
    return found("BIDS", pairs, notes)


def _files(root: Path) -> list[_File]:
    paths = (path for end in _SUFFIXES for path in root.rglob(f"sub-*.nii{end}"))
    return [_parsed(path) for path in sorted(paths) if path.is_file()]


def _parsed(path: Path) -> _File:
    *words, suffix = stem_of(path.name).split("_")
    entities = dict(word.split("-", 1) for word in words if "-" in word)
    plain = tuple(word for word in words if "-" not in word)
    return _File(path=path, entities=entities, words=plain, suffix=suffix)


def _raw_of(source: Path) -> Path | None:
    """The raw data set that derivatives lie in, where `source` is one of them or all."""
    if source.resolve().parent.name == "derivatives":
        return source.resolve().parent.parent
    return source.resolve().parent if source.resolve().name == "derivatives" else None


def _name(folder: Path) -> str:
    path = folder / _DESCRIPTION
    name = read_object(path).get("Name") if path.is_file() else None
    return name if isinstance(name, str) and name else folder.resolve().name


def _image_of(label: _File, images: Sequence[_File]) -> _File | None:
    """The image that fits best; what comes first in its rank counts most."""
    named = _sources(label.path)
    wanted = {*label.words, label.entities.get("space", "")}

    def rank(image: _File) -> tuple[bool, bool, int, bool]:
        return (
            image.path.name in named,
            image.suffix in wanted,
            len(image.entities),
            image.path.parent == label.path.parent,
        )

    fitting = [image for image in images if _fits(image, label)]
    best = max(map(rank, fitting), default=None)
    fitting = [image for image in fitting if rank(image) == best]
    if len(fitting) > 1:
        msg = (
            f"{label.path.name} may belong to {fitting[0].path} or {fitting[1].path}; "
            'say which under "Sources" in the JSON file beside it, or give a table (CSV)'
        )
        raise ConfigError(msg)
    return fitting[0] if fitting else None


def _fits(image: _File, label: _File) -> bool:
    """Whether each entity of an image is one of the label's too; both in the same space."""
    own = ((key, value) for key, value in image.entities.items() if key != "desc")
    if any(label.entities.get(key) != value for key, value in own):
        return False
    space = label.entities.get("space", image.suffix)
    return "space" in image.entities or space in (image.suffix, "orig", "individual")


def _sources(path: Path) -> set[str]:
    """Names of the files that a segmentation was made of, where the JSON beside it says so."""
    beside = path.with_name(f"{stem_of(path.name)}.json")
    if not beside.is_file():
        return set()
    content = read_object(beside)
    said = [content.get(key) for key in ("Sources", "RawSources")]
    listed = [one for value in said for one in (value if isinstance(value, list) else [value])]
    return {one.rsplit("/", 1)[-1] for one in listed if isinstance(one, str)}


def _pair(image: _File, labels: Iterable[_File], root: Path, dataset: str) -> Pair:
    return Pair(
        name=stem_of(image.path.name),
        image=image.path,
        labels=tuple(
            LabelFile(path=label.path, structures=_structures(label, root)) for label in labels
        ),
        patient=f"sub-{image.entities['sub']}",
        modality=modality_of(image.suffix),
        dataset=dataset,
    )


def _structures(label: _File, root: Path) -> tuple[Structure, ...]:
    named = label.entities.get("label") or label.entities.get("desc")
    if label.suffix in _MASKS:
        return (Structure(name=named or label.suffix, values=()),)
    table = _table(label, root)
    return _listed(table) if table is not None else ()


def _table(label: _File, root: Path) -> Path | None:
    """The table beside a label map, or the nearest one above whose entities are all its own."""
    beside = label.path.with_name(f"{stem_of(label.path.name)}.tsv")
    if beside.is_file():
        return beside
    folder = label.path.parent
    while folder.is_relative_to(root):
        fitting = [
            path
            for path in sorted(folder.glob("*dseg.tsv"))
            if _parsed(path.with_suffix("")).entities.items() <= label.entities.items()
        ]
        if fitting:
            return max(fitting, key=lambda path: len(path.name))
        folder = folder.parent
    return None


def _listed(table: Path) -> tuple[Structure, ...]:
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    structures = []
    for row in rows:
        index, name = (row.get("index") or "").strip(), (row.get("name") or "").strip()
        if not re.fullmatch(r"\d+", index) or not name:
            msg = f"{table} needs an index and a name in each row, got {index!r} and {name!r}"
            raise ConfigError(msg)
        if int(index):
            structures.append(Structure(name=name, values=(int(index),)))
    return tuple(structures)
