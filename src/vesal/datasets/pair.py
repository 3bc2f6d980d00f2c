"""An image on the disk and the files that say what is in it."""

from dataclasses import dataclass
from pathlib import Path

PARTS = ("train", "validation", "test")
"""What data sets are divided into."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """Something to find: a name, and the label values that make it up."""

    name: str
    values: tuple[int, ...]
    """Of the label file, none of them 0; no value at all means every voxel that is not 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelFile:
    """A file of labels on the grid of an image."""

    path: Path
    structures: tuple[Structure, ...] = ()
    """What to look for in it; without any, every value is a structure named as the file says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """An image with its labels, and what is known of where it comes from.

    Attributes:
        name: unique in its data set, and fit to be part of a file name.
        image: file, or DICOM folder.
        labels: its label files; none where nothing is known of the image.
        patient: whose image it is; the name of the pair where nothing else is known.
        modality: "CT", "MR", "US", ... in capitals, or "" where it is not known.
        dataset: name of the data set.
        seen: whether a model was trained on this kind of target, where the data set says so.
        part: one of `PARTS`, or what a table says; "" where the data set is not divided.
    """

    name: str
    image: Path
    labels: tuple[LabelFile, ...] = ()
    patient: str = ""
    modality: str = ""
    dataset: str = ""
    seen: bool | None = None
    part: str = ""

    @property
    def whose(self) -> str:
        """The patient; where none is known, each pair is of its own."""
        return self.patient or self.name
