"""MetaImage (.mha, .mhd) in, masks out as one file.

The header is a few lines of text, read here rather than by ITK: ITK prints to the
terminal when a file is cut short. The tests hold every reading against SimpleITK.
"""

import math
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vesal.arrays import AffineMatrix, Numbers
from vesal.errors import GeometryError, ImageError
from vesal.geometry.frames import lps_to_ras, ras_to_lps, transposed
from vesal.geometry.grid import Grid
from vesal.images.payload import Packing, Payload, as_written, beside, decoded
from vesal.images.source import Decoded, Source

_HEADER_LIMIT = 1 << 16  # bytes in which the header must end
_TYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_LONG": "i4",  # 4 bytes in MetaIO, whatever the machine
    "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
_SHEAR_LIMIT = 1e-4  # largest cosine between two axes that still counts as a right angle

_Fields = Mapping[str, str]


def looks_like_metaimage(head: bytes) -> bool:
    """Tell from a file's first bytes whether it is a MetaImage header."""
    lines = head[:2000].split(b"\n")
    keys = {line.split(b"=")[0].strip() for line in lines if b"=" in line}
    return b"NDims" in keys and bool(keys & {b"ObjectType", b"DimSize"})


def read_metaimage(path: Path) -> Decoded:
    """Return the image of an .mha file, or of an .mhd header with its data file beside it.

    A volume is (i, j, k) with RAS+ mm; a 2D image becomes a raster (row, column).

    Raises:
        ImageError: if the file is cut short, has vectors or more than three axes.
        GeometryError: if its grid cannot be used.
    """
    fields, start = _fields(path)
    shape = _shape(fields, path)
    affine = _affine(fields, len(shape), path)
    spacing_known = "ElementSpacing" in fields or "ElementSize" in fields
    source = Source(path=path, format="MetaImage", spacing_known=spacing_known)
    return decoded(_payload(fields, shape, path, start), affine, source)


def write_metaimage(path: Path, array: Numbers, grid: Grid, _source: Source) -> None:
    """Write a mask as zlib-packed MET_UCHAR 0 and 1, or numbers; header and voxels in one file.

    An .mhd written here has its voxels inside too (ElementDataFile = LOCAL), so header
    and data cannot part.

    Raises:
        ImageError: if the grid is sheared, which ITK's direction cosines cannot say.
    """
    if grid.ndim == 2:
        array, affine = array.T, transposed(grid.affine)
    else:
        affine = ras_to_lps(grid.affine)
    spacing = np.linalg.norm(affine[:-1, :-1], axis=0)
    directions = affine[:-1, :-1] / spacing
    if np.abs(directions.T @ directions - np.eye(grid.ndim)).max() > _SHEAR_LIMIT:
        msg = "MHA and MHD cannot hold a sheared grid; save the mask as .nii.gz or .nrrd"
        raise ImageError(msg)
    voxels = as_written(array)
    packed = zlib.compress(voxels.tobytes(order="F"))
    lines = {
        "ObjectType": "Image",
        "NDims": str(grid.ndim),
        "BinaryData": "True",
        "BinaryDataByteOrderMSB": "False",
        "CompressedData": "True",
        "CompressedDataSize": str(len(packed)),
        "TransformMatrix": _text(directions.T.ravel()),  # one axis after the other
        "Offset": _text(affine[:-1, -1]),
        "CenterOfRotation": _text(np.zeros(grid.ndim)),
        "ElementSpacing": _text(spacing),
        "DimSize": " ".join(str(n) for n in voxels.shape),
        "ElementType": "MET_USHORT" if voxels.itemsize > 1 else "MET_UCHAR",
        "ElementDataFile": "LOCAL",  # must be the last line
    }
    header = "".join(f"{key} = {value}\n" for key, value in lines.items())
    path.write_bytes(header.encode("ascii") + packed)


def _fields(path: Path) -> tuple[_Fields, int]:
    """Return the header's fields and the byte at which local data starts."""
    with path.open("rb") as file:
        head = file.read(_HEADER_LIMIT)
    fields: dict[str, str] = {}
    position = 0
    for line in head.splitlines(keepends=True):
        position += len(line)
        key, equals, value = line.decode("latin-1").partition("=")
        if equals:
            fields[key.strip()] = value.strip()
        if equals and key.strip() == "ElementDataFile":
            return fields, position
    msg = f"{path.name} is a MetaImage file that is cut short before its ElementDataFile line"
    raise ImageError(msg)


def _shape(fields: _Fields, path: Path) -> tuple[int, ...]:
    sizes = _numbers(fields, "DimSize", "", path)
    shape = tuple(int(n) for n in sizes if math.isfinite(n))
    ndim = fields.get("NDims", "")
    channels = fields.get("ElementNumberOfChannels", "1")
    if ndim not in ("2", "3") or len(shape) != int(ndim) or channels != "1":
        msg = (
            f"{path.name} must hold one number a voxel on 2 or 3 axes, got {ndim} axes, "
            f"size {shape} and {channels} channels: split it first"
        )
        raise ImageError(msg)
    return shape


def _affine(fields: _Fields, ndim: int, path: Path) -> AffineMatrix:
    """Return index -> world mm: RAS+ in 3D, where files have LPS; (x, y) in 2D; columns first."""
    identity = _text(np.eye(ndim).ravel())
    spacing = _numbers(
        fields, "ElementSpacing", fields.get("ElementSize", _text(np.ones(ndim))), path
    )
    directions = _numbers(fields, _first(fields, "TransformMatrix", "Orientation"), identity, path)
    offset = _numbers(fields, _first(fields, "Offset", "Position", "Origin"), "0 " * ndim, path)
    if (len(spacing), len(directions), len(offset)) != (ndim, ndim * ndim, ndim):
        msg = (
            f"a {ndim}D grid needs {ndim} spacings, {ndim * ndim} direction cosines and "
            f"{ndim} offsets, got {len(spacing)}, {len(directions)} and {len(offset)}"
        )
        raise GeometryError(msg)
    affine = np.eye(ndim + 1)
    affine[:-1, :-1] = np.reshape(directions, (ndim, ndim)).T * spacing
    affine[:-1, -1] = offset
    return lps_to_ras(affine) if ndim == 3 else affine


def _payload(fields: _Fields, shape: tuple[int, ...], path: Path, start: int) -> Payload:
    code = _TYPES.get(fields.get("ElementType", ""))
    if code is None:
        msg = f"{path.name} must hold integers or floats, got {fields.get('ElementType')!r}"
        raise ImageError(msg)
    big = _true(fields, _first(fields, "BinaryDataByteOrderMSB", "ElementByteOrderMSB"))
    payload = Payload(
        path=path,
        shape=shape,
        dtype=np.dtype((">" if big else "<") + code),
        packing=_packing(fields),
        start=start,
    )
    name = fields["ElementDataFile"]
    if name == "LOCAL":
        return payload
    data = beside(path, name)
    skip = int(_numbers(fields, "HeaderSize", "0", path)[0])
    if skip == -1:  # the voxels are the last bytes of the file
        skip = max(data.stat().st_size - payload.size_bytes, 0)
    return replace(payload, path=data, start=skip)


def _packing(fields: _Fields) -> Packing:
    if _true(fields, "CompressedData"):
        return Packing.ZLIB
    return Packing.RAW if _true(fields, "BinaryData", default="True") else Packing.TEXT


def _numbers(fields: _Fields, key: str, default: str, path: Path) -> list[float]:
    text = fields.get(key, default)
    try:
        return [float(word) for word in text.split()]
    except ValueError as error:
        msg = f"{path.name} needs numbers behind {key}, got {text[:80]!r}"
        raise ImageError(msg) from error


def _first(fields: _Fields, *keys: str) -> str:
    """Return the first of several names for the same field that the header uses."""
    return next((key for key in keys if key in fields), keys[0])


def _true(fields: _Fields, key: str, *, default: str = "False") -> bool:
    return fields.get(key, default).lower() in ("true", "1")


def _text(numbers: NDArray[np.float64]) -> str:
    return " ".join(repr(float(number)) for number in numbers)
