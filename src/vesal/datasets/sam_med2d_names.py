"""What file names of SA-Med2D-20M and of SAM-Med2D's demo say.

The former are modality_sub--dataset--case--axis_slice.png, and masks have --class_instance behind
the name of their image; the latter case_slice.png and case_slice_structure_instance.png.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vesal.datasets.modality import modality_of
from vesal.datasets.pair import LabelFile, Pair, Structure
from vesal.images.suffix import stem_of

_NUMBERED = re.compile(r"--(\d{4,})_(\d{3,})")
_NAMED = re.compile(r"_(.+)_(\d{3})", re.DOTALL)
_OF_DEMO = re.compile(r"(.*\d.*)_\d+", re.DOTALL)


@dataclass(slots=True, kw_only=True)
class Known:
    """What lies beside a list of images and masks, and what was made of it.

    Attributes:
        classes: names of classes by data set and number.
        patients: by data set and case, where the name of the case is not theirs.
        parts: of a divided data set, by image.
        structures: one object for each name, as millions of masks share a few hundred.
    """

    classes: Mapping[tuple[str, int], str] = field(default_factory=dict)
    patients: Mapping[tuple[str, str], str] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)
    structures: dict[str, tuple[Structure, ...]] = field(default_factory=dict)

    def meant(self, name: str) -> tuple[Structure, ...]:
        """The structure of a name: every pixel of its mask that is not 0."""
        known = self.structures.get(name)
        if known is None:
            known = self.structures[name] = (Structure(name=name, values=()),)
        return known


def pair_of(image: str, masks: Iterable[str], base: Path, known: Known, part: str = "") -> Pair:
    """The pair of an image.

    Args:
        image: its path, from `base` on.
        masks: their paths.
        base: a folder, or an archive.
        known: what lies beside.
        part: of the data set, where `known` does not say it.
    """
    stem = _stem(image)
    modality, dataset, case = _origin(stem)
    listed = list(masks)
    folder = str(base)
    named = [_structure(_stem(mask), stem, dataset, known) for mask in listed]
    if not dataset and any(instance for _, instance in named):
        case = _patient_of_demo(stem)
    counts = Counter(name for name, _ in named)
    labels = tuple(
        LabelFile(
            path=Path(f"{folder}/{mask}"),
            structures=known.meant(name if counts[name] == 1 else f"{name} {instance}"),
        )
        for mask, (name, instance) in zip(listed, named, strict=True)
    )
    return Pair(
        name=stem,
        image=Path(f"{folder}/{image}"),
        labels=labels,
        patient=known.patients.get((dataset, case), case),
        modality=modality,
        dataset=dataset,
        part=known.parts.get(image, part),
    )


def _stem(name: str) -> str:
    """The name of a file without folders and suffix; of PNG without a look at other formats."""
    file = name[name.rfind("/") + 1 :]
    return file[:-4] if file.endswith(".png") else stem_of(file)


def _origin(stem: str) -> tuple[str, str, str]:
    """Modality, data set and case of an image of SA-Med2D-20M; empty for another one."""
    parts = stem.split("--")
    if len(parts) < 4:
        return "", "", ""
    return modality_of(parts[0]), parts[1], "--".join(parts[2:-1])


def _structure(mask: str, image: str, dataset: str, known: Known) -> tuple[str, str]:
    """What a mask shows, and which instance of it."""
    if not mask.startswith(image):
        return mask.strip("_-") or "object", ""
    rest = mask[len(image) :]
    numbered = _NUMBERED.fullmatch(rest)
    if numbered:
        number, instance = numbered.groups()
        return known.classes.get((dataset, int(number)), f"class {number}"), instance
    named = _NAMED.fullmatch(rest)
    if named:
        return named.group(1).replace("_", " "), named.group(2)
    return rest.strip("_-") or "object", ""


def _patient_of_demo(stem: str) -> str:
    """The case of case_slice, if that is a name for one; else nothing."""
    found_case = _OF_DEMO.fullmatch(stem)
    return found_case.group(1) if found_case else ""
