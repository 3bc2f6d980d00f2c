"""Enhanced multi-frame objects: the slices that their functional groups describe."""

from dataclasses import replace

from pydicom import Dataset

from vesal.images.dicom.plane import Plane
from vesal.images.dicom.values import across, number, numbers, text

FRAME_TAGS = ["SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"]
"""Elements that `frames_of` reads."""

COLOUR_FLAW = "colours where a slice must hold one grey number a pixel"
"""Why a slice of colours belongs to no volume."""

# Functional group, element in it, name for people; PS3.3 C.7.6.16 and C.8.13 to C.8.15.
_MARKS = (
    ("FrameContentSequence", "StackID", "stack"),
    ("MREchoSequence", "EffectiveEchoTime", "echo time"),
    ("MRDiffusionSequence", "DiffusionBValue", "b-value"),
    ("MRDiffusionSequence", "DiffusionDirectionality", "diffusion"),
    ("FrameContentSequence", "TemporalPositionIndex", "time point"),
    ("FrameContentSequence", "FrameAcquisitionNumber", "acquisition"),
    ("CardiacSynchronizationSequence", "NominalPercentageOfCardiacPhase", "cardiac phase"),
    ("CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime", "trigger delay"),
    ("MRImageFrameTypeSequence", "FrameType", "image type"),
    ("CTImageFrameTypeSequence", "FrameType", "image type"),
    ("PETFrameTypeSequence", "FrameType", "image type"),
    ("FrameContentSequence", "FrameAcquisitionDateTime", "acquisition time"),
)


def frames_of(header: Dataset, whole: Plane, count: int) -> list[Plane]:
    """Return one slice for each frame, or the flawed whole if the frames have no place.

    Args:
        header: with both sequences of functional groups.
        whole: what the file says outside of them.
        count: of the frames.
    """
    per_frame = header.PerFrameFunctionalGroupsSequence
    shared = (header.get("SharedFunctionalGroupsSequence") or [Dataset()])[0]
    if len(per_frame) != count:
        flaw = f"{count} frames, but describes {len(per_frame)}"
        return [replace(whole, flaw=flaw)]
    planes = [_frame(number, group, shared, whole) for number, group in enumerate(per_frame)]
    if not all(plane.is_placed for plane in planes):
        return [replace(whole, flaw=film_flaw(count))]
    return planes


def film_flaw(count: int) -> str:
    """Why an object of several frames is no volume."""
    return (
        f"{count} frames without a place for each, which only enhanced objects have; "
        "give one frame as a file of its own"
    )


def _frame(index: int, group: Dataset, shared: Dataset, whole: Plane) -> Plane:
    measures = _item(group, shared, "PixelMeasuresSequence")
    rescale = _item(group, shared, "PixelValueTransformationSequence")
    across_mm, across_name = across(measures)
    marks = {
        name: found
        for sequence, tag, name in _MARKS
        if (found := text(_item(group, shared, sequence), tag))
    }
    content = _item(group, shared, "FrameContentSequence")
    for axis, value in enumerate(numbers(content, "DimensionIndexValues"), start=1):
        marks[f"dimension {axis}"] = f"{value:g}"
    marks["file"] = whole.path.name
    place = _item(group, shared, "PlanePositionSequence")
    directions = _item(group, shared, "PlaneOrientationSequence")
    return replace(
        whole,
        frame=index,
        position=numbers(place, "ImagePositionPatient"),
        directions=numbers(directions, "ImageOrientationPatient"),
        spacing=numbers(measures, "PixelSpacing"),
        across_mm=across_mm,
        across_name=across_name,
        slope=number(rescale, "RescaleSlope", whole.slope),
        intercept=number(rescale, "RescaleIntercept", whole.intercept),
        marks=marks,
        flaw=COLOUR_FLAW if whole.scan.is_colour else "",
    )


def _item(group: Dataset, shared: Dataset, name: str) -> Dataset:
    """The functional group of a frame, that of all frames, or an empty one."""
    for place in (group, shared):
        if place.get(name):
            item: Dataset = place[name].value[0]
            return item
    return Dataset()
