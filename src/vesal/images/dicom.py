# SimpleITK does not annotate all of its functions:
# mypy: disable-error-code="no-untyped-call"
"""One DICOM series, a folder of single-frame files or one file, to an image.

pydicom reads the headers and says where slices lie; SimpleITK decodes the pixels (JPEG
2000 too) and applies each slice's own rescale. LPS becomes RAS+ here.
"""

import struct
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK
from numpy.typing import NDArray
from pydicom.errors import BytesLengthException, InvalidDicomError

from vesal.arrays import AffineMatrix, Voxels
from vesal.errors import GeometryError, ImageError
from vesal.geometry.frames import lps_to_ras, transposed
from vesal.geometry.grid import Grid
from vesal.images.source import Decoded, Source

_TAGS = [
    "SeriesInstanceUID",
    "SeriesDescription",
    "Rows",
    "Columns",
    "NumberOfFrames",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "ImagerPixelSpacing",
    "SpacingBetweenSlices",
    "SliceThickness",
]
_PYDICOM_ERRORS = (
    BytesLengthException,
    InvalidDicomError,
    OSError,
    EOFError,
    ValueError,
    KeyError,
    AttributeError,
    TypeError,
    NotImplementedError,
    struct.error,
)
_MOST_PIXELS_PER_BYTE = 8256  # as in raster files; JPEG 2000 of one value packs 2600 to 1
_UNEVEN = 0.01  # of the slice distance
_SAME_PLACE_MM = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slice:
    """The header of one file, as far as geometry goes; lengths in mm, world LPS."""

    path: Path
    series: str
    description: str
    columns: int
    rows: int
    position: tuple[float, ...]  # empty where the file has none
    directions: tuple[float, ...]  # of a row, then of a column; empty where it has none
    spacing: tuple[float, ...]  # between rows, between columns; empty where unknown
    thickness: float

    @property
    def is_placed(self) -> bool:
        """True if position, directions and spacing are there."""
        return (len(self.position), len(self.directions), len(self.spacing)) == (3, 6, 2)

    @property
    def normal(self) -> NDArray[np.float64]:
        """Direction across the slice, LPS."""
        return np.cross(self.directions[:3], self.directions[3:])


def looks_like_dicom(head: bytes) -> bool:
    """Tell from a file's first 132 bytes whether it is DICOM."""
    return head[128:132] == b"DICM"


def read_dicom(path: Path) -> Decoded:
    """Return the volume of a series, or the picture of a file without a place in the body.

    A volume is (column, row, slice), slices in the order of their positions; a picture is
    a raster (row, column) with the spacing of its pixels or of the detector.

    Raises:
        ImageError: if there is no image, more than one series, a file is damaged, or
            slices are missing, doubled or unevenly spaced.
        GeometryError: if the positions or directions make no grid.
    """
    with _quiet():
        slices = _slices(path)
        if len(slices) == 1 and not slices[0].is_placed:
            return _picture(slices[0], path)
        _check_alike(slices, path)
        ordered = sorted(slices, key=lambda one: float(np.dot(one.normal, one.position)))
        shape = (ordered[0].columns, ordered[0].rows, len(ordered))
        grid = Grid(shape=shape, affine=lps_to_ras(_affine(ordered, path)))
        array = _volume([one.path for one in ordered], shape)
        return Decoded(array=array, grid=grid, source=Source(path=path, format="DICOM"))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep pydicom's warnings and ITK's terminal output back while reading."""
    display = SimpleITK.ProcessObject.GetGlobalWarningDisplay()
    SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        SimpleITK.ProcessObject.SetGlobalWarningDisplay(display)


def _slices(path: Path) -> list[_Slice]:
    files = sorted(f for f in path.iterdir() if f.is_file()) if path.is_dir() else [path]
    slices = [one for file in files if (one := _slice(file)) is not None]
    if not slices:
        msg = f"{path.name} must hold a DICOM image, got {len(files)} files without one"
        raise ImageError(msg)
    series = Counter((one.series, one.description) for one in slices)
    if len({uid for uid, _ in series}) > 1:
        found = "; ".join(f"{text or 'no name'} ({n} slices)" for (_, text), n in series.items())
        msg = f"{path.name} must hold one series, got {len(series)}: {found}"
        raise ImageError(msg)
    return slices


def _slice(path: Path) -> _Slice | None:
    """Read one header; None for a file that is not DICOM or holds no pixels."""
    with path.open("rb") as file:
        if not looks_like_dicom(file.read(132)):
            return None
    try:
        header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=_TAGS)
        if not header.get("Rows") or not header.get("Columns"):
            return None
        one = _parsed(header, path)
        frames = int(header.get("NumberOfFrames") or 1)
    except _PYDICOM_ERRORS as error:
        msg = f"{path.name} is a DICOM file that is cut short or damaged in its header"
        raise ImageError(msg) from error
    if frames > 1 or one.rows * one.columns > path.stat().st_size * _MOST_PIXELS_PER_BYTE:
        msg = (
            f"{path.name} must hold one frame that its size can hold, got {frames} frames "
            f"of {one.columns}x{one.rows}"
        )
        raise ImageError(msg)
    return one


def _parsed(header: pydicom.Dataset, path: Path) -> _Slice:
    spacing = _numbers(header, "PixelSpacing") or _numbers(header, "ImagerPixelSpacing")
    thickness = _numbers(header, "SpacingBetweenSlices") or _numbers(header, "SliceThickness")
    return _Slice(
        path=path,
        series=str(header.get("SeriesInstanceUID") or ""),
        description=str(header.get("SeriesDescription") or ""),
        columns=int(header["Columns"].value),
        rows=int(header["Rows"].value),
        position=_numbers(header, "ImagePositionPatient"),
        directions=_numbers(header, "ImageOrientationPatient"),
        spacing=spacing,
        thickness=abs(thickness[0]) if thickness and thickness[0] else 1.0,
    )


def _numbers(header: pydicom.Dataset, name: str) -> tuple[float, ...]:
    value = header.get(name)
    if value is None or value == "":
        return ()
    return tuple(float(number) for number in np.atleast_1d(value))


def _check_alike(slices: Sequence[_Slice], path: Path) -> None:
    """Refuse slices that cannot lie in one grid."""
    first = slices[0]
    for one in slices:
        if not one.is_placed:
            msg = f"{one.path.name} needs a position, an orientation and a pixel spacing"
            raise ImageError(msg)
        same_size = (one.columns, one.rows) == (first.columns, first.rows)
        same_way = np.allclose(
            [*one.directions, *one.spacing], [*first.directions, *first.spacing], atol=1e-4
        )
        if not same_size or not same_way:
            msg = (
                f"{path.name} must hold slices of one size, spacing and orientation, but "
                f"{one.path.name} and {first.path.name} differ"
            )
            raise ImageError(msg)


def _affine(ordered: Sequence[_Slice], path: Path) -> AffineMatrix:
    """Return (column, row, slice) -> LPS mm from the positions; a gantry tilt shears it."""
    first = ordered[0]
    affine = np.eye(4)
    # PixelSpacing names the distance between rows first: the step down a column.
    affine[:3, 0] = np.multiply(first.directions[:3], first.spacing[1])
    affine[:3, 1] = np.multiply(first.directions[3:], first.spacing[0])
    affine[:3, 2] = first.normal * first.thickness
    affine[:3, 3] = first.position
    if len(ordered) == 1:
        return affine
    positions = np.array([one.position for one in ordered])
    if not np.isfinite(positions).all():
        msg = "all slice positions must be numbers, got NaN or infinite ones"
        raise GeometryError(msg)
    _check_gaps(np.diff(positions @ first.normal), path)
    affine[:3, 2] = (positions[-1] - positions[0]) / (len(positions) - 1)
    expected = positions[0] + np.arange(len(positions))[:, np.newaxis] * affine[:3, 2]
    drift = float(np.abs(positions - expected).max())
    if drift > _UNEVEN * np.linalg.norm(affine[:3, 2]):
        msg = f"{path.name} needs slices on one straight line, got one {drift:.3f} mm beside it"
        raise ImageError(msg)
    return affine


def _check_gaps(gaps: NDArray[np.float64], path: Path) -> None:
    doubled = int((gaps < _SAME_PLACE_MM).sum())
    if doubled:
        msg = f"{path.name} must hold each slice once, got {doubled} at the place of another"
        raise ImageError(msg)
    usual = float(np.sort(gaps)[(len(gaps) - 1) // 2])  # the lower median: a gap only adds
    missing = int((np.round(gaps / usual) - 1).clip(0).sum())
    if missing:
        msg = (
            f"{path.name} misses {missing} slices: the distance is {usual:.3f} mm, "
            f"but {gaps.max():.3f} mm in the widest gap"
        )
        raise ImageError(msg)
    if np.abs(gaps - usual).max() > _UNEVEN * usual:
        msg = (
            f"{path.name} needs evenly spaced slices, got distances from "
            f"{gaps.min():.3f} to {gaps.max():.3f} mm"
        )
        raise ImageError(msg)


def _volume(files: Sequence[Path], shape: tuple[int, int, int]) -> Voxels:
    """Decode all slices into (column, row, slice), column fastest in memory."""
    columns, rows, count = shape
    volume = np.empty((count, rows, columns), dtype=np.uint8)
    for number, file in enumerate(files):
        plane = _decoded(file)
        if plane.shape != (rows, columns):
            msg = f"{file.name} must hold one grey number a pixel, got shape {plane.shape}"
            raise ImageError(msg)
        # Each slice has its own rescale, so a later one may need a wider type.
        volume = volume.astype(
            plane.dtype if number == 0 else np.result_type(volume, plane), copy=False
        )
        volume[number] = plane
    return volume.T


def _picture(one: _Slice, path: Path) -> Decoded:
    """A file without a place in the body: a raster, in mm where its spacing is known."""
    values = _decoded(one.path)
    known = len(one.spacing) == 2
    row_mm, column_mm = one.spacing if known else (1.0, 1.0)
    grid = Grid(shape=values.shape[:2], affine=transposed(np.diag([column_mm, row_mm, 1.0])))
    return Decoded(
        array=values, grid=grid, source=Source(path=path, format="DICOM", spacing_known=known)
    )


def _decoded(path: Path) -> Voxels:
    """Return one frame as (row, column) or (row, column, channel), rescale applied."""
    try:
        _check_whole(path)
        values = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))
    except (*_PYDICOM_ERRORS, RuntimeError) as error:
        msg = f"{path.name} is a DICOM file whose pixels are cut short, damaged or unsupported"
        raise ImageError(msg) from error
    values = values.reshape(values.shape[1:]) if values.shape[0] == 1 else values
    return values.astype(np.float32) if values.dtype == np.float64 else values


def _check_whole(path: Path) -> None:
    """Raise EOFError where the pixels end early.

    pydicom leaves the element out then; GDCM takes seconds to give up, or decodes half.
    """
    if "PixelData" not in pydicom.dcmread(path, specific_tags=["PixelData"]):
        raise EOFError
