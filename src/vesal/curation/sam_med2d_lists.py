"""The lists beside a data set of SA-Med2D-20M: which masks an image has, and which class is which.

All paths begin in the folder of the lists. SAM-Med2D's own training and test code reads
image2label_train.json and label2image_test.json, from that folder as its working directory.
"""

from collections.abc import Iterable
from pathlib import Path

from vesal.curation.listing import write_listing
from vesal.curation.row import Row
from vesal.curation.sam_med2d_classes import Classes, class_of
from vesal.curation.sam_med2d_names import case_word, dataset_word
from vesal.datasets.pair import PARTS
from vesal.datasets.sam_med2d import LISTING
from vesal.errors import ConfigError
from vesal.images.write import make_folder

CLASSES = "SAMed2D_v1_class_mapping_id.json"
PATIENTS = "SAMed2D_v1_patient_mapping.json"


def write_lists(rows: Iterable[Row], classes: Classes, output: Path) -> None:
    """Write all lists of what was kept.

    For each part image2label and label2image; of a part without images, they are removed. Patients
    are listed where their name is not that of the case, which the names of files do not tell.

    Args:
        rows: of all cases.
        classes: numbers of classes that are fixed.
        output: folder of the data set.

    Raises:
        ConfigError: two cases have files of one name.
        ResourceError: the disk refuses.
    """
    kept = [row for row in rows if row.image]
    _refuse_shared(kept)
    make_folder(output)
    write_listing(output / LISTING, _masks_by_image(kept), always=True)
    write_listing(output / CLASSES, _used(kept, classes), always=True)
    write_listing(output / PATIENTS, _patients(kept))
    for part in PARTS:
        masks = _masks_by_image([row for row in kept if row.part == part])
        images = {mask: image for image, inside in masks.items() for mask in inside}
        write_listing(output / f"image2label_{part}.json", masks)
        write_listing(output / f"label2image_{part}.json", images)


def _refuse_shared(kept: Iterable[Row]) -> None:
    owners: dict[str, tuple[str, str]] = {}
    for row in kept:
        owner = owners.setdefault(row.image, (row.dataset, row.case))
        if owner != (row.dataset, row.case):
            msg = (
                f"cases {owner[1]!r} of {owner[0]!r} and {row.case!r} of {row.dataset!r} would "
                f"both be {row.image}; rename one of them"
            )
            raise ConfigError(msg)


def _masks_by_image(kept: Iterable[Row]) -> dict[str, list[str]]:
    masks: dict[str, list[str]] = {}
    for row in kept:
        masks.setdefault(row.image, []).append(row.mask)
    return {image: sorted(masks[image]) for image in sorted(masks)}


def _used(kept: Iterable[Row], classes: Classes) -> dict[str, dict[str, int]]:
    """Numbers of the classes of all data sets, those that were not foreseen too."""
    numbers = {dataset: dict(inside) for dataset, inside in classes.items()}
    for dataset, structure in {(row.dataset, row.structure) for row in kept}:
        name, number = class_of(classes, dataset, structure)
        numbers.setdefault(dataset_word(dataset), {})[name] = number
    by_number = {
        dataset: dict(sorted(inside.items(), key=lambda item: item[1]))
        for dataset, inside in numbers.items()
    }
    return dict(sorted(by_number.items()))


def _patients(kept: Iterable[Row]) -> dict[str, dict[str, str]]:
    """Patients by the words for data set and case in file names, where another name is theirs."""
    patients: dict[str, dict[str, str]] = {}
    for row in kept:
        case = case_word(row.case)
        if row.patient not in ("", case):
            patients.setdefault(dataset_word(row.dataset), {})[case] = row.patient
    return {dataset: dict(sorted(patients[dataset].items())) for dataset in sorted(patients)}
