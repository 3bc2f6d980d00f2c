"""NRRD in (attached or detached), masks out with full space directions.

pynrrd reads the text header; directions may be sheared or left-handed.
"""

import gzip
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nrrd
import numpy as np
from numpy.typing import NDArray

from vesal.arrays import AffineMatrix, Numbers
from vesal.errors import GeometryError, ImageError
from vesal.geometry.frames import transposed
from vesal.geometry.grid import Grid
from vesal.images.payload import Packing, Payload, as_written, beside, decoded
from vesal.images.source import Decoded, Source

# Signs that turn x, y, z of a space into RAS+.
_SIGNS = {
    "right-anterior-superior": (1.0, 1.0, 1.0),
    "ras": (1.0, 1.0, 1.0),
    "left-anterior-superior": (-1.0, 1.0, 1.0),
    "las": (-1.0, 1.0, 1.0),
    "left-posterior-superior": (-1.0, -1.0, 1.0),
    "lps": (-1.0, -1.0, 1.0),
}
_LPS = "left-posterior-superior"  # what ITK takes a space for that names no body axis
_MM_PER_UNIT = {"": 1.0, "mm": 1.0, "cm": 10.0, "um": 1e-3, "micron": 1e-3, "nm": 1e-6}
_SPATIAL_KINDS = ("domain", "space", "none", "???")
_PACKINGS = {
    "raw": Packing.RAW,
    "ascii": Packing.TEXT,
    "text": Packing.TEXT,
    "txt": Packing.TEXT,
    "gzip": Packing.GZIP,
    "gz": Packing.GZIP,
    "bzip2": Packing.BZIP2,
    "bz2": Packing.BZIP2,
}
_TYPES = {
    "signed char": "i1",
    "uchar": "u1",
    "short": "i2",
    "ushort": "u2",
    "int": "i4",
    "uint": "u4",
    "longlong": "i8",
    "ulonglong": "u8",
    "float": "f4",
    "double": "f8",
} | {f"{sign}int{8 * size}": f"{sign or 'i'}{size}" for sign in ("", "u") for size in (1, 2, 4, 8)}

_Header = Mapping[str, Any]  # pynrrd's own form: field name to parsed value


def looks_like_nrrd(head: bytes) -> bool:
    """Tell from a file's first bytes whether it is NRRD."""
    return head.startswith(b"NRRD000")


def read_nrrd(path: Path) -> Decoded:
    """Return the image of an NRRD file, or of an .nhdr header with its data file beside it.

    A volume is (i, j, k) with RAS+ mm; a 2D image becomes a raster (row, column).

    Raises:
        ImageError: if the file is cut short, has vectors or more than three axes, or an
            encoding that vesal does not read.
        GeometryError: if its space cannot be used.
    """
    header, start = _header(path)
    shape = tuple(int(n) for n in header["sizes"])
    _check_scalar(header, shape, path)
    affine, spacing_known = _affine(header, len(shape))
    source = Source(
        path=path,
        format="NRRD",
        spacing_known=spacing_known,
        space=str(header.get("space", "")),
    )
    return decoded(_payload(header, shape, path, start), affine, source)


def write_nrrd(
    path: Path,
    array: Numbers,
    grid: Grid,
    source: Source,
    *,
    facts: Mapping[str, str] | None = None,
) -> None:
    """Write a mask as gzipped uint8 0 and 1, or numbers, in its image's own space if it was NRRD.

    Other volumes go out in left-posterior-superior; rasters as 2D images. Written here and
    not by pynrrd, which puts the date in: the same mask is always the same bytes.

    Args:
        path: of the file.
        array: a mask or label numbers.
        grid: of the array.
        source: of its image.
        facts: keys and values for the header beside NRRD's own fields.
    """
    if grid.ndim == 2:
        array, affine, world = array.T, transposed(grid.affine), {"space dimension": "2"}
    else:
        space = source.space or _LPS
        affine, world = _signs(space) @ grid.affine, {"space": space}
    voxels = as_written(array)
    order = {"endian": "little"} if voxels.itemsize > 1 else {}
    fields = {
        "type": voxels.dtype.name,
        **order,
        "dimension": str(grid.ndim),
        **world,
        "sizes": " ".join(str(n) for n in voxels.shape),
        "space directions": " ".join(_vector(column) for column in affine[:-1, :-1].T),
        "kinds": " ".join(["domain"] * grid.ndim),
        "encoding": "gzip",
        "space origin": _vector(affine[:-1, -1]),
    }
    lines = [f"{name}: {text}\n" for name, text in fields.items()]
    lines += [f"{name}:={text}\n" for name, text in (facts or {}).items()]
    header = "".join(["NRRD0004\n", *lines, "\n"])
    packed = gzip.compress(voxels.tobytes(order="F"), compresslevel=6, mtime=0)
    path.write_bytes(header.encode("utf-8") + packed)


def _header(path: Path) -> tuple[_Header, int]:
    """Return the parsed header and the byte at which attached data starts."""
    try:
        with path.open("rb") as file:
            header = nrrd.read_header(file)
            start = file.tell()
    except (nrrd.NRRDError, ValueError, LookupError, StopIteration) as error:
        msg = f"{path.name} is an NRRD file that is cut short or damaged in its header"
        raise ImageError(msg) from error
    missing = [name for name in ("dimension", "type", "encoding", "sizes") if name not in header]
    if missing or len(header["sizes"]) != header["dimension"]:
        msg = f"{path.name} needs as many NRRD sizes as its dimension, and misses {missing}"
        raise ImageError(msg)
    return header, start


def _check_scalar(header: _Header, shape: tuple[int, ...], path: Path) -> None:
    kinds = [str(kind).lower() for kind in header.get("kinds", ["domain"])]
    if len(shape) not in (2, 3) or any(kind not in _SPATIAL_KINDS for kind in kinds):
        msg = (
            f"{path.name} must hold one number a voxel on 2 or 3 axes, got sizes {shape} "
            f"of kinds {', '.join(kinds)}: split it first"
        )
        raise ImageError(msg)


def _affine(header: _Header, ndim: int) -> tuple[AffineMatrix, bool]:
    """Return index -> world mm (RAS+ in 3D; columns first in 2D), and whether mm are known."""
    affine = np.eye(ndim + 1)
    known = True
    if "space directions" in header:
        directions = np.asarray(header["space directions"], dtype=np.float64)
        if directions.shape != (ndim, ndim):
            msg = (
                f"{ndim} axes need {ndim} space directions of {ndim} numbers, "
                f"got {directions.tolist()}"
            )
            raise GeometryError(msg)
        affine[:-1, :-1] = directions.T
    else:
        spacings = np.asarray(header.get("spacings", [np.nan] * ndim), dtype=np.float64)
        known = bool(np.isfinite(spacings).all())
        np.fill_diagonal(affine[:-1, :-1], np.where(np.isnan(spacings), 1, spacings))
    origin = np.asarray(header.get("space origin", [0.0] * ndim), dtype=np.float64)
    if origin.shape != (ndim,):
        msg = f"the space origin needs {ndim} numbers, got {origin.tolist()}"
        raise GeometryError(msg)
    affine[:-1, -1] = origin
    affine[:-1] *= _mm_per_unit(header, ndim)[:, np.newaxis]
    return (_signs(str(header.get("space", ""))) @ affine if ndim == 3 else affine), known


def _vector(numbers: NDArray[np.float64]) -> str:
    return f"({','.join(repr(float(number)) for number in numbers)})"


def _signs(space: str) -> AffineMatrix:
    return np.diag([*_SIGNS.get(space.lower(), _SIGNS[_LPS]), 1.0])


def _mm_per_unit(header: _Header, ndim: int) -> NDArray[np.float64]:
    units = [str(unit).lower() for unit in header.get("space units", ["mm"] * ndim)]
    if len(units) != ndim or any(unit not in _MM_PER_UNIT for unit in units):
        msg = f"the {ndim} space units must be among {', '.join(_MM_PER_UNIT)}, got {units}"
        raise GeometryError(msg)
    return np.array([_MM_PER_UNIT[unit] for unit in units])


def _payload(header: _Header, shape: tuple[int, ...], path: Path, start: int) -> Payload:
    dtype = _voxel_type(header, path)
    packing = _PACKINGS.get(str(header["encoding"]).lower())
    skip = int(header.get("byte skip", header.get("byteskip", 0)))
    lines = int(header.get("line skip", header.get("lineskip", 0)))
    if packing is None or lines != 0 or skip < -1 or (skip == -1 and packing is not Packing.RAW):
        msg = (
            f"{path.name} must be raw, text, gzip or bzip2 without skipped lines, got "
            f"encoding {header['encoding']!r}, {lines} lines and {skip} bytes skipped"
        )
        raise ImageError(msg)
    detached = header.get("data file", header.get("datafile"))
    if detached is not None:
        path, start = beside(path, str(detached)), 0
    if skip == -1:  # the voxels are the last bytes of the file
        size = math.prod(shape) * dtype.itemsize
        start, skip = max(path.stat().st_size - size, 0), 0
    return Payload(path=path, shape=shape, dtype=dtype, packing=packing, start=start, skip=skip)


def _voxel_type(header: _Header, path: Path) -> np.dtype[np.generic]:
    name = str(header["type"]).lower().removesuffix("_t")
    plain = name.replace("unsigned ", "u").replace("long long", "longlong")
    if plain != "signed char":
        plain = plain.removeprefix("signed ")
    code = _TYPES.get(plain) or _TYPES.get(plain.removesuffix(" int"))
    if code is None:
        msg = f"{path.name} must hold integers or floats, got NRRD type {name!r}"
        raise ImageError(msg)
    order = ">" if str(header.get("endian", "little")).lower() == "big" else "<"
    return np.dtype(order + code)
