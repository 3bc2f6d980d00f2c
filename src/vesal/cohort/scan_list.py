"""The scans of a cohort without prompts: what lies in a folder, or what a list names."""

import os
from collections.abc import Sequence
from pathlib import Path

from vesal.cohort.draft import Problems
from vesal.cohort.names import result_names
from vesal.cohort.place import Place, place_of
from vesal.cohort.scan import Scan
from vesal.cohort.table import csv_table, is_parquet, parquet_table
from vesal.datasets.image_files import folders, image_files, is_dicom_folder, is_image
from vesal.errors import ConfigError
from vesal.images.suffix import stem_of

_COLUMN = "image"
_LONGEST = 60  # characters of a name, as of cases with prompts


def read_scans(place: Place) -> tuple[Scan, ...]:
    """The scans of a cohort, in its order.

    Args:
        place: a folder, whose images and folders with a DICOM series count; or a list: a path a
            line, or a table (CSV, Parquet) with a column "image". Paths begin at its folder.

    Raises:
        ConfigError: nothing is there, or a path that does not exist.
        ResourceError: an address does not answer.
    """
    images = _of_folder(place) if _is_folder(place) else _of_list(place)
    if not images:
        msg = f"{place} holds no image; give a folder with images, or a list of them"
        raise ConfigError(msg)
    stems = [stem_of(image.name)[:_LONGEST] for image in images]
    home = str(place if _is_folder(place) else place.parent)
    folders_of = [str(image.parent).removeprefix(home).split("/")[::-1] for image in images]
    names = result_names(stems, [[part for part in parts if part] for parts in folders_of])
    return tuple(Scan(name=name, image=one) for name, one in zip(names, images, strict=True))


def _is_folder(place: Place) -> bool:
    if isinstance(place, Path):
        if not place.exists():
            msg = f"there is no {place}; give a folder with images, or a list of them"
            raise ConfigError(msg)
        return place.is_dir()
    return bool(place.names() - {place.address})


def _of_folder(place: Place) -> Sequence[Place]:
    """Its images, in the order of their names."""
    if isinstance(place, Path):
        series = [folder for folder in folders(place) if is_dicom_folder(folder)]
        return sorted([*image_files(place), *series])
    names = {name.partition("/")[0] for name in place.names() if name.endswith(".dcm")}
    names |= {name for name in place.names() if "/" not in name and is_image(name)}
    return [place / name for name in sorted(names) if not name.startswith(".")]


def _of_list(place: Place) -> Sequence[Place]:
    texts = _texts(place)
    images = [place_of(text, place.parent) for text in texts]
    missing = [one for one in images if isinstance(one, Path) and not os.path.exists(one)]
    if missing:
        msg = f"{place.name} names {missing[0]}, which does not exist; paths begin at its folder"
        raise ConfigError(msg)
    return images


def _texts(place: Place) -> list[str]:
    content = place.read_bytes()
    if is_parquet(content):
        table = parquet_table(content, place.name)
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            msg = f"{place} is not UTF-8 text: give a folder, or a list with a path a line"
            raise ConfigError(msg) from error
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if not lines or not _has_header(lines):
            return lines
        problems = Problems(place)
        table = csv_table(text, problems)
        problems.check()
    if _COLUMN not in table.columns:
        msg = f"{place} needs a column {_COLUMN!r}, got {', '.join(table.columns)}"
        raise ConfigError(msg)
    texts = [(row.get(_COLUMN) or "").strip() for _, row in table.rows]
    return list(dict.fromkeys(text for text in texts if text))


def _has_header(lines: list[str]) -> bool:
    words = lines[0].lower().replace(";", ",").replace("\t", ",").split(",")
    return _COLUMN in [word.strip() for word in words]
