"""Data sets as SAM-Med2D has them: a JSON file that says which masks belong to which image.

Read from a folder or straight from the archive, as SA-Med2D-16M unpacks to 20 million files. What
names say is in `sam_med2d_names`.
"""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from vesal.datasets.archive_path import exists, is_archive, leads_out, names_in_archive
from vesal.datasets.found import Found, found, left_out
from vesal.datasets.pair import PARTS, Pair
from vesal.datasets.sam_med2d_list import entries, is_listing, masks_by_image
from vesal.datasets.sam_med2d_names import Known, pair_of
from vesal.errors import ConfigError, ImageError

LISTING = "SAMed2D_v1.json"
"""The list of all images, as the release has it."""
_RELEASE = "SAMed2Dv1"
_KINDS = ("image2label", "label2image")
_OF_PART = re.compile(rf"({'|'.join(_KINDS)})_({'|'.join(PARTS)})\.json")
_CLASSES, _PATIENTS = "class_mapping_id.json", "patient_mapping.json"
# Of shorter lists every file is looked for; of longer ones so many, and all once one is missing:
# on a disk that turns or is far away, 20 million looks take a day.
_LOOKED_FOR_ALL, _LOOKED_FOR = 50_000, 1000


def find_sam_med2d(source: Path) -> Found | None:
    """The pairs of a JSON file of image and mask paths; None if it is none.

    The masks of one image are label files of one pair. Paths begin in the folder of the file, or
    in the one above. Parts come from image2label_train.json and its like, patients from the names
    of cases, so that a split by patient is one by case; the published split is not.

    Args:
        source: the JSON file, a folder that holds it, or an archive (.zip) of such a folder, the
            last part of a split one.

    Raises:
        ConfigError: there are several, or none of its files is there.
        ImageError: an archive is damaged or a part of it is missing.
    """
    lists = _lists(source)
    if not lists:
        return None
    listed = [
        (part, image, masks)
        for part, path in lists.items()
        for image, masks in masks_by_image(path)
    ]
    if not listed:
        return found("SAM-Med2D", [])
    first = next(iter(lists.values()))
    if not first.is_file():
        _check_inside(first, _names(listed))
    base = _base(first, listed[0][1])
    missing = _missing(base, _names(listed))
    known = _known(first.parent, whole=first.name == LISTING)
    pairs: list[Pair] = []
    for part, image, masks in listed:
        there = [name for name in masks if name not in missing]
        if there and image not in missing:
            pairs.append(pair_of(image, there, base, known, part))
    no_image = [image for _, image, _ in listed if image in missing]
    no_mask = [name for _, _, masks in listed for name in masks if name in missing]
    notes = [*left_out(no_image, "images are missing"), *left_out(no_mask, "masks are missing")]
    return found("SAM-Med2D", pairs, notes)


def _lists(source: Path) -> dict[str, Path]:
    """The lists of the parts of a data set, or that of all images as the part "", if there is one.

    Raises:
        ConfigError: there are several, and not one for each part.
    """
    paths = [path for path in _json_files(source) if is_listing(path)]
    paths = [path for path in paths if path.name == LISTING][:1] or paths
    lists = {_part_of(path): path for path in reversed(paths)}  # image2label before label2image
    if "" in lists and len(paths) > 1:
        msg = (
            f"{source} holds several lists of masks ({', '.join(p.name for p in paths)}); give one"
        )
        raise ConfigError(msg)
    return dict(sorted(lists.items()))


def _names(listed: Iterable[tuple[str, str, list[str]]]) -> Iterator[str]:
    """Of all images and masks."""
    return (name for _, image, masks in listed for name in (image, *masks))


def _part_of(path: Path) -> str:
    """The part of the data that the name of a list says it is of; "" for all."""
    named = _OF_PART.fullmatch(path.name)
    return named[2] if named else ""


def _json_files(source: Path) -> list[Path]:
    """JSON files that may be lists, in order."""
    if is_archive(source):
        usual = [source / folder / LISTING for folder in (_RELEASE, "")]
        return next(([path] for path in usual if exists(path)), None) or _in_archive(source)
    paths = sorted(source.glob("*.json")) if source.is_dir() else [source]
    return [path for path in paths if path.suffix.lower() == ".json" and path.is_file()]


def _in_archive(source: Path) -> list[Path]:
    """JSON files of an archive, not deeper than in a folder."""
    try:
        names = [n for n in names_in_archive(source) if n.lower().endswith(".json")]
    except ImageError:
        return []  # not for this layout to say: DICOM may be in it
    return [source / name for name in sorted(names) if name.count("/") <= 1]


def _check_inside(path: Path, names: Iterable[str]) -> None:
    """Refuse a list in an archive that names files of the disk around it."""
    outside = next((name for name in names if leads_out(name)), None)
    if outside is not None:
        msg = f"{path} names {outside!r}, which leads out of the archive; name files in it"
        raise ConfigError(msg)


def _base(path: Path, first: str) -> Path:
    for folder in (path.parent, path.parent.parent):
        if exists(folder / first):
            return folder
    msg = (
        f"{path.name} names {first}, which is neither in {path.parent} nor in "
        f"{path.parent.parent}; put the file beside the images"
    )
    raise ConfigError(msg)


def _missing(base: Path, names: Iterable[str]) -> frozenset[str]:
    """Names of files that are not there, as far as was looked."""
    every = list(names)
    if len(every) > _LOOKED_FOR_ALL:
        step = len(every) // _LOOKED_FOR
        if all(exists(base / name) for name in every[::step]):
            return frozenset()
    by_folder: dict[str, list[str]] = {}
    for name in every:
        by_folder.setdefault(name.rpartition("/")[0], []).append(name)
    on_disk = base.is_dir()
    return frozenset(
        name
        for folder, inside in by_folder.items()
        for name in (_not_in_folder if on_disk else _not_in_archive)(base, folder, inside)
    )


def _not_in_folder(base: Path, folder: str, names: Iterable[str]) -> Iterator[str]:
    """Names of files that a folder does not hold, by one look at it."""
    if not os.path.isdir(base / folder):
        yield from names
        return
    with os.scandir(base / folder) as found_there:
        files = {entry.name for entry in found_there if entry.is_file()}
    yield from (name for name in names if name.rpartition("/")[2] not in files)


def _not_in_archive(base: Path, _folder: str, names: Iterable[str]) -> Iterator[str]:
    yield from (name for name in names if not exists(base / name))


def _known(folder: Path, *, whole: bool) -> Known:
    """What the files beside a list say; of parts only where the list is one of all images."""
    lists = [folder / f"{kind}_{part}.json" for part in PARTS for kind in _KINDS] if whole else []
    return Known(
        classes={
            (dataset, int(number)): name
            for path in _beside(folder, _CLASSES)
            for dataset, name, number in _told(path)
            if number.isdecimal()
        },
        patients={
            (dataset, case): patient
            for path in _beside(folder, _PATIENTS)
            for dataset, case, patient in _told(path)
        },
        parts={
            image: _part_of(path)
            for path in lists
            if exists(path)
            for image, _ in masks_by_image(path)
        },
    )


def _beside(folder: Path, ending: str) -> list[Path]:
    """Files whose names end so: all of a folder, or that of the release in an archive."""
    if folder.is_dir():
        return sorted(folder.glob(f"*{ending}"))
    path = folder / f"{LISTING.removesuffix('.json')}_{ending}"
    return [path] if exists(path) else []


def _told(path: Path) -> Iterator[tuple[str, str, str]]:
    """Data set, name and what is said of it, where a file says something of names in data sets."""
    for dataset, inside in entries(path):
        if isinstance(inside, dict):
            yield from ((dataset, str(name), str(value)) for name, value in inside.items())
