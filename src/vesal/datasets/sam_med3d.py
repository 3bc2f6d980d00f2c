"""Data sets as SAM-Med3D has them: category/modality_dataset/imagesTr/case.nii.gz.

Each category has images of its own, often copies of those of another one, and binary labels.
"""

from pathlib import Path

from vesal.datasets.found import Found, found, left_out, once
from vesal.datasets.image_files import folders, image_files, stem_of
from vesal.datasets.modality import dataset_of, modality_of
from vesal.datasets.nnunet import DESCRIPTION, PARTS
from vesal.datasets.pair import LabelFile, Pair, Structure


def find_sam_med3d(source: Path, _channel: int) -> Found | None:
    """The pairs of a folder of categories; None if it is none.

    A case that several categories share is a pair in each of them, of one patient.

    Raises:
        ConfigError: two files are one case.
    """
    if not source.is_dir():
        return None
    pairs: list[Pair] = []
    notes: list[str] = []
    known = False
    for category in folders(source):
        for dataset in folders(category):
            for part in PARTS:
                images, labels = dataset / f"images{part}", dataset / f"labels{part}"
                if (dataset / DESCRIPTION).exists() or not (images.is_dir() and labels.is_dir()):
                    continue
                known = True
                named = once((stem_of(path), path) for path in image_files(labels))
                cases = once((stem_of(path), path) for path in image_files(images))
                pairs += [
                    _pair(case, image, named[case], part)
                    for case, image in cases.items()
                    if case in named
                ]
                where = f"of {category.name}/{dataset.name}/{images.name} have no label"
                notes += left_out([case for case in cases if case not in named], where)
    return found("SAM-Med3D", pairs, notes) if known else None


def _pair(case: str, image: Path, label: Path, part: str) -> Pair:
    folder = image.parent.parent
    category = folder.parent.name
    structure = Structure(name=category.replace("_", " "), values=())
    return Pair(
        name=f"{category}-{folder.name}-{case}",
        image=image,
        labels=(LabelFile(path=label, structures=(structure,)),),
        patient=case,
        modality=modality_of(folder.name),
        dataset=dataset_of(folder.name),
        part=PARTS[part],
    )
