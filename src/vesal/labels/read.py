"""Label maps from files: whole numbers on a grid, and names and colours where the file has them."""

import os
from pathlib import Path

import numpy as np

from vesal.arrays import LabelArray, Voxels
from vesal.errors import ImageError
from vesal.images import open_image
from vesal.images.nifti import nifti_extensions
from vesal.labels.caret import read_label_table
from vesal.labels.label_map import LabelMap, numbers_in
from vesal.labels.palette import colour_of
from vesal.labels.seg_nrrd import read_segments
from vesal.labels.segment import Segment

_HIGHEST = 65535
_ROUNDING = 1e-3  # a slope in a header is a float32: 7 may come out as 7.0000005
_MOST_HEADER_BYTES = 2**22


def open_labels(path: str | os.PathLike[str]) -> LabelMap:
    """The label map of a NIfTI, NRRD (.seg.nrrd too), MetaImage, PNG or TIFF file.

    Names and colours come from the file where it has them (.seg.nrrd of 3D Slicer, NIfTI with a
    label table); else they are made up from the numbers.

    Raises:
        ImageError: nothing that can be read, or values that are no labels.
        GeometryError: a grid that makes no sense.
        ResourceError: it does not fit into memory.
    """
    path = Path(path)
    known = _named(path) if path.is_file() else ()
    image = open_image(path)
    if image.is_colour:
        msg = f"{image.source.name} is a colour picture; labels need one number a pixel"
        raise ImageError(msg)
    array = label_numbers(image.array, image.source.name)
    named = {segment.number: segment for segment in known}
    made = {number: _made_up(number) for number in numbers_in(array) - set(named)}
    segments = sorted((named | made).values(), key=lambda one: one.number)
    return LabelMap(array=array, grid=image.grid, segments=tuple(segments), source=image.source)


def label_numbers(values: Voxels, name: str) -> LabelArray:
    """Values as numbers of labels, the nearest whole ones where floats are almost whole.

    Args:
        values: none of them NaN or infinite.
        name: of their file, for messages.

    Raises:
        ImageError: one is below 0, above 65535, or more than 0.001 from a whole number.
    """
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    if low <= -_ROUNDING or high >= _HIGHEST + _ROUNDING:
        msg = f"labels must lie between 0 and {_HIGHEST}, {name} has {low:g} to {high:g}"
        raise ImageError(msg)
    dtype = np.uint8 if high < 255.5 else np.uint16
    if values.dtype.kind != "f":
        return values.astype(dtype)
    rounded = np.rint(values)
    off = np.abs(values - rounded) > _ROUNDING
    if off.any():
        fraction = float(values[off][0])
        msg = f"labels must be whole numbers, {name} has {fraction:g}: is it an image?"
        raise ImageError(msg)
    whole: LabelArray = rounded.astype(dtype)
    return whole


def _made_up(number: int) -> Segment:
    return Segment(number=number, name=f"label {number}", colour=colour_of(number))


def _named(path: Path) -> tuple[Segment, ...]:
    """What the header of a file says of its labels; nothing where it cannot be read."""
    name = path.name.lower()
    if name.endswith((".nrrd", ".nhdr")):
        return read_segments(_nrrd_facts(path), path.name)
    if name.endswith((".nii", ".nii.gz")):
        return _of_nifti(path)
    return ()


def _nrrd_facts(path: Path) -> dict[str, str]:
    """Keys and values of an NRRD header beside its fields, in UTF-8 as 3D Slicer writes them.

    pynrrd takes the header for ASCII, and loses letters.
    """
    with path.open("rb") as file:
        head = file.read(_MOST_HEADER_BYTES).partition(b"\n\n")[0]
    lines = head.decode("utf-8", "replace").splitlines()
    pairs = [line.partition(":=") for line in lines]
    return {key.strip(): value.strip() for key, equals, value in pairs if equals}


def _of_nifti(path: Path) -> tuple[Segment, ...]:
    try:
        contents = nifti_extensions(path)
    except (OSError, ImageError):
        return ()
    for content in contents:
        segments = read_label_table(content)
        if segments:
            return segments
    return ()
