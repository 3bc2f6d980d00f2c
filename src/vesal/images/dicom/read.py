"""A DICOM file, folder, DICOMDIR or zip file, to one image."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from vesal.errors import ImageError
from vesal.geometry.frames import lps_to_ras, transposed
from vesal.geometry.grid import Grid
from vesal.images.allowance import check_size
from vesal.images.dicom.choose import Listed, chosen, listed
from vesal.images.dicom.collect import Files, files_behind
from vesal.images.dicom.group import Entry, entries_of
from vesal.images.dicom.header import read_header
from vesal.images.dicom.pixels import is_turned_round, picture_of, volume_of
from vesal.images.dicom.plane import Plane
from vesal.images.dicom.quiet import quiet
from vesal.images.dicom.stack import stack_of
from vesal.images.source import Decoded, Source

_BYTES_PER_VOXEL = 4  # whole numbers with a slope become float32


def read_dicom(path: Path, series: str | int | None = None) -> Decoded:
    """Return the volume of a series, or the picture of a file without a place in the body.

    A volume is (column, row, slice), slices in the order of their positions; a picture is
    a raster (row, column) with the spacing of its pixels or of the detector.

    Args:
        path: a file, a folder with all that is below, a DICOMDIR, or a zip file.
        series: which one is meant where there are several: number of the list, UID or
            description; not needed where there is one volume.

    Raises:
        ImageError: if there is no image, it is not clear which one is meant, a file is damaged, a
            series mixes patients, or slices are missing or unevenly spaced.
        GeometryError: if the positions or directions make no grid.
        ResourceError: if a zip file does not fit on the disk.
    """
    with quiet(), files_behind(path) as files:
        entries, left_out = _entries(path, files)
        index = chosen(entries, series, path.name)
        entry = entries[index]
        if entry.problem:
            msg = f"{path.name}: {listed(entries)[index].label} cannot be read: {entry.problem}"
            raise ImageError(msg)
        placed = entry.planes[0].is_placed
        found = _volume(entry, path) if placed else _picture(entry, path)
        notes = [*_others(entries, index), *left_out]
        return replace(found, source=_complete(found.source, notes, files))


def list_dicom(path: Path) -> tuple[Listed, ...]:
    """Return what can be chosen behind a path.

    Raises:
        ImageError: if there is no image, or a header is damaged.
        ResourceError: if a zip file does not fit on the disk.
    """
    with quiet(), files_behind(path) as files:
        return listed(_entries(path, files)[0])


def _entries(path: Path, files: Files) -> tuple[list[Entry], list[str]]:
    """All entries, and a sentence for each kind of file that holds no image."""
    planes: list[Plane] = []
    reasons: Counter[str] = Counter()
    for file in files.paths:
        found = read_header(file)
        if isinstance(found, str):
            reasons[found] += 1
        else:
            planes += found
    if not planes:
        what = ", ".join(f"{n} with {reason}" for reason, n in reasons.items())
        got = f"{files.count} files without one" + (f": {what}" if what else "")
        if files.count == 1 and reasons:
            (got,) = reasons
        msg = f"{path.name} must hold a DICOM image, got {got}"
        raise ImageError(msg)
    notes = [f"left out: {reason}, {n} file{'s' * (n > 1)}" for reason, n in reasons.items()]
    return entries_of(planes), notes


def _others(entries: Sequence[Entry], index: int) -> list[str]:
    lines = listed(entries)
    return [f"left out: {line.label}" for line in lines if line.number != index + 1]


def _complete(source: Source, notes: Sequence[str], files: Files) -> Source:
    """With notes of the whole folder; without files that are gone after reading."""
    if not files.are_temporary:
        return replace(source, notes=(*source.notes, *notes))
    gone = "read from a zip file: unpack it and open the folder to write DICOM about this image"
    return replace(source, files=(), frames=(), notes=(*source.notes, *notes, gone))


def _volume(entry: Entry, path: Path) -> Decoded:
    stack = stack_of(entry.planes, path.name)
    first = stack.planes[0]
    shape = (first.columns, first.rows, len(stack.planes))
    grid = Grid(shape=shape, affine=lps_to_ras(stack.affine_lps))
    check_size(math.prod(shape) * _BYTES_PER_VOXEL, path.name)
    paths = tuple(dict.fromkeys(plane.path for plane in stack.planes))
    frames = tuple(plane.frame for plane in stack.planes if plane.frame is not None)
    notes = [*entry.notes, *stack.notes, *_display(first)]
    if frames and len(paths) > 1:
        notes.append("slices of several multi-frame files: DICOM about this image is not written")
        paths, frames = (), ()
    source = Source(
        path=path,
        format="DICOM",
        series_uid=first.scan.uid,
        files=paths,
        frames=frames,
        notes=tuple(notes),
    )
    return Decoded(array=volume_of(stack.planes), grid=grid, source=source)


def _picture(entry: Entry, path: Path) -> Decoded:
    """A file without a place in the body: a raster, in mm where its spacing is known."""
    (one,) = entry.planes
    check_size(one.columns * one.rows * _BYTES_PER_VOXEL, path.name)
    values = picture_of(one)
    known = len(one.spacing) == 2 and min(one.spacing) > 0  # some scanners write 0
    row_mm, column_mm = one.spacing if known else (1.0, 1.0)
    source = Source(
        path=path,
        format="DICOM",
        spacing_known=known,
        series_uid=one.scan.uid,
        files=(one.path,),
        notes=tuple(_display(one)),
    )
    grid = Grid(shape=values.shape[:2], affine=transposed(np.diag([column_mm, row_mm, 1.0])))
    return Decoded(array=values, grid=grid, source=source)


def _display(plane: Plane) -> list[str]:
    """What was done, or not, with values that say how to be shown."""
    notes = []
    if is_turned_round(plane):
        notes.append("stored with dark for dense (MONOCHROME1): turned round")
    elif plane.scan.is_inverted:
        notes.append("to be shown with dark for high values (MONOCHROME1): values are as stored")
    if plane.scan.padding is not None:
        notes.append(
            f"pixels that were not measured hold {plane.scan.padding} before the rescale "
            "(PixelPaddingValue): they are kept"
        )
    return notes
