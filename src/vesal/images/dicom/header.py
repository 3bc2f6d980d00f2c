"""The header of one DICOM file, to the slices in it or the reason why it is no image."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from pydicom import Dataset
from pydicom.uid import UID

from vesal.errors import ImageError
from vesal.images.dicom.file import read_dataset
from vesal.images.dicom.frames import COLOUR_FLAW, FRAME_TAGS, film_flaw, frames_of
from vesal.images.dicom.plane import Plane, Scan
from vesal.images.dicom.quiet import DAMAGED
from vesal.images.dicom.values import across, number, numbers, text

_TAGS = [
    "SeriesInstanceUID",
    "SeriesNumber",
    "SeriesDescription",
    "Modality",
    "PatientID",
    "FrameOfReferenceUID",
    "ImageType",
    "Rows",
    "Columns",
    "NumberOfFrames",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PixelRepresentation",
    "PixelPaddingValue",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "ImagerPixelSpacing",
    "SpacingBetweenSlices",
    "SliceThickness",
    "GantryDetectorTilt",
    "RescaleSlope",
    "RescaleIntercept",
    *FRAME_TAGS,
]
DIRECTORY = "1.2.840.10008.1.3.10"
"""SOP class of a DICOMDIR, Media Storage Directory Storage."""

_MARKS = {
    "EchoTime": "echo time",
    "EchoNumbers": "echo",
    "DiffusionBValue": "b-value",
    "DiffusionGradientOrientation": "gradient",
    "TemporalPositionIdentifier": "time point",
    "TemporalPositionIndex": "time index",
    "InversionTime": "inversion time",
    "AcquisitionNumber": "acquisition",
    "NominalPercentageOfCardiacPhase": "cardiac phase",
    "ImageType": "image type",
    "ConvolutionKernel": "kernel",
    "StackID": "stack",
    "TriggerTime": "trigger time",
    "AcquisitionTime": "acquisition time",
    "ContentTime": "content time",
}
_NO_IMAGES = {
    "SR": "a report (SR)",
    "PR": "a presentation state (PR)",
    "KO": "a list of key images (KO)",
    "SEG": "a segmentation (SEG)",
    "RTSTRUCT": "outlines (RTSTRUCT)",
    "RTDOSE": "a dose (RTDOSE)",
    "RTPLAN": "a treatment plan (RTPLAN)",
    "REG": "a registration (REG)",
}
_MOST_PIXELS_PER_BYTE = 8256  # as in raster files; JPEG 2000 of one value packs 2600 to 1


def looks_like_dicom(head: bytes) -> bool:
    """Tell from a file's first 132 bytes whether it is DICOM."""
    return head[128:132] == b"DICM"


def read_header(path: Path) -> list[Plane] | str:
    """Return the slices of a DICOM file, or what it is if it is no image.

    Raises:
        ImageError: if the header is damaged or speaks of more pixels than the file can hold.
    """
    try:
        header = read_dataset(path, tags=[*_TAGS, *_MARKS], pixels=False)
        reason = _no_image(header)
        if reason:
            return reason
        frames = int(header.get("NumberOfFrames") or 1)
        rows, columns = int(header.Rows), int(header.Columns)
        if frames * rows * columns > path.stat().st_size * _MOST_PIXELS_PER_BYTE:
            msg = (
                f"{path.name} must hold as many pixels as its size allows, got {frames} frames "
                f"of {columns}x{rows}"
            )
            raise ImageError(msg)
        return _planes(header, path, frames)
    except ImageError:
        raise
    except DAMAGED as error:
        msg = f"{path.name} is a DICOM file that is cut short or damaged in its header"
        raise ImageError(msg) from error


def _no_image(header: Dataset) -> str:
    """What a file is that holds no image; empty for an image."""
    storage = UID(str(header.file_meta.get("MediaStorageSOPClassUID") or ""))
    if storage == DIRECTORY:
        return "a directory (DICOMDIR)"
    modality = text(header, "Modality")
    if modality in _NO_IMAGES:
        return _NO_IMAGES[modality]
    if header.get("Rows") and header.get("Columns"):
        return ""
    if "Image Storage" in storage.name:
        raise EOFError  # an image that ends before its rows: pydicom says nothing
    return f"an object without pixels ({modality or 'no modality'})"


def _planes(header: Dataset, path: Path, frames: int) -> list[Plane]:
    one = _plane(header, path, _scan(header))
    if "PerFrameFunctionalGroupsSequence" in header:
        return frames_of(header, one, frames)
    return [one]


def _plane(header: Dataset, path: Path, scan: Scan) -> Plane:
    across_mm, across_name = across(header)
    position = numbers(header, "ImagePositionPatient")
    frames = int(header.get("NumberOfFrames") or 1)
    flaw = ""
    if frames > 1:
        flaw = film_flaw(frames)
    elif scan.is_colour and position:
        flaw = COLOUR_FLAW
    return Plane(
        path=path,
        frame=None,
        scan=scan,
        columns=int(header.Columns),
        rows=int(header.Rows),
        position=position,
        directions=numbers(header, "ImageOrientationPatient"),
        spacing=numbers(header, "PixelSpacing") or numbers(header, "ImagerPixelSpacing"),
        across_mm=across_mm,
        across_name=across_name,
        slope=number(header, "RescaleSlope", 1.0),
        intercept=number(header, "RescaleIntercept", 0.0),
        marks={name: text(header, tag) for tag, name in _MARKS.items() if text(header, tag)},
        flaw=flaw,
    )


def _scan(header: Dataset) -> Scan:
    photometric = text(header, "PhotometricInterpretation")
    # Raw: pydicom would put an odd identity into the log when it judges it.
    patient = bytes(header.get_item("PatientID").value or b"") if "PatientID" in header else b""
    padding = header.get("PixelPaddingValue")
    return Scan(
        uid=text(header, "SeriesInstanceUID"),
        number=int(number(header, "SeriesNumber", 0.0)),
        description=text(header, "SeriesDescription"),
        modality=text(header, "Modality"),
        patient=hash(patient.strip(b" \0")),
        frame_of_reference=text(header, "FrameOfReferenceUID"),
        is_localizer="LOCALIZER" in _words(header.get("ImageType")),
        is_colour=int(header.get("SamplesPerPixel") or 1) > 1 or photometric == "PALETTE COLOR",
        is_inverted=photometric == "MONOCHROME1",
        tilt_degrees=number(header, "GantryDetectorTilt", 0.0),
        padding=None if padding is None else int(np.atleast_1d(padding)[0]),
    )


def _words(value: str | Iterable[str] | None) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())
