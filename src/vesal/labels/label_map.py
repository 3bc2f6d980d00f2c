"""All objects of one image in one array, a number for each object."""

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from vesal.arrays import LabelArray
from vesal.errors import ConfigError, ImageError, ResourceError
from vesal.geometry.grid import Grid
from vesal.images import Mask, Source
from vesal.images.write import settle
from vesal.labels.segment import Segment
from vesal.labels.write import check_suffix, safe_names, save_labels

_PIECE = 1 << 16  # voxels: in the processor's cache


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class LabelMap:
    """Objects that do not overlap, on the grid of the image they belong to. Read-only.

    Attributes:
        array: `grid.shape`, uint8 or uint16; 0 is background.
        grid: where the voxels are.
        segments: one for each number in the array; one may be empty there.
        source: of the image.

    Raises:
        ImageError: if the array does not have the shape of the grid.
        ConfigError: if two segments share a number, or a number in the array has no segment.
    """

    array: LabelArray
    grid: Grid
    segments: tuple[Segment, ...]
    source: Source = field(default_factory=Source)

    def __post_init__(self) -> None:
        if self.array.shape != self.grid.shape:
            msg = f"a label map needs its grid's shape {self.grid.shape}, got {self.array.shape}"
            raise ImageError(msg)
        numbers = [segment.number for segment in self.segments]
        if len(set(numbers)) < len(numbers):
            msg = f"each segment needs a number of its own, got {numbers}"
            raise ConfigError(msg)
        unknown = sorted(numbers_in(self.array) - set(numbers))
        if unknown:
            msg = f"each number in a label map needs a segment, got {unknown} without one"
            raise ConfigError(msg)
        view = self.array.view()
        view.setflags(write=False)
        object.__setattr__(self, "array", view)

    def __repr__(self) -> str:
        return f"LabelMap({', '.join(s.name for s in self.segments)}; {self.source.name})"

    def mask(self, number: int) -> Mask:
        """The mask of one segment.

        Raises:
            ConfigError: if no segment has this number.
        """
        self.segment(number)
        return Mask(array=self.array == number, grid=self.grid, source=self.source)

    def segment(self, number: int) -> Segment:
        """The segment with this number.

        Raises:
            ConfigError: if there is none.
        """
        for segment in self.segments:
            if segment.number == number:
                return segment
        known = ", ".join(str(s.number) for s in self.segments) or "none"
        msg = f"no segment has the number {number}; there are: {known}"
        raise ConfigError(msg)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the map on exactly its grid, in the format of the suffix; return the path.

        With names and colours in NIfTI, .seg.nrrd, DICOM SEG and RTSTRUCT (.seg.dcm,
        .rtstruct.dcm); as surfaces in STL and OBJ. An existing file is replaced in one step; after
        a failure it is still the old one.

        Raises:
            ImageError: if the suffix is unknown or its format cannot hold the map.
            ResourceError: if the folder is missing or full or may not be written to.
        """
        return save_labels(Path(path), self)

    def save_each(self, folder: str | os.PathLike[str], suffix: str) -> tuple[Path, ...]:
        """Write a file for each segment, named after it; return the paths in their order.

        In each file the segment has the number 1. The folder is made if it is not there.

        Raises:
            ImageError: if the suffix is unknown or its format cannot hold a segment.
            ResourceError: if the folder cannot be made or written to.
        """
        folder = Path(folder)
        check_suffix(Path(f"mask{suffix}"))
        try:
            folder.mkdir(exist_ok=True)
            settle(folder.absolute().parent)
        except OSError as error:
            msg = f"{folder} cannot be made ({error.strerror or error}); give another folder"
            raise ResourceError(msg) from error
        names = safe_names([segment.name for segment in self.segments])
        return tuple(
            self._only(segment).save(folder / f"{name}{suffix}")
            for segment, name in zip(self.segments, names, strict=True)
        )

    def _only(self, segment: Segment) -> "LabelMap":
        return replace(
            self,
            array=(self.array == segment.number).astype(np.uint8),
            segments=(replace(segment, number=1),),
        )


def numbers_in(array: LabelArray) -> set[int]:
    """The numbers in an array beside 0.

    Piece by piece, as most are empty: NumPy's unique copies all and takes ten times as long.
    """
    flat = array.ravel(order="K")
    seen = np.zeros(2 ** (8 * array.itemsize), bool)
    for start in range(0, flat.size, _PIECE):
        piece = flat[start : start + _PIECE]
        if piece.any():
            seen[piece] = True
    return set(np.flatnonzero(seen).tolist()) - {0}
