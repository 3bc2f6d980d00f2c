"""A hash of all that the result of a case depends on: the same key, the same result."""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from vesal.cohort.case import Case
from vesal.cohort.place import Place
from vesal.cohort.scan import Scan
from vesal.cohort.settings import Settings
from vesal.errors import ImageError
from vesal.images.fingerprint import file_stamp

Item = Case | Scan
"""What is segmented in one go, by a model with prompts or by one without."""

_ASKED_AT_ONCE = 16  # addresses: each answer is a way across a network


def keys_of(items: Sequence[Item], settings: Settings) -> list[str]:
    """The key of each item.

    Raises:
        ResourceError: an address that cannot be reached.
    """
    if all(isinstance(place, Path) for item in items for place in item.files):
        return [key_of(item, settings) for item in items]
    with ThreadPoolExecutor(_ASKED_AT_ONCE) as pool:
        return list(pool.map(lambda item: key_of(item, settings), items))


def key_of(item: Item, settings: Settings) -> str:
    """Hash of name, prompts, model, form, and the files by their size and time.

    Where a prompt stands in its file, and from where that is looked at, is not part of it.
    """
    facts = [stamp_of(place) for place in item.files]
    same = (settings.identity, settings.full_history, settings.suffix, settings.each)
    return hashlib.sha256(repr((_about(item), facts, same)).encode()).hexdigest()


def stamp_of(place: Place) -> tuple[object, ...]:
    """What changes with a file, or with one of a folder; noughts where nothing is."""
    if isinstance(place, Path):
        path = place.resolve()
        files = [path, *sorted(path.rglob("*"))] if path.is_dir() else [path]
        return tuple(file_stamp(file) for file in files)
    try:
        return place.stamp()
    except ImageError:  # opening it will say why
        return (str(place), 0, 0)


def _about(item: Item) -> tuple[object, ...]:
    if isinstance(item, Scan):
        return (item.name,)
    said = [
        (one.name, one.one_by_one, [replace(prompt, where="") for prompt in one.prompts])
        for one in item.wanted
    ]
    return item.name, item.series, item.voxel, item.overlap, said
