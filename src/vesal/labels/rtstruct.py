"""Label maps as DICOM RTSTRUCT: the outlines of each object on each slice.

A file of implicit value representation: with an explicit one a decimal string ends after 65,534
characters, which a long outline exceeds.
"""

import math
from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ImplicitVRLittleEndian, RTStructureSetStorage, generate_uid
from pydicom.valuerep import format_number_as_ds
from scipy.ndimage import find_objects

from vesal.arrays import AffineMatrix, LabelArray, PagePoints
from vesal.errors import ImageError
from vesal.images.dicom.quiet import quiet
from vesal.labels.contours import outlines
from vesal.labels.dicom_source import MAY_BE_EMPTY, DicomSource, check_writable, read_source
from vesal.labels.labelled import Labelled
from vesal.labels.segment import Segment
from vesal.labels.terms import Term, Terms, read_terms

_SERIES_NUMBER = 901  # beside the 900 of SEG
_STUDY_CLASS = "1.2.840.10008.3.1.2.3.1"  # Detached Study Management, as PS3.3 C.8.8.5 has it
_REPEATED = (*MAY_BE_EMPTY, "StudyInstanceUID", "FrameOfReferenceUID")
_NEOPLASM = "108369006"


def write_rtstruct(
    path: Path,
    labels: Labelled,
    *,
    description: str = "",
    terms: Terms | None = None,
    allow_empty: bool = False,
    now: datetime | None = None,
) -> None:
    """Write the outlines of all objects on the slices the image was read from.

    Polygons are closed; holes are joined to the outside by a cut of no width (`contours`). ROI
    numbers are those of the label map. An object without a voxel has no outline.

    Args:
        path: written as it is; an existing file is replaced.
        labels: on the grid of an image that was read from DICOM.
        description: of the series, 64 characters at most.
        terms: names and their codes; vesal's own table if not given.
        allow_empty: write a map without any voxel too.
        now: when the objects were drawn; the present if not given.

    Raises:
        ConfigError: if the description is too long.
        ImageError: if the map is empty, or the image not from DICOM, without a place in the
            body, moved or changed.
    """
    check_writable(labels, description, allow_empty=allow_empty)
    source = read_source(labels)
    if not source.planes:
        msg = (
            f"RTSTRUCT needs slices with a place in the body, got the picture {labels.source.name}"
        )
        raise ImageError(msg)
    slices = source.labels(labels)
    parts = dict(enumerate(find_objects(slices), start=1))
    terms = terms or read_terms()
    with quiet():
        file = _empty(source, description or "vesal outlines", now or datetime.now().astimezone())
        file.StructureSetROISequence = [_roi(one, source) for one in labels.segments]
        file.ROIContourSequence = [
            _contours(one, slices, parts.get(one.number), source) for one in labels.segments
        ]
        file.RTROIObservationsSequence = [
            _observation(number, one, terms.find(one.name))
            for number, one in enumerate(labels.segments, start=1)
        ]
        file.save_as(path, enforce_file_format=True)


def _empty(source: DicomSource, description: str, now: datetime) -> FileDataset:
    """Everything but the objects."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ImplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = RTStructureSetStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    file = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    file.SpecificCharacterSet = "ISO_IR 192"  # UTF-8: a name may be in any script
    file.SOPClassUID = RTStructureSetStorage
    file.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    for name in _REPEATED:
        setattr(file, name, source.datasets[0][name].value)
    file.Modality = "RTSTRUCT"
    file.SeriesInstanceUID = generate_uid()
    file.SeriesNumber = _SERIES_NUMBER
    file.SeriesDescription = description
    file.OperatorsName = ""
    file.Manufacturer = file.ManufacturerModelName = file.StructureSetLabel = "vesal"
    file.SoftwareVersions = version("vesal")
    file.InstanceNumber = 1
    file.InstanceCreationDate = file.StructureSetDate = now.strftime("%Y%m%d")
    file.InstanceCreationTime = file.StructureSetTime = now.strftime("%H%M%S")
    file.ReferencedFrameOfReferenceSequence = [_reference(source)]
    return file


def _reference(source: DicomSource) -> Dataset:
    """Frame of reference, study, series and each slice."""
    first = source.datasets[0]
    series = Dataset()
    series.SeriesInstanceUID = first.SeriesInstanceUID
    series.ContourImageSequence = [_image(source, number) for number in range(len(source.planes))]
    study = Dataset()
    study.ReferencedSOPClassUID = _STUDY_CLASS
    study.ReferencedSOPInstanceUID = first.StudyInstanceUID
    study.RTReferencedSeriesSequence = [series]
    frame = Dataset()
    frame.FrameOfReferenceUID = first.FrameOfReferenceUID
    frame.RTReferencedStudySequence = [study]
    return frame


def _image(source: DicomSource, number: int) -> Dataset:
    """The slice of this number, as a reference names it."""
    dataset = source.datasets[0 if source.frames else number]
    image = Dataset()
    image.ReferencedSOPClassUID = dataset.SOPClassUID
    image.ReferencedSOPInstanceUID = dataset.SOPInstanceUID
    if source.frames:
        image.ReferencedFrameNumber = source.frames[number] + 1
    return image


def _roi(segment: Segment, source: DicomSource) -> Dataset:
    roi = Dataset()
    roi.ROINumber = segment.number
    roi.ReferencedFrameOfReferenceUID = source.datasets[0].FrameOfReferenceUID
    roi.ROIName = segment.name.replace("\\", "/")  # a backslash would part it into two
    roi.ROIGenerationAlgorithm = "SEMIAUTOMATIC"
    return roi


def _contours(
    segment: Segment, slices: LabelArray, part: tuple[slice, ...] | None, source: DicomSource
) -> Dataset:
    """Colour and outlines of one object, which lies in a part of the slices."""
    roi = Dataset()
    roi.ReferencedROINumber = segment.number
    roi.ROIDisplayColor = list(segment.colour)
    if part is None:
        return roi
    corner = (part[1].start, part[2].start)
    polygons = [
        (number, polygon + corner)
        for number, plane in enumerate(slices[part], start=part[0].start)
        for polygon in outlines(plane == segment.number)
    ]
    roi.ContourSequence = [
        _contour(order, polygon, source, number)
        for order, (number, polygon) in enumerate(polygons, start=1)
    ]
    return roi


def _contour(order: int, polygon: PagePoints, source: DicomSource, number: int) -> Dataset:
    contour = Dataset()
    contour.ContourNumber = order
    contour.ContourImageSequence = [_image(source, number)]
    contour.ContourGeometricType = "CLOSED_PLANAR"
    contour.NumberOfContourPoints = len(polygon)
    contour.ContourData = list(_decimals(polygon, source.planes[number]))
    return contour


def _decimals(polygon: PagePoints, plane: AffineMatrix) -> Iterator[str]:
    """x, y and z of each point in LPS mm, to a hundredth of a pixel or better."""
    spacing = np.linalg.norm(plane[:3, :2], axis=0).min()
    places = 2 - min(0, math.floor(math.log10(spacing)))
    points = plane[:3, [1, 0]] @ polygon.T + plane[:3, 3:]
    for number in points.T.ravel().round(places).tolist():
        yield format_number_as_ds(number)


def _observation(number: int, segment: Segment, term: Term) -> Dataset:
    observation = Dataset()
    observation.ObservationNumber = number
    observation.ReferencedROINumber = segment.number
    observation.RTROIInterpretedType = _interpreted(term)
    observation.ROIInterpreter = ""
    code = Dataset()
    code.CodeValue = term.kind.value
    code.CodingSchemeDesignator = term.kind.scheme
    code.CodeMeaning = term.kind.meaning
    observation.RTROIIdentificationCodeSequence = [code]
    return observation


def _interpreted(term: Term) -> str:
    if term.kind.value == _NEOPLASM:
        return "GTV"  # gross tumour volume
    return "ORGAN" if term.category.meaning == "Anatomical Structure" else ""
