"""Data sets as SAM-Med2D has them: a JSON file that says which masks belong to which image.

Files of SA-Med2D-20M are named modality_sub--dataset--case--axis_slice.png, and a mask has
--class_instance behind the name of its image. Those of the demo of SAM-Med2D are named
case_slice.png and case_slice_structure_instance.png.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from vesal.datasets.found import Found, found, left_out
from vesal.datasets.image_files import stem_of
from vesal.datasets.json_file import read_object
from vesal.datasets.modality import modality_of
from vesal.datasets.pair import LabelFile, Pair, Structure
from vesal.errors import ConfigError

_OPENING = re.compile(rb'\s*\{\s*"[^"]*\.(png|jpe?g|tiff?)"\s*:', re.IGNORECASE)
_HEAD_BYTES = 4096
_CLASSES = "*class_mapping_id.json"
_Classes = Mapping[tuple[str, int], str]


def find_sam_med2d(source: Path, _channel: int) -> Found | None:
    """The pairs of a JSON file of image and mask paths; None if it is none.

    The masks of one image are label files of one pair. Paths begin in the folder of the file, or
    in the one above.

    Args:
        source: the JSON file, or a folder that holds one.

    Raises:
        ConfigError: there are several, or none of its files is there.
    """
    path = _listing(source)
    if path is None:
        return None
    masks = _masks_by_image(path)
    base = _base(path, next(iter(masks)))
    classes = _classes(path.parent)
    no_image, no_mask, pairs = [], [], []
    for image, listed in masks.items():
        there = [name for name in listed if (base / name).is_file()]
        no_mask += [name for name in listed if name not in there]
        if not (base / image).is_file():
            no_image.append(image)
        elif there:
            pairs.append(_pair(base / image, [base / name for name in there], classes))
    notes = [*left_out(no_image, "images are missing"), *left_out(no_mask, "masks are missing")]
    return found("SAM-Med2D", pairs, notes)


def _listing(source: Path) -> Path | None:
    paths = sorted(source.glob("*.json")) if source.is_dir() else [source]
    lists = [path for path in paths if _is_listing(path)]
    if len(lists) > 1:
        msg = (
            f"{source} holds several lists of masks ({', '.join(p.name for p in lists)}); give one"
        )
        raise ConfigError(msg)
    return lists[0] if lists else None


def _is_listing(path: Path) -> bool:
    if path.suffix.lower() != ".json" or not path.is_file():
        return False
    with path.open("rb") as file:
        return _OPENING.match(file.read(_HEAD_BYTES)) is not None


def _masks_by_image(path: Path) -> dict[str, list[str]]:
    """Masks by image, whichever way round the file has it."""
    masks: dict[str, list[str]] = {}
    for key, value in read_object(path).items():
        if isinstance(value, str):
            masks.setdefault(value, []).append(key)
        elif isinstance(value, list) and all(isinstance(name, str) for name in value):
            masks.setdefault(key, []).extend(value)
        else:
            msg = f"{path.name} must give each file a path or a list of paths, got {value!r:.100}"
            raise ConfigError(msg)
    return masks


def _base(path: Path, first: str) -> Path:
    for folder in (path.parent, path.parent.parent):
        if (folder / first).is_file():
            return folder
    msg = (
        f"{path.name} names {first}, which is neither in {path.parent} nor in "
        f"{path.parent.parent}; put the file beside the images"
    )
    raise ConfigError(msg)


def _classes(folder: Path) -> dict[tuple[str, int], str]:
    """Names of classes by data set and number, where the folder has a list of them."""
    names = {}
    for path in sorted(folder.glob(_CLASSES)):
        for dataset, classes in read_object(path).items():
            for name, number in classes.items() if isinstance(classes, dict) else ():
                if str(number).isdecimal():
                    names[dataset, int(str(number))] = str(name)
    return names


def _pair(image: Path, masks: Sequence[Path], classes: _Classes) -> Pair:
    stem = stem_of(image)
    modality, dataset, patient = _origin(stem)
    named = [_structure(stem_of(mask), stem, dataset, classes) for mask in masks]
    if not dataset and any(instance for _, instance in named):
        patient = _patient_of_demo(stem)
    counts = Counter(name for name, _ in named)
    labels = tuple(
        LabelFile(
            path=mask,
            structures=(
                Structure(name=name if counts[name] == 1 else f"{name} {instance}", values=()),
            ),
        )
        for mask, (name, instance) in zip(masks, named, strict=True)
    )
    return Pair(
        name=stem, image=image, labels=labels, patient=patient, modality=modality, dataset=dataset
    )


def _origin(stem: str) -> tuple[str, str, str]:
    """Modality, data set and case of an image of SA-Med2D-20M; empty for another one."""
    parts = stem.split("--")
    if len(parts) < 4:
        return "", "", ""
    return modality_of(parts[0]), parts[1], "--".join(parts[2:-1])


def _structure(mask: str, image: str, dataset: str, classes: _Classes) -> tuple[str, str]:
    """What a mask shows, and which instance of it."""
    rest = mask.removeprefix(image) if mask.startswith(image) else f"_{mask}"
    numbered = re.fullmatch(r"--(\d{4})_(\d{3})", rest)
    if numbered:
        number, instance = numbered.groups()
        return classes.get((dataset, int(number)), f"class {number}"), instance
    named = re.fullmatch(r"_(.+)_(\d{3})", rest)
    if named and mask.startswith(image):
        return named.group(1).replace("_", " "), named.group(2)
    return rest.strip("_-") or "object", ""


def _patient_of_demo(stem: str) -> str:
    """The case of case_slice, if that is a name for one; else nothing."""
    found_case = re.fullmatch(r"(.*\d.*)_\d+", stem)
    return found_case.group(1) if found_case else ""
