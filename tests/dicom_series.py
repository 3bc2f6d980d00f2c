"""DICOM series as scanners and anonymisers leave them, with the volume they should be read as.

`write_series` writes whole ones; `change`, `repeat` and `write_object` make them irregular.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import (
    UID,
    BasicTextSRStorage,
    CTImageStorage,
    EnhancedMRImageStorage,
    ExplicitVRLittleEndian,
    SecondaryCaptureImageStorage,
    generate_uid,
)
from pydicom.valuerep import format_number_as_ds

from tests.grids import rotation

DIRECTIONS: dict[str, NDArray[np.float64]] = {
    "axial": np.eye(3),
    "sagittal": np.array([[0.0, 0, -1], [1, 0, 0], [0, -1, 0]]),
    "coronal": np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
    "oblique": rotation(20, -35, 50),
}
"""Columns: along a row, down a column, from slice to slice; LPS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What was written, and what a reader must find.

    Attributes:
        files: in the order of the slices.
        volume: (column, row, slice), every rescale applied.
        affine_ras: continuous index to RAS+ mm.
    """

    folder: Path
    files: tuple[Path, ...]
    volume: NDArray[Any]
    affine_ras: NDArray[np.float64]
    uid: str


def phantom(shape: tuple[int, ...], seed: int = 3) -> NDArray[np.int16]:
    """A ball in noise that has no symmetry; -1000 to 3000."""
    axes = np.indices(shape).reshape(len(shape), -1).T / np.array(shape)
    ball = np.linalg.norm(axes - 0.45, axis=1).reshape(shape) < 0.3
    noise = np.random.default_rng(seed).integers(0, 900, shape)
    return np.asarray(noise + 1200 * ball + np.arange(shape[-1]) - 1000).astype(np.int16)


def affine_of(
    orientation: str, tilt_degrees: float, spacing_mm: Sequence[float]
) -> NDArray[np.float64]:
    """(column, row, slice) to LPS mm; a tilt moves each slice down its columns."""
    affine = np.eye(4)
    affine[:3, :3] = DIRECTIONS[orientation] * np.array(spacing_mm)
    affine[:3, 2] += (
        np.tan(np.deg2rad(tilt_degrees)) * spacing_mm[2] * DIRECTIONS[orientation][:, 1]
    )
    affine[:3, 3] = (-40.5, 33.25, 112)
    return affine


def write_series(
    folder: Path,
    *,
    slices: int = 12,
    columns: int = 9,
    rows: int = 7,
    orientation: str = "axial",
    tilt_degrees: float = 0.0,
    spacing_mm: tuple[float, float, float] = (0.8, 1.3, 2.5),
    dtype: type = np.int16,
    slope: Callable[[int], float] = lambda k: 1.0,
    intercept: float = -24.0,
    missing: Sequence[int] = (),
    uneven_mm: dict[int, float] | None = None,
    seed: int = 3,
    uid: str = "",
    prefix: str = "IM",
    **fields: Any,
) -> Series:
    """Write one file for each slice, named in another order.

    Spacing is that of columns, of rows, and of slices along their normal. Stored are int16 or
    uint16; each slice has its own slope. Missing slices are not written, but are in the volume.
    `uneven_mm` moves slices along the normal. Without a UID each call makes another series.
    Further fields are elements of each file: a callable gets the number of the slice, None leaves
    the element out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    affine = affine_of(orientation, tilt_degrees, spacing_mm)
    stored = phantom((columns, rows, slices), seed)
    stored = np.asarray(stored + 1000 if dtype == np.uint16 else stored).astype(dtype)
    uid = uid or generate_uid()
    files = []
    for k in [k for k in range(slices) if k not in missing]:
        data = image(stored[:, :, k].T, uid=uid)
        place(data, affine, k, (uneven_mm or {}).get(k, 0.0))
        data.InstanceNumber = slices - k
        data.RescaleSlope, data.RescaleIntercept = slope(k), intercept
        path = folder / f"{prefix}{(k * 7) % 11:02d}{k:02d}"
        save(data, path, **{n: v(k) if callable(v) else v for n, v in fields.items()})
        files.append(path)
    slopes = np.array([slope(k) for k in range(slices)])
    return Series(
        folder=folder,
        files=tuple(files),
        volume=stored * slopes + intercept,
        affine_ras=np.diag([-1.0, -1, 1, 1]) @ affine,
        uid=uid,
    )


def write_enhanced(
    path: Path,
    *,
    slices: int = 6,
    orientation: str = "axial",
    spacing_mm: tuple[float, float, float] = (0.8, 1.3, 2.5),
    echoes: Sequence[float] = (5.0,),
    slope: Callable[[int], float] = lambda k: 1.0,
    shared: bool = True,
    **fields: Any,
) -> list[Series]:
    """Write an enhanced MR whose frames are shuffled; return the volume of each echo.

    The slope is that of each frame, counted as slice + slices * echo. Orientation and pixel size
    are said once for all frames if `shared`, else in each frame.
    """
    affine = affine_of(orientation, 0.0, spacing_mm)
    stored = phantom((9, 7, slices * len(echoes))) + 1000
    count = stored.shape[2]
    order = np.random.default_rng(5).permutation(count)
    data = image(stored.T[order].astype(np.uint16), storage=EnhancedMRImageStorage)
    data.Modality, data.NumberOfFrames = "MR", count
    directions, measures = placed_groups(affine)
    groups = []
    for n in order:
        corner = affine[:3, 3] + n % slices * affine[:3, 2]
        group = frame_group(corner, int(n % slices), int(n // slices), echoes, slope(int(n)))
        if not shared:
            group.PlaneOrientationSequence, group.PixelMeasuresSequence = directions, measures
        groups.append(group)
    common = Dataset()
    if shared:
        common.PlaneOrientationSequence, common.PixelMeasuresSequence = directions, measures
    data.SharedFunctionalGroupsSequence = [common]
    data.PerFrameFunctionalGroupsSequence = groups
    save(data, path, **fields)
    slopes = np.array([slope(n) for n in range(count)])
    values = stored * slopes - 1000
    return [
        Series(
            folder=path.parent,
            files=(path,),
            volume=values[:, :, e * slices : (e + 1) * slices],
            affine_ras=np.diag([-1.0, -1, 1, 1]) @ affine,
            uid=data.SeriesInstanceUID,
        )
        for e in range(len(echoes))
    ]


def frame_group(
    corner: NDArray[np.float64], place: int, echo: int, echoes: Sequence[float], slope: float
) -> Dataset:
    """The functional group of one frame of an enhanced MR."""
    group = Dataset()
    group.PlanePositionSequence = [Dataset()]
    group.PlanePositionSequence[0].ImagePositionPatient = ds(corner)
    group.FrameContentSequence = [Dataset()]
    content = group.FrameContentSequence[0]
    content.StackID, content.InStackPositionNumber = "1", place + 1
    content.DimensionIndexValues = [1, place + 1, echo + 1]
    group.MREchoSequence = [Dataset()]
    group.MREchoSequence[0].EffectiveEchoTime = echoes[echo]
    group.PixelValueTransformationSequence = [Dataset()]
    group.PixelValueTransformationSequence[0].RescaleSlope = slope
    group.PixelValueTransformationSequence[0].RescaleIntercept = -1000
    return group


def placed_groups(affine: NDArray[np.float64]) -> tuple[list[Dataset], list[Dataset]]:
    """The functional groups that say how the frames lie and how large their pixels are."""
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    directions, measures = Dataset(), Dataset()
    directions.ImageOrientationPatient = ds((affine[:3, :2] / spacing[:2]).T.ravel())
    measures.PixelSpacing = ds([spacing[1], spacing[0]])
    measures.SliceThickness = "4"  # unlike the distance of the slices, as often
    return [directions], [measures]


def write_localizer(folder: Path, uid: str = "", **fields: Any) -> Path:
    """Write a coronal overview of other size, as most CT folders have one."""
    data = image(phantom((20, 30)).T, uid=uid)
    place(data, affine_of("coronal", 0.0, (3.0, 2.0, 5.0)), 0)
    data.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    data.SeriesDescription = "Topogram"
    return save(data, folder / "scout", **fields)


def write_object(folder: Path, name: str, modality: str, storage: UID = BasicTextSRStorage) -> Path:
    """Write a DICOM object without pixels: a report, a presentation state, a structure set."""
    data = image(np.zeros((2, 2), np.int16), storage=storage)
    data.Modality = modality
    del data.Rows, data.Columns
    return save(data, folder / name, PixelData=None)


def write_capture(folder: Path, name: str = "capture") -> Path:
    """Write a screenshot: colour, no place in the body."""
    pixels = np.random.default_rng(3).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    data = image(pixels, storage=SecondaryCaptureImageStorage)
    data.Modality, data.SamplesPerPixel, data.PlanarConfiguration = "OT", 3, 0
    data.PhotometricInterpretation = "RGB"
    return save(data, folder / name)


def image(pixels: NDArray[Any], *, uid: str = "", storage: UID = CTImageStorage) -> FileDataset:
    """An uncompressed image, (row, column) or (frame, row, column) or (row, column, colour)."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = storage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = storage, meta.MediaStorageSOPInstanceUID
    data.PatientName, data.PatientID, data.PatientBirthDate = "Doe^Jane", "P-17", "19500102"
    data.PatientSex, data.StudyID, data.AccessionNumber = "F", "1", ""
    data.StudyDate, data.StudyTime, data.ReferringPhysicianName = "20200102", "101112", ""
    data.StudyInstanceUID, data.FrameOfReferenceUID = "1.2.826.0.1.11", "1.2.826.0.1.12"
    data.PositionReferenceIndicator, data.Modality = "", "CT"
    data.SeriesInstanceUID, data.SeriesNumber = uid or generate_uid(), 3
    data.SeriesDescription = "Phantom"
    rows = pixels.shape[-2] if pixels.dtype != np.uint8 else pixels.shape[0]
    columns = pixels.shape[-1] if pixels.dtype != np.uint8 else pixels.shape[1]
    data.Rows, data.Columns = rows, columns
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated = data.BitsStored = 8 * pixels.dtype.itemsize
    data.HighBit = data.BitsStored - 1
    data.PixelRepresentation = int(pixels.dtype.kind == "i")
    # An element of odd length is not allowed.
    data.PixelData = pixels.tobytes() + b"\0" * (pixels.nbytes % 2)
    return data


def place(data: Dataset, affine: NDArray[np.float64], k: int, along_mm: float = 0.0) -> None:
    """Say that an image is slice k of an affine (LPS), moved along its normal."""
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    directions = affine[:3, :2] / spacing[:2]
    normal = np.cross(directions[:, 0], directions[:, 1])
    data.ImagePositionPatient = ds(affine[:3, 3] + k * affine[:3, 2] + along_mm * normal)
    data.ImageOrientationPatient = ds(directions.T.ravel())
    data.PixelSpacing = ds([spacing[1], spacing[0]])
    data.SliceThickness = "4"  # unlike the distance of the slices, as often


def ds(numbers: Sequence[float] | NDArray[np.float64]) -> list[str]:
    """Decimal strings of 16 characters at most."""
    # Twelve digits: pydicom 3.0.2 gives 9.999999999999998 seventeen characters.
    return [format_number_as_ds(float(f"{number:.12g}")) for number in numbers]


def save(data: Dataset, path: Path, **fields: Any) -> Path:
    """Set elements, leave out those that are None, and write."""
    for name, value in fields.items():
        if value is not None:
            setattr(data, name, value)
        elif name in data:
            delattr(data, name)
    data.save_as(path, enforce_file_format=True)
    return path


def change(path: Path, **fields: Any) -> None:
    """Change elements of a file in place; None deletes one."""
    save(pydicom.dcmread(path), path, **fields)


def repeat(path: Path, name: str, *, add: int = 0, **fields: Any) -> Path:
    """Write a file's image once more as another instance, its stored values raised by `add`."""
    data = pydicom.dcmread(path)
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = generate_uid()
    kind = np.int16 if data.PixelRepresentation else np.uint16
    data.PixelData = (np.frombuffer(data.PixelData, kind) + kind(add)).tobytes()
    return save(data, path.parent / name, **fields)
