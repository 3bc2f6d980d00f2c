"""What changes when a pair does: the size and time of its files, and what its labels mean."""

import hashlib
from functools import lru_cache
from pathlib import Path

from vesal.datasets.archive_path import file_behind
from vesal.datasets.pair import Pair
from vesal.images.fingerprint import file_stamp

_PACKAGE = Path(__file__).parents[1]


def stamp_of(pair: Pair) -> tuple[object, ...]:
    """Everything that a pair says, and the stamp of each file behind it; JSON can hold it.

    Of a DICOM folder all files count, of a member of an archive the archive.
    """
    paths = [pair.image, *(label.path for label in pair.labels)]
    stamps = [list(file_stamp(file.resolve())) for path in paths for file in files_of(path)]
    meant = [
        [str(label.path), [[s.name, list(s.values)] for s in label.structures]]
        for label in pair.labels
    ]
    whose = [pair.name, str(pair.image), pair.patient, pair.modality, pair.dataset]
    return (whose, pair.seen, pair.part, meant, stamps)


def key_of(pair: Pair, *facts: object, rooms: tuple[str, ...] = ("",)) -> str:
    """Hash of all that a result depends on: the pair, vesal's own code, and whatever else.

    Args:
        pair: with its files by their size and time.
        facts: anything else, by its `repr`.
        rooms: paths in the package of the code that counts; all of it where none are given.
    """
    return hashlib.sha256(repr((_code(rooms), stamp_of(pair), facts)).encode()).hexdigest()


def files_of(path: Path) -> list[Path]:
    """The files on the disk that an image is read from: itself, a folder's, or an archive."""
    behind = file_behind(path)
    if behind.is_dir():
        return sorted(file for file in behind.rglob("*") if file.is_file())
    return [behind]


@lru_cache(maxsize=2)
def _code(rooms: tuple[str, ...]) -> str:
    """Hash of sources: numbers of other code are other numbers, whatever its version."""
    digest = hashlib.sha256()
    for place in (_PACKAGE / room for room in rooms):
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            digest.update(path.read_bytes())
    return digest.hexdigest()
