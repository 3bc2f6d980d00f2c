"""Folders of npz files of the CVPR 2025 challenge, the truth in them or in another folder."""

from collections.abc import Iterator
from pathlib import Path

from vesal.datasets.challenge import SUFFIX
from vesal.datasets.found import Found, found, left_out
from vesal.datasets.image_files import folders
from vesal.datasets.modality import modality_of
from vesal.datasets.npz import npz_keys
from vesal.datasets.pair import LabelFile, Pair
from vesal.errors import ConfigError

_IMAGE, _TRUTH = "imgs", "gts"
_MOST_LOOKED_AT = 20  # files of a folder, until one can be read


def find_challenge(source: Path) -> Found | None:
    """The pairs of a folder of npz files with `imgs`; None if it is none.

    `gts` is in the same file, or in one of the same name: in a folder inside or beside this one,
    such as gts/. The modality is the first word of a name.

    Raises:
        ConfigError: several folders hold such files.
    """
    if not source.is_dir():
        return None
    with_images = [f for f in (source, *_inside(source)) if _IMAGE in _first_keys(f)]
    if not with_images:
        return None
    if len(with_images) > 1:
        msg = f"{with_images[0]} and {with_images[1]} both hold cases; give one of them"
        raise ConfigError(msg)
    folder = with_images[0]
    around = (*_inside(folder), *(f for f in folders(folder.parent) if f != folder))
    truths = [f for f in around if _TRUTH in _first_keys(f) and _IMAGE not in _first_keys(f)]
    pairs, missing = [], []
    for image in _npz_files(folder):
        truth = _truth(image, truths)
        if truth is None:
            missing.append(image.name)
            continue
        pairs.append(
            Pair(
                name=image.stem,
                image=image,
                labels=(LabelFile(path=truth),),
                modality=modality_of(image.stem),
            )
        )
    return found("challenge npz", pairs, left_out(missing, "cases have no gts"))


def _truth(image: Path, truths: list[Path]) -> Path | None:
    keys = npz_keys(image)
    if not keys or (_IMAGE in keys and _TRUTH in keys):
        return image  # without a key it is damaged, which opening it will say
    there = [folder / image.name for folder in truths if (folder / image.name).is_file()]
    if len(there) > 1:
        msg = f"two files hold gts of {image.name}: {there[0]} and {there[1]}; keep one"
        raise ConfigError(msg)
    return there[0] if there and _IMAGE in keys else None


def _inside(folder: Path) -> Iterator[Path]:
    for inner in folders(folder):
        yield inner
        yield from folders(inner)


def _npz_files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.glob(f"*{SUFFIX}") if not p.name.startswith("."))


def _first_keys(folder: Path) -> frozenset[str]:
    """The keys of the first file that has any: one that is damaged is not all of a data set."""
    for path in _npz_files(folder)[:_MOST_LOOKED_AT]:
        keys = npz_keys(path)
        if keys:
            return keys
    return frozenset()
