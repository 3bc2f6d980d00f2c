"""Label maps as DICOM SEG, by highdicom.

What is written by default every viewer reads: one bit a voxel and object, empty slices left out.
A reader must place frames by their positions; it may get them in the opposite order.
"""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from vesal.arrays import LabelArray
from vesal.errors import ConfigError, ImageError
from vesal.extras import needing
from vesal.images.dicom.quiet import quiet
from vesal.labels.dicom_source import DicomSource, check_writable, read_source
from vesal.labels.labelled import Labelled
from vesal.labels.segment import Segment
from vesal.labels.terms import Code, Terms, read_terms

if TYPE_CHECKING:
    from highdicom import AlgorithmIdentificationSequence
    from highdicom.seg import Segmentation, SegmentDescription
    from highdicom.sr import CodedConcept

KINDS = ("BINARY", "LABELMAP")
"""What a SEG may be; the first is what viewers know."""

_SERIES_NUMBER = 900  # far above those that a scanner counts
_FEWEST_PIXELS = 8  # highdicom 0.28 gives each smaller slice a byte of its own, against PS3.5 8.1.1
_FAMILY = Code(value="123110", scheme="DCM", meaning="Artificial Intelligence")


def write_seg(
    path: Path,
    labels: Labelled,
    *,
    kind: str = "BINARY",
    description: str = "",
    model: str = "",
    terms: Terms | None = None,
    allow_empty: bool = False,
) -> None:
    """Write all objects as one SEG that refers to the series the image was read from.

    Segments are counted from 1 in the order of `labels.segments`; each TrackingID begins with
    the number in the label map. An object without a voxel is described all the same.

    Args:
        path: written as it is; an existing file is replaced.
        labels: on the grid of an image that was read from DICOM.
        kind: BINARY, or LABELMAP, which few viewers know; it is smaller where more than eight
            objects share a slice.
        description: of the series, 64 characters at most.
        model: name of the model that drew the objects.
        terms: names and their codes; vesal's own table if not given.
        allow_empty: write a map without any voxel too, with all its slices.

    Raises:
        ConfigError: if the kind is unknown or a text too long.
        ImageError: if the map is empty, or the image not from DICOM, moved or changed, or of
            fewer than 8 pixels a slice.
        ResourceError: if highdicom is not installed.
    """
    check_writable(labels, description, allow_empty=allow_empty)
    if kind not in KINDS:
        msg = f"a SEG must be of the kind {' or '.join(KINDS)}, got {kind!r}"
        raise ConfigError(msg)
    source = read_source(labels)
    slices = _renumbered(source.labels(labels), labels)
    if slices[0].size < _FEWEST_PIXELS:
        rows, columns = slices[0].shape
        msg = f"a SEG needs slices of at least {_FEWEST_PIXELS} pixels, got {columns}x{rows}"
        raise ImageError(msg)
    with quiet():
        described = _described(labels.segments, model, terms or read_terms())
        seg = _built(source, slices, kind, described, description)
        _finish(seg, source)
        seg.save_as(path)


def _renumbered(slices: LabelArray, labels: Labelled) -> LabelArray:
    """The same objects counted from 1 without gaps, as a SEG must have them."""
    table = np.zeros(65536, np.uint8 if len(labels.segments) < 256 else np.uint16)
    for number, segment in enumerate(labels.segments, start=1):
        table[segment.number] = number
    result: LabelArray = np.empty_like(slices, table.dtype)
    for place, plane in zip(result, slices, strict=True):
        place[:] = table[plane]
    return result


def _described(segments: Sequence[Segment], model: str, terms: Terms) -> "list[SegmentDescription]":
    with needing("dicom", "writing DICOM SEG"):
        import highdicom
    algorithm = highdicom.AlgorithmIdentificationSequence(
        name=f"vesal {model}".strip()[:64],
        family=_coded(_FAMILY),
        version=version("vesal"),
        source="vesal",
    )
    return [
        _description(number, segment, terms, algorithm)
        for number, segment in enumerate(segments, start=1)
    ]


def _description(
    number: int, segment: Segment, terms: Terms, algorithm: "AlgorithmIdentificationSequence"
) -> "SegmentDescription":
    from highdicom.color import CIELabColor
    from highdicom.seg import SegmentDescription

    term = terms.find(segment.name)
    item = SegmentDescription(
        segment_number=number,
        # A backslash would part one DICOM text into two.
        segment_label=segment.name.replace("\\", "/"),
        segmented_property_category=_coded(term.category),
        segmented_property_type=_coded(term.kind),
        algorithm_type="SEMIAUTOMATIC",
        algorithm_identification=algorithm,
        tracking_uid=generate_uid(),
        tracking_id=f"{segment.number} {segment.name}",
        anatomic_regions=[_coded(term.region)] if term.region else None,
        display_color=CIELabColor.from_rgb(*segment.colour),
    )
    if term.side is not None:
        side = [_coded(term.side)]
        if term.region is None:
            item.SegmentedPropertyTypeCodeSequence[
                0
            ].SegmentedPropertyTypeModifierCodeSequence = side
        else:
            item.AnatomicRegionSequence[0].AnatomicRegionModifierSequence = side
    return item


def _coded(code: Code) -> "CodedConcept":
    from highdicom.sr import CodedConcept

    return CodedConcept(code.value, code.scheme, code.meaning)


def _built(
    source: DicomSource,
    slices: LabelArray,
    kind: str,
    described: "Sequence[SegmentDescription]",
    description: str,
) -> "Segmentation":
    from highdicom.seg import Segmentation

    try:
        return Segmentation(
            source_images=source.datasets,
            pixel_array=slices,
            segmentation_type=kind,
            segment_descriptions=described,
            series_instance_uid=generate_uid(),
            series_number=_SERIES_NUMBER,
            sop_instance_uid=generate_uid(),
            instance_number=1,
            manufacturer="vesal",
            manufacturer_model_name="vesal",
            software_versions=version("vesal"),
            device_serial_number="0",
            series_description=description or "vesal segmentation",
            content_label="SEGMENTATION",
            omit_empty_frames=bool(slices.any()),
            # Not compressed: dcm2niix 1.0.2026 turns the slices of compressed label maps round.
            transfer_syntax_uid=ExplicitVRLittleEndian,
            specific_character_set="ISO_IR 192",  # UTF-8: a name may be in any script
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        # Its own text might hold a value of the patient's.
        msg = (
            "a SEG needs an image whose header says what it is and where it lies, and highdicom "
            f"refuses the one of series {source.datasets[0].SeriesInstanceUID}"
        )
        raise ImageError(msg) from error


def _finish(seg: "Segmentation", source: DicomSource) -> None:
    """Name the frames as the file counts them, and say that a picture's directions are unknown."""
    if not source.planes:
        seg.PatientOrientation = source.datasets[0].get("PatientOrientation", "")
    images = {  # all segments of a slice share one item
        id(image): image
        for group in (seg.PerFrameFunctionalGroupsSequence if source.frames else ())
        for derivation in group.get("DerivationImageSequence", ())
        for image in derivation.SourceImageSequence
    }
    for image in images.values():
        image.ReferencedFrameNumber = source.frames[int(image.ReferencedFrameNumber) - 1] + 1
