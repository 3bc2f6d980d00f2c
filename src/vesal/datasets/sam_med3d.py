"""Data sets as SAM-Med3D has them: category/modality_dataset/imagesTr/case.nii.gz.

Each category has images of its own, often copies of those of another one, and binary labels. A
category may be a folder or a zip archive of one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from vesal.datasets.archive_path import is_archive, names_in_archive
from vesal.datasets.found import Found, found, left_out, once
from vesal.datasets.image_files import folders, image_files, is_image
from vesal.datasets.json_file import read_object
from vesal.datasets.modality import dataset_of, modality_of
from vesal.datasets.nnunet import DESCRIPTION, ENDINGS
from vesal.datasets.pair import LabelFile, Pair, Structure
from vesal.errors import ImageError
from vesal.images.suffix import stem_of

PATIENTS = "patients.json"
"""Beside the categories: data set -> {case -> patient}, where a case's name does not say whose it
is. No part of the published layout; `vesal curate` writes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Images and labels of a part of a data set in a category."""

    category: str
    dataset: str
    part: str
    images: list[Path] = field(default_factory=list)
    labels: list[Path] = field(default_factory=list)


def find_sam_med3d(source: Path) -> Found | None:
    """The pairs of a folder of categories, or of an archive of them; None if it is none.

    A case that several categories share is a pair in each of them, of one patient.

    Raises:
        ConfigError: two files are one case.
        ImageError: an archive that is given by itself is damaged.
    """
    groups = list(_groups(source))
    if not groups:
        return None
    pairs: list[Pair] = []
    notes: list[str] = []
    patients = _patients(source / PATIENTS)
    for group in groups:
        named = once((stem_of(path.name), path) for path in group.labels)
        cases = once((stem_of(path.name), path) for path in group.images)
        pairs += [
            _pair(case, image, named[case], group, patients)
            for case, image in cases.items()
            if case in named
        ]
        where = f"of {group.category}/{group.dataset}/images{group.part} have no label"
        notes += left_out([case for case in cases if case not in named], where)
    return found("SAM-Med3D", pairs, notes)


def _groups(source: Path) -> Iterator[_Group]:
    if is_archive(source):
        yield from _in_archive(source)
    elif source.is_dir():
        for category in folders(source):
            yield from _in_folder(category)
        for path in sorted(source.iterdir()):
            if is_archive(path):
                try:
                    yield from _in_archive(path)
                except ImageError:
                    continue  # no archive of a category: what it is, another layout may know


def _in_folder(category: Path) -> Iterator[_Group]:
    for dataset in folders(category):
        if (dataset / DESCRIPTION).exists():
            continue  # nnU-Net's
        for part in ENDINGS:
            images, labels = dataset / f"images{part}", dataset / f"labels{part}"
            if images.is_dir() and labels.is_dir():
                yield _Group(
                    category=category.name,
                    dataset=dataset.name,
                    part=part,
                    images=list(image_files(images)),
                    labels=list(image_files(labels)),
                )


def _in_archive(archive: Path) -> Iterator[_Group]:
    """Groups by the last words of paths; the archive's own name is the category if none is."""
    groups: dict[tuple[str, str, str], _Group] = {}
    described = set()
    for name in sorted(names_in_archive(archive)):
        words = (archive.stem, *PurePosixPath(name).parts)
        if words[-1] == DESCRIPTION:
            described.add(words[-2])
        if len(words) < 4 or words[-1].startswith(".") or not is_image(words[-1]):
            continue
        category, dataset, folder, _ = words[-4:]
        kind, part = folder[:6], folder[6:]
        if kind not in ("images", "labels") or part not in ENDINGS:
            continue
        key = (category, dataset, part)
        group = groups.setdefault(key, _Group(category=category, dataset=dataset, part=part))
        (group.images if kind == "images" else group.labels).append(archive / name)
    for group in groups.values():
        if group.images and group.labels and group.dataset not in described:
            yield group


def _patients(path: Path) -> dict[tuple[str, str], str]:
    """Patients by the folder of the data set and the case."""
    if not path.is_file():
        return {}
    return {
        (dataset, case): str(patient)
        for dataset, cases in read_object(path).items()
        if isinstance(cases, dict)
        for case, patient in cases.items()
    }


def _pair(
    case: str, image: Path, label: Path, group: _Group, patients: dict[tuple[str, str], str]
) -> Pair:
    structure = Structure(name=group.category.replace("_", " "), values=())
    return Pair(
        name=f"{group.category}-{group.dataset}-{case}",
        image=image,
        labels=(LabelFile(path=label, structures=(structure,)),),
        patient=patients.get((group.dataset, case), case),
        modality=modality_of(group.dataset),
        dataset=dataset_of(group.dataset),
        part=ENDINGS[group.part],
    )
