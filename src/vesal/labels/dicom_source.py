"""The DICOM files behind a label map, read again for what an object about them must repeat.

Anonymisers strip fields that a SEG or RTSTRUCT must have, and scanners write the same orientation
with other last digits in each slice. Both are mended in copies in memory, never in the files.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom import Dataset
from pydicom.uid import generate_uid
from pydicom.valuerep import format_number_as_ds

from vesal.arrays import AffineMatrix, LabelArray
from vesal.errors import ConfigError, ImageError
from vesal.images import Source
from vesal.images.dicom.file import read_dataset
from vesal.images.dicom.plane import plane_to_lps
from vesal.images.dicom.quiet import DAMAGED, quiet
from vesal.labels.labelled import Labelled
from vesal.labels.source_slices import on_slices, slice_to_grid

MAY_BE_EMPTY = (
    "PatientID",
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
    "StudyID",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "ReferringPhysicianName",
    "PositionReferenceIndicator",
)
"""Type 2 in PS3.3 C.7.1.1, C.7.2.1 and C.7.4.1: they must be there, and may be empty."""

_MUST_BE_THERE = ("StudyInstanceUID", "SeriesInstanceUID")
_SEXES = ("M", "F", "O", "")  # all that PS3.3 C.7.1.1 allows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DicomSource:
    """Headers of the image, made complete and alike; no pixels.

    Attributes:
        datasets: one for each slice in the order of `Source.files`, or one for all of them.
        frames: of a multi-frame object, the frame of each slice, counted from 0; else empty. The
            functional groups of its dataset are those of these frames only.
        planes: for each slice, (column, row, 0) to LPS mm; empty for a picture without a place.
        size: rows and columns of each slice.
    """

    datasets: tuple[Dataset, ...]
    frames: tuple[int, ...]
    planes: tuple[AffineMatrix, ...]
    size: tuple[int, int]

    def labels(self, labels: Labelled) -> LabelArray:
        """Return the numbers of the label map on each slice, (slice, row, column).

        Raises:
            ImageError: if a slice or an object of the map would be lost.
        """
        if not self.planes:
            return labels.array[np.newaxis]
        return on_slices(labels, self.planes, self.size)


def check_writable(labels: Labelled, description: str, *, allow_empty: bool) -> None:
    """Refuse what neither a SEG nor an RTSTRUCT can hold.

    Raises:
        ConfigError: if the series description is longer than 64 characters or not one line.
        ImageError: if there is no segment, or no voxel in any and that is not allowed.
    """
    if len(description) > 64 or not (description or " ").isprintable() or "\\" in description:
        msg = (
            "a series description needs one line of at most 64 characters without a backslash, "
            f"got {description!r}"
        )
        raise ConfigError(msg)
    if not labels.segments:
        msg = f"a DICOM object needs at least one segment, got none for {labels.source.name}"
        raise ImageError(msg)
    if not allow_empty and not labels.array.any():
        msg = (
            f"a label map without any voxel of {labels.source.name} is not written unless "
            "empty ones are allowed"
        )
        raise ImageError(msg)


def read_source(labels: Labelled) -> DicomSource:
    """Return the headers of the image that a label map belongs to.

    Raises:
        ImageError: if the image is not DICOM, or its files are gone, damaged or others than when
            it was read.
    """
    source = labels.source
    if source.format != "DICOM" or not source.files:
        msg = (
            f"a DICOM object about a mask needs an image that was read from DICOM, "
            f"got {source.name} from {source.format}"
        )
        raise ImageError(msg)
    with quiet():
        datasets = [_header(path, source) for path in dict.fromkeys(source.files)]
        try:
            found = _complete(datasets, source, labels)
        except ImageError:
            raise
        except DAMAGED as error:
            raise _changed(source, "its headers do not say where its slices lie") from error
    _check_place(found, labels)
    return found


def _header(path: Path, source: Source) -> Dataset:
    try:
        header = read_dataset(path, pixels=False)
        header.SOPInstanceUID = header.get("SOPInstanceUID") or (
            header.file_meta.MediaStorageSOPInstanceUID
        )
        header.SOPClassUID = header.get("SOPClassUID") or header.file_meta.MediaStorageSOPClassUID
    except FileNotFoundError as error:
        raise _changed(source, f"{path.name} is no longer there") from error
    except DAMAGED as error:
        raise _changed(source, f"{path.name} cannot be read") from error
    absent = [name for name in _MUST_BE_THERE if not header.get(name)]
    if absent:
        msg = (
            "a DICOM object must name the study and series of its image, "
            f"but {path.name} has no {' and no '.join(absent)}"
        )
        raise ImageError(msg)
    if source.series_uid and str(header.SeriesInstanceUID) != source.series_uid:
        raise _changed(source, f"{path.name} is of another series")
    return header


def _changed(source: Source, what: str) -> ImageError:
    return ImageError(
        f"the files of {source.name} must be as they were when the image was opened, but {what}"
    )


def _complete(datasets: Sequence[Dataset], source: Source, labels: Labelled) -> DicomSource:
    """Make the headers complete and alike."""
    first = datasets[0]
    for dataset in datasets:
        _fill(dataset, first)
    if "PerFrameFunctionalGroupsSequence" in first:
        frames = tuple(dict.fromkeys(source.frames)) or tuple(
            range(len(first.PerFrameFunctionalGroupsSequence))
        )
        chosen = _only(first, frames)
        planes = [_frame_plane(chosen, group) for group in chosen.PerFrameFunctionalGroupsSequence]
        datasets = [chosen]
    elif source.frames:
        raise ValueError  # frames without groups lie somewhere, but nobody knows where
    else:
        frames = ()
        planes = _slice_planes(datasets, labels)
    return DicomSource(
        datasets=tuple(datasets),
        frames=frames,
        planes=tuple(planes),
        size=_size(datasets, source),
    )


def _size(datasets: Sequence[Dataset], source: Source) -> tuple[int, int]:
    sizes = {(int(one.Rows), int(one.Columns)) for one in datasets}
    if len(sizes) > 1:
        raise _changed(source, "its slices differ in size")
    return sizes.pop()


def _fill(dataset: Dataset, first: Dataset) -> None:
    for name in MAY_BE_EMPTY:
        if dataset.get(name) is None:
            setattr(dataset, name, "")
    if dataset.PatientSex not in _SEXES:
        dataset.PatientSex = ""
    if not dataset.get("FrameOfReferenceUID"):
        # The same one for each object about this series, so that they lie on one another.
        entropy = [str(dataset.SeriesInstanceUID), "frame of reference"]
        dataset.FrameOfReferenceUID = generate_uid(entropy_srcs=entropy)
    for name in ("ImageOrientationPatient", "PixelSpacing", "FrameOfReferenceUID"):
        if name in first:
            setattr(dataset, name, first[name].value)


def _slice_planes(datasets: Sequence[Dataset], labels: Labelled) -> list[AffineMatrix]:
    if labels.grid.ndim == 2:
        return []
    thickness = format_number_as_ds(labels.grid.spacing_mm[2])
    for dataset in datasets:
        if not dataset.get("SliceThickness"):
            dataset.SliceThickness = thickness
        # Often wrong; where it is not there, it is computed from the positions.
        dataset.pop("SpacingBetweenSlices", None)
    return [
        plane_to_lps(one.ImagePositionPatient, one.ImageOrientationPatient, one.PixelSpacing)
        for one in datasets
    ]


def _only(dataset: Dataset, frames: Sequence[int]) -> Dataset:
    """A copy with these frames only, orientation and spacing shared by all."""
    chosen = copy.deepcopy(dataset)
    groups = [chosen.PerFrameFunctionalGroupsSequence[frame] for frame in frames]
    chosen.PerFrameFunctionalGroupsSequence = groups
    chosen.NumberOfFrames = len(groups)
    shared = chosen.SharedFunctionalGroupsSequence[0]
    for name in ("PlaneOrientationSequence", "PixelMeasuresSequence"):
        if name not in shared:
            setattr(shared, name, groups[0][name].value)
    shared.PixelMeasuresSequence[0].pop("SpacingBetweenSlices", None)
    return chosen


def _frame_plane(dataset: Dataset, group: Dataset) -> AffineMatrix:
    shared = dataset.SharedFunctionalGroupsSequence[0]
    place = group if "PlanePositionSequence" in group else shared
    return plane_to_lps(
        place.PlanePositionSequence[0].ImagePositionPatient,
        shared.PlaneOrientationSequence[0].ImageOrientationPatient,
        shared.PixelMeasuresSequence[0].PixelSpacing,
    )


def _check_place(found: DicomSource, labels: Labelled) -> None:
    """Refuse a slice with its middle outside the label map's grid."""
    rows, columns = found.size
    if not found.planes and found.size != labels.grid.shape:
        raise _changed(labels.source, f"it has {rows}x{columns} pixels now")
    middle = np.array([(columns - 1) / 2, (rows - 1) / 2, 0.0, 1.0])
    for number, plane in enumerate(found.planes, start=1):
        index = (slice_to_grid(labels, plane) @ middle)[:3]
        if (index < -1).any() or (index > labels.grid.shape).any():
            raise _changed(labels.source, f"slice {number} lies elsewhere")
