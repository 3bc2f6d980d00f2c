"""The contact sheet: for each structure its planes, the outline of its mask, and the clicks.

One row a structure, every plane through its first click, all planes of a row at one scale.
This file lays out the page; `panel` paints a single plane.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pixels
from PIL import ImageDraw, ImageFont

from vesal.errors import ImageError
from vesal.geometry.components import mask_box
from vesal.images.image import Image, Mask
from vesal.images.intensity import robust_range
from vesal.images.panel import KNOWN, PREDICTED, Scene, draw_click, paint
from vesal.images.planes import planes
from vesal.images.write import replacing

_PAPER, _INK, _QUIET = (13, 16, 22), (238, 241, 246), (150, 159, 174)
_PANEL = 300  # pixels across each of three planes
_SINGLE = 600  # and across a plane that is alone in its row
_CAPTION = 212
_GAP = 10
_MARGIN = 26
_FIELD = 1.8  # what is shown is this much longer than the structure
_LEAST_FIELD = 0.45  # and at least this part of the image
_SURROUNDINGS = 0.1  # grey values are taken this far around the structure, in its lengths
_LEAST_SURROUNDINGS = 6  # and at least so many voxels
_FENCE = 1.1  # interquartile ranges beyond the quartiles; Tukey's 1.5 leaves soft tissue flat
_RADIOLOGICAL = "Radiological convention: the patient's right is at the left of the picture."


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A click to be drawn: a world point in mm, and whether it was inside the structure."""

    point_mm: tuple[float, ...]
    positive: bool = True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Row:
    """One structure on the sheet.

    Attributes:
        image: what is shown.
        mask: the answer.
        title: name of the structure.
        details: lines under the title.
        known: what the answer should be.
        marks: the clicks, in the order in which they were made.

    Raises:
        ImageError: if a mask does not have the shape of the image.
    """

    image: Image
    mask: Mask
    title: str
    details: tuple[str, ...] = ()
    known: Mask | None = None
    marks: tuple[Mark, ...] = ()

    def __post_init__(self) -> None:
        for mask in (self.mask, self.known):
            if mask is not None and mask.grid.shape != self.image.grid.shape:
                msg = (
                    f"the masks of a picture need the image's shape {self.image.grid.shape}, "
                    f"got {mask.grid.shape}"
                )
                raise ImageError(msg)


def save_sheet(path: Path, rows: Sequence[Row], *, title: str, notes: Sequence[str] = ()) -> Path:
    """Write the contact sheet as a PNG file and return the path.

    Args:
        path: ends in .png; an existing file is replaced in one step.
        rows: at least one structure, drawn from top to bottom.
        title: heading of the sheet.
        notes: sentences under the heading.

    Raises:
        ImageError: if the path does not end in .png.
        ResourceError: if the folder is missing or full or may not be written to.
    """
    check_picture_path(path)
    sheet = contact_sheet(rows, title=title, notes=notes)
    with replacing(path, ".png") as temporary:
        sheet.save(temporary)
    return path


def check_picture_path(path: Path) -> None:
    """Refuse a path for a picture that is not PNG.

    Raises:
        ImageError: if the path does not end in .png.
    """
    if path.suffix.lower() != ".png":
        msg = f"a picture must end in .png, got {path.name!r}"
        raise ImageError(msg)


def contact_sheet(
    rows: Iterable[Row], *, title: str, notes: Sequence[str] = (), columns: int = 1
) -> Pixels.Image:
    """Return the sheet as an RGB picture; see `save_sheet`.

    Rows are asked for one after the other, so that the images of an iterator need not fit into
    memory together; in several columns they follow each other from left to right.
    """
    bands: list[Pixels.Image] = []
    legend = _Legend()
    for row in rows:
        bands.append(_band(row))
        legend.add(row)
    if legend.volume:
        notes = [*notes, _RADIOLOGICAL]
    columns = min(columns, len(bands))
    across = max(band.width for band in bands) + _GAP
    width = columns * across - _GAP + 2 * _MARGIN
    header = _header(width, title, notes, legend)
    lines = [bands[first : first + columns] for first in range(0, len(bands), columns)]
    heights = [max(band.height for band in line) + _GAP for line in lines]
    height = header.height + sum(heights) - _GAP + _MARGIN
    sheet = Pixels.new("RGB", (width, height), _PAPER)
    sheet.paste(header, (0, 0))
    top = header.height
    for line, high in zip(lines, heights, strict=True):
        for number, band in enumerate(line):
            sheet.paste(band, (_MARGIN + number * across, top))
        top += high
    return sheet


@dataclass(slots=True, kw_only=True)
class _Legend:
    """What occurs on a sheet."""

    volume: bool = False
    known: bool = False
    inside: bool = False
    outside: bool = False

    def add(self, row: Row) -> None:
        """Take note of a row."""
        self.volume |= row.image.grid.ndim == 3
        self.known |= row.known is not None
        self.inside |= any(mark.positive for mark in row.marks)
        self.outside |= any(not mark.positive for mark in row.marks)


def _band(row: Row) -> Pixels.Image:
    """The caption of a row and its planes, side by side."""
    shown = planes(row.image.grid)
    side = _PANEL if len(shown) > 1 else _SINGLE
    scene = _scene(row)
    band = Pixels.new("RGB", (_CAPTION + len(shown) * (side + _GAP) - _GAP, side), _PAPER)
    pen = ImageDraw.Draw(band)
    pen.text((0, 4), _ascii(row.title), _INK, ImageFont.load_default(20))
    for number, line in enumerate(row.details):
        pen.text((0, 36 + 19 * number), _ascii(line), _QUIET, ImageFont.load_default(13))
    for number, plane in enumerate(shown):
        band.paste(paint(scene, plane, side), (_CAPTION + number * (side + _GAP), 0))
    return band


def _scene(row: Row) -> Scene:
    image = row.image
    marks_index = np.empty((0, image.grid.ndim))
    if row.marks:
        marks_index = image.grid.to_index(np.array([m.point_mm for m in row.marks], np.float64))
    cut_index = marks_index[0] if row.marks else _middle(row.mask)
    low, high = _span(row, [cut_index, *marks_index])
    spacing = np.array(image.grid.spacing_mm)
    whole = float(np.max(spacing * image.grid.shape))
    field = max(_FIELD * float(np.max((high - low) * spacing)), _LEAST_FIELD * whole)
    return Scene(
        image=image,
        window=_window(row, low, high),
        mask=row.mask,
        known=row.known,
        marks_index=tuple(tuple(index.tolist()) for index in marks_index),
        positive=tuple(mark.positive for mark in row.marks),
        cut_index=tuple(cut_index.tolist()),
        focus_index=tuple(((low + high - 1) / 2).tolist()),
        field_mm=min(field, whole),
    )


def _middle(mask: Mask) -> NDArray[np.float64]:
    """The voxel of the mask nearest to its centre of gravity; of an empty one, the centre."""
    box = mask_box(mask.array)
    if box is None:
        return (np.array(mask.grid.shape) - 1) / 2
    voxels = np.argwhere(mask.array[box]) + [part.start for part in box]
    away = ((voxels - voxels.mean(axis=0)) * mask.grid.spacing_mm) ** 2
    return np.asarray(voxels[away.sum(axis=1).argmin()], dtype=np.float64)


def _span(
    row: Row, points_index: Sequence[NDArray[np.float64]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The index range (stop excluded) around the answer, what is known, and the clicks."""
    masks = [row.mask] if row.known is None else [row.mask, row.known]
    boxes = [box for box in (mask_box(mask.array) for mask in masks) if box is not None]
    voxels = [np.floor(point + 0.5) for point in points_index]
    lows = [*voxels, *(np.array([s.start for s in box]) for box in boxes)]
    highs = [*(v + 1 for v in voxels), *(np.array([s.stop for s in box]) for box in boxes)]
    return np.min(lows, axis=0).astype(np.float64), np.max(highs, axis=0).astype(np.float64)


def _window(row: Row, low: NDArray[np.float64], high: NDArray[np.float64]) -> tuple[float, float]:
    """The grey values that become black and white: the middle of what surrounds the structure.

    Percentiles of the whole image would spend half of the greys on a CT's air and table.
    The structure's own values are always inside.
    """
    grow = np.maximum((high - low) * _SURROUNDINGS, _LEAST_SURROUNDINGS)
    starts = np.maximum(low - grow, 0).astype(int)
    box = tuple(slice(a, int(b)) for a, b in zip(starts, np.ceil(high + grow), strict=True))
    around = row.image.array[box]
    quarter, three_quarters = robust_range(around, 25.0, 75.0)
    least, most = robust_range(around, 1.0, 99.5)
    fence = _FENCE * (three_quarters - quarter)
    dark, bright = max(quarter - fence, least), min(three_quarters + fence, most)
    bright = max(bright, robust_range(around, high=95.0)[1])  # bright cells on an empty ground
    inside = around[row.mask.array[box]]
    if inside.size:
        darkest, brightest = robust_range(inside, 5.0, 95.0)
        dark, bright = min(dark, darkest), max(bright, brightest)
    return dark, bright


def _header(width: int, title: str, notes: Sequence[str], legend: _Legend) -> Pixels.Image:
    """Title, notes, and the legend of the colours that occur."""
    header = Pixels.new("RGB", (width, _MARGIN + 74 + 19 * len(notes)), _PAPER)
    pen = ImageDraw.Draw(header)
    pen.text((_MARGIN, _MARGIN - 4), _ascii(title), _INK, ImageFont.load_default(26))
    top = _MARGIN + 36
    for note in notes:
        pen.text((_MARGIN, top), _ascii(note), _QUIET, ImageFont.load_default(13))
        top += 19
    _draw_legend(pen, top + 14.0, legend)
    return header


def _draw_legend(pen: ImageDraw.ImageDraw, middle: float, legend: _Legend) -> None:
    font = ImageFont.load_default(13)
    x = float(_MARGIN)
    lines = [("segmented", PREDICTED)]
    if legend.known:
        lines.append(("known label", KNOWN))
    for text, colour in lines:
        pen.line((x, middle, x + 22, middle), fill=colour, width=3)
        pen.text((x + 30, middle), text, _INK, font, "lm")
        x += 30 + pen.textlength(text, font) + 26
    clicks = ((legend.inside, True, "click inside"), (legend.outside, False, "click outside"))
    for occurs, inside, text in clicks:
        if occurs:
            draw_click(pen, x + 9, middle, 9.0, inside=inside)
            pen.text((x + 26, middle), text, _INK, font, "lm")
            x += 26 + pen.textlength(text, font) + 26


def _ascii(text: str) -> str:
    """The text in the letters that Pillow's own font has."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "replace").decode()
