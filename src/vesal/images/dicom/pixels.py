# SimpleITK does not annotate all of its functions:
# mypy: disable-error-code="no-untyped-call"
"""The pixels of slices and pictures, each with its own rescale.

Values are decoded as they are stored and rescaled here: ITK applies the rescale of the first frame
to all, ignores lookup tables, and turns MONOCHROME1 round before it. pydicom reads what is not
compressed and RLE; GDCM, which is in SimpleITK, decodes JPEG, JPEG-LS and JPEG 2000, from a small
copy that holds the frames wanted and no rescale. What GDCM does not know, pydicom's plugins may.
"""

import tempfile
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_modality_lut
from pydicom.pixels.utils import iter_pixels
from pydicom.uid import RLELossless

from vesal.arrays import Voxels
from vesal.errors import ImageError, ResourceError
from vesal.images.dicom.file import read_dataset
from vesal.images.dicom.plane import Plane
from vesal.images.dicom.quiet import DAMAGED

_PIXEL_MODULE = (
    "SOPClassUID",
    "SOPInstanceUID",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
)
_TAGS = [
    *_PIXEL_MODULE,
    "NumberOfFrames",
    "PlanarConfiguration",
    "PixelData",
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
    "ModalityLUTSequence",
]
# High-throughput JPEG 2000 and JPEG XL, which GDCM 3.0 does not decode.
_NOT_GDCM = ("1.2.840.10008.1.2.4.11", "1.2.840.10008.1.2.4.20")
# Where values are a measure, dark and bright are a matter of display only.
_MEASURES = ("CT", "MR", "PT", "NM")


def volume_of(planes: Sequence[Plane]) -> Voxels:
    """Return the slices as (column, row, slice), column fastest in memory, rescale applied.

    Integers stay integers, as narrow as they fit, from 16 bits on; else float32.

    Raises:
        ImageError: if pixels are damaged, missing, or of a kind that nobody decodes.
        ResourceError: if a decoder is needed that is not installed.
    """
    first = planes[0]
    volume: NDArray[np.generic] = np.empty((len(planes), first.rows, first.columns), np.uint8)
    number = 0
    for _, group in groupby(planes, key=lambda plane: plane.path):
        for values in _rescaled(list(group)):
            # Each slice has its own rescale, so a later one may need a wider type.
            kind = values.dtype if number == 0 else np.result_type(volume, values)
            volume = volume.astype(kind, copy=False)
            volume[number] = values
            number += 1
    return volume.T


def values_of(plane: Plane) -> Voxels:
    """Return one slice as (row, column), rescale applied; errors as of `volume_of`."""
    return next(_rescaled([plane]))


def picture_of(plane: Plane) -> Voxels:
    """Return a picture as (row, column), or (row, column, 3) of red, green and blue.

    Raises:
        ImageError: if pixels are damaged, missing, or of a kind that nobody decodes.
        ResourceError: if a decoder is needed that is not installed.
    """
    if not plane.scan.is_colour:
        return values_of(plane)
    try:
        data = read_dataset(plane.path, tags=_TAGS)
        if "PixelData" not in data or _is_short(data):
            raise EOFError  # before GDCM, which makes room for it, or decodes half
        # GDCM knows palettes and all colour spaces.
        values = _read_by_gdcm(plane.path)
    except DAMAGED as error:
        raise _damaged(plane.path) from error
    return values[0] if values.shape[0] == 1 else values


def _is_short(data: Dataset) -> bool:
    """Whether pixels that are not packed are fewer than the header claims."""
    if data.file_meta.TransferSyntaxUID.is_encapsulated:
        return False
    count = int(data.Rows) * int(data.Columns) * int(data.get("NumberOfFrames") or 1)
    samples = int(data.get("SamplesPerPixel") or 1)
    bits = count * samples * int(data.BitsAllocated)
    if samples == 3 and data.PhotometricInterpretation == "YBR_FULL_422":
        bits = bits * 2 // 3  # two pixels share their colours
    return 8 * len(data.PixelData) < bits


def is_turned_round(plane: Plane) -> bool:
    """True for a radiograph stored with dark for dense, which is read with bright for dense."""
    return plane.scan.is_inverted and plane.scan.modality not in _MEASURES


def _damaged(path: Path) -> ImageError:
    msg = f"{path.name} is a DICOM file whose pixels are cut short, damaged or unsupported"
    return ImageError(msg)


def _rescaled(planes: Sequence[Plane]) -> Iterator[Voxels]:
    """The slices of one file, (row, column) each."""
    path = planes[0].path
    try:
        data = read_dataset(path, tags=_TAGS)
        stored = _stored(data, [plane.frame or 0 for plane in planes])
        for plane, values in zip(planes, stored, strict=True):
            if values.shape != (plane.rows, plane.columns):
                raise _damaged(path)
            yield _measured(
                _turned(values, data) if is_turned_round(plane) else values, data, plane
            )
    except ImageError:
        raise
    except DAMAGED as error:
        raise _damaged(path) from error


def _stored(data: Dataset, frames: Sequence[int]) -> Iterator[Voxels]:
    """Stored values of these frames."""
    if "PixelData" not in data:
        raise EOFError  # pydicom leaves the element out where the file ends in it
    syntax = data.file_meta.TransferSyntaxUID
    if not syntax.is_encapsulated or syntax == RLELossless:
        indices = frames if int(data.get("NumberOfFrames") or 1) > 1 else None
        # Not corrected: pydicom takes the lowest bits, wherever the header says they are.
        # Its own decoder of RLE: pylibjpeg's panics on damage, which is no Exception.
        plugin = "pydicom" if syntax == RLELossless else ""
        found = iter_pixels(
            data, raw=True, indices=indices, correct_unused_bits=False, decoding_plugin=plugin
        )
        return (_clean(values, data) for values in found)
    if syntax.startswith(_NOT_GDCM):
        decoder = get_decoder(syntax)
        if not decoder.is_available:
            msg = f"{syntax.name} needs a decoder that is not installed: pip install 'vesal[dicom]'"
            raise ResourceError(msg)
        return (_clean(decoder.as_array(data, index=n, raw=True)[0], data) for n in frames)
    return iter(_by_gdcm(data, frames))


def _clean(values: Voxels, data: Dataset) -> Voxels:
    """In this machine's byte order, without the bits that belong to no pixel.

    Overlays lie in those, or copies of the sign.
    """
    values = values.astype(values.dtype.newbyteorder("="), copy=False)
    stored, allocated, high = int(data.BitsStored), int(data.BitsAllocated), int(data.HighBit)
    if stored >= allocated or values.dtype.kind not in "iu":
        return values
    high = high if stored <= high + 1 <= allocated else stored - 1  # often written wrong
    lifted = values << values.dtype.type(allocated - 1 - high)
    return np.asarray(lifted >> values.dtype.type(allocated - stored))


def _by_gdcm(data: Dataset, frames: Sequence[int]) -> Voxels:
    """(frame, row, column), by way of a copy without rescale and without what is not wanted."""
    count = int(data.get("NumberOfFrames") or 1)
    offsets = None
    if "ExtendedOffsetTable" in data:
        offsets = (data.ExtendedOffsetTable, data.ExtendedOffsetTableLengths)
    wanted = set(frames)
    found = {
        number: frame
        for number, frame in enumerate(
            generate_frames(data.PixelData, number_of_frames=count, extended_offsets=offsets)
        )
        if number in wanted
    }
    copy = Dataset()
    copy.file_meta = data.file_meta
    for name in _PIXEL_MODULE:
        copy[name] = data[name]
    copy.PhotometricInterpretation = "MONOCHROME2"
    copy.NumberOfFrames = len(frames)
    copy.PixelData = encapsulate([found[number] for number in frames])
    copy["PixelData"].VR = "OB"
    with tempfile.TemporaryDirectory(prefix="vesal-") as folder:
        path = Path(folder, "frames.dcm")
        copy.save_as(path, enforce_file_format=True)
        return _read_by_gdcm(path)


def _read_by_gdcm(path: Path) -> Voxels:
    """The pixels of a file; loads a large library that nothing else needs."""
    import SimpleITK

    values: Voxels = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))
    return values


def _turned(values: Voxels, data: Dataset) -> Voxels:
    """Dark for bright within the range of the stored bits."""
    if int(data.PixelRepresentation):
        return np.asarray(~values)
    return np.asarray(values.dtype.type(2 ** int(data.BitsStored) - 1) - values)


def _measured(values: Voxels, data: Dataset, plane: Plane) -> Voxels:
    """Stored values to what they stand for."""
    if data.get("ModalityLUTSequence") and plane.frame is None:
        return np.asarray(apply_modality_lut(values, data))
    slope, intercept = plane.slope, plane.intercept
    if not np.isfinite([slope, intercept]).all() or slope == 0:
        msg = (
            f"{plane.path.name} needs a rescale by finite numbers and a slope other than 0, "
            f"got slope {slope} and intercept {intercept}"
        )
        raise ImageError(msg)
    if (slope, intercept) == (1, 0):
        return values
    if slope.is_integer() and intercept.is_integer():
        return _narrow(values.astype(np.int64) * int(slope) + int(intercept))
    return np.asarray(values * slope + intercept).astype(np.float32)


def _narrow(values: NDArray[np.int64]) -> Voxels:
    for kind in (np.int16, np.int32):
        limits = np.iinfo(kind)
        if limits.min <= values.min() and values.max() <= limits.max:
            return values.astype(kind)
    return values
