"""DICOM series and enhanced objects as scanners write them, with the Source a reader would give."""

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom import Dataset
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import (
    UID,
    CTImageStorage,
    EnhancedCTImageStorage,
    ExplicitVRLittleEndian,
    SecondaryCaptureImageStorage,
    generate_uid,
)
from pydicom.valuerep import format_number_as_ds

from tests.grids import UGLY, grid_of, rotation
from vesal.geometry import Grid, ras_to_lps
from vesal.images import Source
from vesal.labels import LabelMap, Segment

STUDY, SERIES, FRAME = "1.2.826.1", "1.2.826.2", "1.2.826.3"
_TILT = np.array([[1.0, 0, 0], [0, 1, np.sin(np.deg2rad(15))], [0, 0, np.cos(np.deg2rad(15))]])
_SAGITTAL = np.array([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]])

GRIDS: dict[str, Grid] = {
    "axial": grid_of((9, 8, 7), np.diag([-1.0, -1, 1]), (0.7, 0.8, 2.5), (100, 120, -300)),
    "descending": grid_of((8, 9, 6), np.diag([-1.0, -1, -1]), (0.9, 0.9, 3), (90, 80, 40)),
    "sagittal": grid_of((7, 9, 6), _SAGITTAL, (1.1, 0.6, 2), (30, 90, 70)),
    "oblique": UGLY["oblique"],
    "tilted": grid_of((8, 10, 7), np.diag([-1.0, -1, 1]) @ _TILT, (1.2, 0.5, 2.5), (40, 60, -9)),
    "single slice": UGLY["single slice"],
    "odd": grid_of((13, 5, 4), rotation(3, 2, 1), (0.31, 2, 7), (1, 2, 3)),
}
"""How a series may lie; all but the single slice have pixels that are not square."""


STRIPPED = dict.fromkeys(
    (
        "PatientID",
        "PatientName",
        "PatientBirthDate",
        "PatientSex",
        "StudyID",
        "StudyDate",
        "StudyTime",
        "AccessionNumber",
        "ReferringPhysicianName",
        "FrameOfReferenceUID",
        "PositionReferenceIndicator",
        "SliceThickness",
        "SOPInstanceUID",
        "SOPClassUID",
    )
)
"""Fields that anonymisers take out; what names a file stands in its head too."""


def series(folder: Path, grid: Grid, **fields: Any) -> Source:
    """Write one file for each slice of the grid, named without order; a value None deletes."""
    folder.mkdir(exist_ok=True)
    affine = ras_to_lps(grid.affine)
    files = []
    for k in range(grid.shape[2]):
        path = folder / f"{(k * 7) % 11:02d}-{k}.dcm"
        data = _file(CTImageStorage, grid.shape[1], grid.shape[0])
        data.ImagePositionPatient = _ds(affine[:3, 3] + k * affine[:3, 2])
        data.ImageOrientationPatient = _ds(_directions(affine))
        data.PixelSpacing = _ds([grid.spacing_mm[1], grid.spacing_mm[0]])
        data.SliceThickness = "9"  # unlike the distance of the slices, as often
        data.InstanceNumber = k + 1
        _save(data, path, fields)
        files.append(path)
    return Source(path=folder, format="DICOM", series_uid=SERIES, files=tuple(files))


def enhanced(path: Path, grid: Grid, order: list[int], *, shared: bool = True) -> Source:
    """Write an enhanced CT of which frame `order[k]` is slice k; other frames lie elsewhere."""
    affine = ras_to_lps(grid.affine)
    data = _file(EnhancedCTImageStorage, grid.shape[1], grid.shape[0])
    data.NumberOfFrames = max(order) + 2
    data.PixelData = b"\0\0" * (data.Rows * data.Columns * data.NumberOfFrames)
    orientation, measures = Dataset(), Dataset()
    orientation.ImageOrientationPatient = _ds(_directions(affine))
    measures.PixelSpacing = _ds([grid.spacing_mm[1], grid.spacing_mm[0]])
    measures.SliceThickness = "9"
    common = {"PlaneOrientationSequence": [orientation], "PixelMeasuresSequence": [measures]}
    groups = []
    for frame in range(data.NumberOfFrames):
        group, place = Dataset(), Dataset()
        # A frame of another stack lies where a slice of this one does.
        k = order.index(frame) if frame in order else 0
        place.ImagePositionPatient = _ds(affine[:3, 3] + k * affine[:3, 2])
        group.PlanePositionSequence = [place]
        _set(group, {} if shared else common)
        groups.append(group)
    data.PerFrameFunctionalGroupsSequence = groups
    data.SharedFunctionalGroupsSequence = [Dataset()]
    _set(data.SharedFunctionalGroupsSequence[0], common if shared else {})
    _save(data, path, {})
    return Source(path=path, format="DICOM", series_uid=SERIES, files=(path,), frames=tuple(order))


def picture(path: Path, grid: Grid) -> Source:
    """Write a secondary capture without a place in the body; index (row, column)."""
    data = _file(SecondaryCaptureImageStorage, *grid.shape)
    data.ConversionType = "WSD"
    _save(data, path, {"FrameOfReferenceUID": None})
    return Source(path=path, format="DICOM", series_uid=SERIES, files=(path,), spacing_known=False)


def label_map(grid: Grid, source: Source, *numbers: int, seed: int = 3) -> LabelMap:
    """Return a map without any symmetry that leaves the first slice empty, if it has others."""
    values = np.array([0, 0, *numbers], np.uint8)
    array = values[np.random.default_rng(seed).integers(0, len(values), grid.shape)]
    if grid.ndim == 3 and grid.shape[2] > 1:
        array[..., 0] = 0
    segments = [Segment(number=n, name=f"object {n}", colour=(n, 200, 40)) for n in numbers]
    return LabelMap(array=array, grid=grid, segments=tuple(segments), source=source)


def change(path: Path, **fields: Any) -> None:
    """Change fields of a DICOM file in place; None deletes one."""
    _save(pydicom.dcmread(path), path, fields)


def _file(storage: UID, rows: int, columns: int) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = storage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID = meta.MediaStorageSOPClassUID
    data.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    data.SpecificCharacterSet = "ISO_IR 100"
    data.StudyInstanceUID, data.SeriesInstanceUID, data.FrameOfReferenceUID = STUDY, SERIES, FRAME
    data.PatientName, data.PatientID = "Wíèsel^Jörg", "P-77"
    data.PatientBirthDate, data.PatientSex = "19600131", "M"
    data.StudyDate, data.StudyTime, data.StudyID = "20250102", "030405", "S1"
    data.AccessionNumber, data.ReferringPhysicianName = "A1", ""
    data.PositionReferenceIndicator, data.Modality, data.SeriesNumber = "", "CT", 4
    data.Rows, data.Columns, data.SamplesPerPixel = rows, columns, 1
    data.PhotometricInterpretation = "MONOCHROME2"
    data.BitsAllocated = data.BitsStored = 16
    data.HighBit, data.PixelRepresentation = 15, 0
    data.PixelData = b"\0\0" * (rows * columns)
    return data


def _directions(affine: np.ndarray) -> np.ndarray:
    directions = affine[:3, :2] / np.linalg.norm(affine[:3, :2], axis=0)
    return np.asarray(directions.T.ravel())


def _ds(numbers: Any) -> list[str]:
    # Twelve digits: pydicom makes seventeen characters of some numbers with more.
    return [format_number_as_ds(float(f"{float(number):.10g}")) for number in numbers]


def _set(data: Dataset, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        if value is None:
            del data[name]
        else:
            setattr(data, name, value)


def _save(data: Dataset, path: Path, fields: dict[str, Any]) -> None:
    _set(data, fields)
    data.save_as(path, enforce_file_format=True)
