"""Where an image came from, as far as its masks must know."""

from dataclasses import dataclass
from pathlib import Path

from vesal.arrays import Voxels
from vesal.geometry.grid import Grid


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The origin of an image.

    Attributes:
        path: the file or folder that was opened, None for an image made in memory.
        format: name of the format for people: "NIfTI", "NRRD", "MetaImage", "DICOM",
            "PNG", "JPEG", "TIFF", or "array" for an image made in memory.
        spacing_known: False when the mm of the grid are pixels.
        header: the file's own header block where a mask must repeat it (NIfTI: both
            forms, their codes, units), else empty.
        space: the file's own name of its world (NRRD), else empty.
        series_uid: SeriesInstanceUID of a DICOM image, else empty.
        files: of a DICOM image, the file behind each slice, in the order of the last axis; one
            file for all slices of a multi-frame object, or for a picture.
        frames: of a multi-frame object, the frame behind each slice, counted from 0; else empty.
        notes: what was irregular in the file and how it was mended, a sentence each.
    """

    path: Path | None = None
    format: str = "array"
    spacing_known: bool = True
    header: bytes = b""
    space: str = ""
    series_uid: str = ""
    files: tuple[Path, ...] = ()
    frames: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name of the file or folder, for messages."""
        return self.path.name if self.path is not None else "the image"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decoded:
    """What a reader makes of a file, before `Image` checks its values."""

    array: Voxels
    grid: Grid
    source: Source
