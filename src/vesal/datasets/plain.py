"""Pairs in plain folders: images and labels apart, side by side, or a folder for each case."""

import re
from collections.abc import Container, Iterator
from pathlib import Path

from vesal.datasets.found import Found, found, left_out, once
from vesal.datasets.image_files import folders, image_files, is_dicom_folder
from vesal.datasets.pair import LabelFile, Pair, Structure
from vesal.errors import ConfigError
from vesal.images.suffix import stem_of

_IMAGE_FOLDERS = ("images", "image", "imgs", "img", "imagestr", "imagests", "imagesval", "scans")
_LABEL_FOLDERS = (
    "labels", "label", "masks", "mask", "segmentations", "segmentation", "segs", "seg", "gts", "gt",
    "annotations", "groundtruth", "ground_truth", "labelstr", "labelsts", "labelsval",
)  # fmt: skip
_LABEL_WORDS = r"labels?|labelmap|seg|segs|segmentations?|masks?|gt|groundtruth|ground_truth"
_LABEL = re.compile(rf"(?:(?P<case>.+)[._\- ])?(?:{_LABEL_WORDS})", re.IGNORECASE | re.DOTALL)
_IMAGE = re.compile(r"(?P<case>.+)[._\- ](?:image|img|scan|0000)", re.IGNORECASE | re.DOTALL)


def find_apart(source: Path) -> Found | None:
    """The pairs of a folder that has one for images and one for labels; None if it has not.

    Both may hold folders. The names must be the same, or the label's may say that it is one.

    Raises:
        ConfigError: two files have one name, or no name is in both.
    """
    inside = folders(source) if source.is_dir() else ()
    images = [folder for folder in inside if folder.name.lower() in _IMAGE_FOLDERS]
    labels = [folder for folder in inside if folder.name.lower() in _LABEL_FOLDERS]
    if len(images) != 1 or len(labels) != 1:
        return None
    entries = {key for key, _ in _entries(images[0])}
    named = once((_case_of(key, _LABEL, entries), path) for key, path in _entries(labels[0]))
    cases = once((_case_of(key, _IMAGE, named), path) for key, path in _entries(images[0]))
    if not cases.keys() & named.keys():
        msg = (
            f"no file has the same name in {images[0]} ({_first(cases)}) and "
            f"{labels[0]} ({_first(named)}); give image and label one name, or a table (CSV)"
        )
        raise ConfigError(msg)
    return _matched("images and labels apart", cases, named)


def find_beside(source: Path) -> Found | None:
    """The pairs of a folder where x_label, x_seg or x_mask lies beside x; None if none does.

    Raises:
        ConfigError: two files are the image, or the label, of one case.
    """
    files = image_files(source) if source.is_dir() else ()
    labels = [
        (m["case"], f) for f in files if (m := _LABEL.fullmatch(stem_of(f.name))) and m["case"]
    ]
    named = once(labels)
    of_labels = set(named.values())
    cases = once((_case_of(stem_of(f.name), _IMAGE, named), f) for f in files if f not in of_labels)
    if not cases.keys() & named.keys():
        return None
    return _matched("labels beside images", cases, named)


def find_case_folders(source: Path) -> Found | None:
    """The pairs of a folder of folders, each with one image and its labels; None if none has.

    Labels are files named like label, seg or mask, or all in a folder named like segmentations,
    each a structure of that name, as TotalSegmentator has them.

    Raises:
        ConfigError: a folder has labels and several images.
    """
    pairs, missing = [], []
    for folder in folders(source) if source.is_dir() else ():
        labels, images = _contents(folder)
        if labels and len(images) > 1:
            msg = (
                f"{folder} holds several images ({', '.join(p.name for p in images[:3])}); "
                "leave one in each folder, or give a table (CSV)"
            )
            raise ConfigError(msg)
        if labels and images:
            pairs.append(Pair(name=folder.name, image=images[0], labels=tuple(labels)))
        elif images:
            missing.append(folder.name)
    if not pairs:
        return None
    notes = left_out(missing, "folders have an image but no label")
    return found("a folder for each case", pairs, notes)


def _matched(layout: str, images: dict[str, Path], labels: dict[str, Path]) -> Found:
    """The pairs of the cases that have both an image and a label."""
    pairs = [
        Pair(name=case.replace("/", "-"), image=image, labels=(LabelFile(path=labels[case]),))
        for case, image in images.items()
        if case in labels
    ]
    notes = (
        *left_out([case for case in images if case not in labels], "images have no label"),
        *left_out([case for case in labels if case not in images], "labels have no image"),
    )
    return found(layout, pairs, notes)


def _contents(folder: Path) -> tuple[list[LabelFile], list[Path]]:
    """The labels and the images of one case."""
    labels, images = [], []
    for path in image_files(folder):
        if _LABEL.fullmatch(stem_of(path.name)):
            labels.append(LabelFile(path=path))
        else:
            images.append(path)
    for inner in folders(folder):
        if inner.name.lower() in _LABEL_FOLDERS:
            labels += [_named_label(path) for path in image_files(inner)]
        elif is_dicom_folder(inner):
            images.append(inner)
    return labels, images


def _named_label(path: Path) -> LabelFile:
    name = stem_of(path.name).removesuffix(".seg").replace("_", " ")
    return LabelFile(path=path, structures=(Structure(name=name, values=()),))


def _entries(folder: Path, prefix: str = "") -> Iterator[tuple[str, Path]]:
    """Image files and DICOM folders by their path in a folder, without suffix."""
    for path in image_files(folder):
        yield f"{prefix}{stem_of(path.name)}", path
    for inner in folders(folder):
        if is_dicom_folder(inner):
            yield f"{prefix}{inner.name}", inner
        else:
            yield from _entries(inner, f"{prefix}{inner.name}/")


def _case_of(stem: str, pattern: re.Pattern[str], known: Container[str]) -> str:
    """The case of a file: its name as it is if that is known, else without what says its kind."""
    if stem in known:
        return stem
    matched = pattern.fullmatch(stem)
    return matched["case"] if matched and matched["case"] else stem


def _first(cases: dict[str, Path]) -> str:
    return ", ".join(path.name for path in list(cases.values())[:2]) or "empty"
