"""Pictures of examples: a slice through the middle of a mask, with its outline.

What was kept is shown as it was written, what was left out as it came. Which examples are shown
follows from their names: spread over the set, and the same in every run.
"""

import base64
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vesal.arrays import MaskArray, Voxels
from vesal.curation.row import Row
from vesal.datasets import Opened, Pair, open_pair
from vesal.datasets.open import image_at
from vesal.errors import VesalError
from vesal.geometry.components import mask_box
from vesal.images import Image, Mask, open_image
from vesal.images.intensity import robust_range
from vesal.images.panel import Scene, paint
from vesal.images.planes import Plane, planes

_SIDE = 240  # pixels
_COLOURS = 96  # of a picture: a quarter of the bytes
_KEPT, _LEFT_OUT = 12, 4  # examples
_FIELD = 2.5  # what is shown is this much longer than the mask
_FENCE = 1.1  # interquartile ranges beyond the quartiles, as the contact sheet has it
_LEAST_FIELD = 0.4  # and at least this part of the image


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A row and what it looks like.

    Attributes:
        row: of the catalogue.
        data: a data URL of a PNG; "" where it cannot be shown.
    """

    row: Row
    data: str


def examples(
    rows: Sequence[Row], pairs: Mapping[str, Pair], output: Path, *, resample: bool
) -> dict[str, tuple[Example, ...]]:
    """Examples by their reason, "" for what was kept.

    Args:
        rows: all of the set.
        pairs: the cases by their names.
        output: folder of the curated set.
        resample: as the labels were read.
    """
    by_reason: dict[str, list[Row]] = {}
    for row in rows:
        by_reason.setdefault(row.reason, []).append(row)
    chosen = {
        reason: _chosen(inside, _LEFT_OUT if reason else _KEPT)
        for reason, inside in sorted(by_reason.items())
    }
    camera = _Camera(pairs, output, resample=resample)
    every = sorted((row for own in chosen.values() for row in own), key=lambda row: row.case)
    shown = {row: camera.picture(row) for row in every}
    return {
        reason: tuple(Example(row=row, data=shown[row]) for row in own)
        for reason, own in chosen.items()
    }


def _chosen(rows: Sequence[Row], most: int) -> list[Row]:
    """Rows of as many structures as there are, then of as many cases."""
    spread = sorted(rows, key=_lot)
    seen: set[str] = set()
    first: list[Row] = []
    later: list[Row] = []
    for row in spread:
        (later if row.structure in seen else first).append(row)
        seen.add(row.structure)
    return [*first, *later][:most]


def _lot(row: Row) -> bytes:
    words = (row.dataset, row.case, row.structure, row.piece, row.mask)
    return hashlib.sha256("\0".join(words).encode("utf-8", "surrogatepass")).digest()


class _Camera:
    """Takes pictures of rows; the case that was opened last is kept."""

    def __init__(self, pairs: Mapping[str, Pair], output: Path, *, resample: bool) -> None:
        self._pairs, self._output, self._resample = pairs, output, resample
        self._last: tuple[str, Opened] | None = None

    def picture(self, row: Row) -> str:
        """A data URL of a PNG; "" where the files can no longer be read."""
        try:
            image, mask = self._written(row) if row.mask else self._as_it_came(row)
        except (VesalError, OSError):
            return ""
        if mask.shape != image.grid.shape:
            return ""
        return picture(image, mask)

    def _written(self, row: Row) -> tuple[Image, MaskArray]:
        image = open_image(self._output / row.image)
        mask = open_image(self._output / row.mask)
        return image, np.asarray(mask.grey() > 0)

    def _as_it_came(self, row: Row) -> tuple[Image, MaskArray]:
        """The image of a case, with the mask of a structure if that is what was left out."""
        if not row.structure:
            image = image_at(self._pairs[row.case].image)
            return image, np.zeros(image.grid.shape, np.bool_)
        if self._last is None or self._last[0] != row.case:
            self._last = row.case, open_pair(self._pairs[row.case], resample=self._resample)
        opened = self._last[1]
        found = [one.patch for one in opened.targets if one.name == row.structure]
        shape = opened.image.grid.shape
        return opened.image, found[0].full() if found else np.zeros(shape, np.bool_)


def picture(image: Image, mask: MaskArray) -> str:
    """The slice that holds most of a mask, with its outline, as a data URL of a PNG."""
    plane = planes(image.grid)[0]
    cut = _cut(mask, plane)
    box = mask_box(mask)
    middle = cut if box is None else tuple((s.start + s.stop - 1) / 2 for s in box)
    scene = Scene(
        image=image,
        window=_window(plane.cut(image.array, cut), plane.cut(mask, cut)),
        mask=Mask(array=mask, grid=image.grid, source=image.source),
        known=None,
        marks_index=(),
        positive=(),
        cut_index=cut,
        focus_index=middle,
        field_mm=_field_mm(box, plane),
    )
    stream = io.BytesIO()
    paint(scene, plane, _SIDE).quantize(_COLOURS).save(stream, "png", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"


def _cut(mask: MaskArray, plane: Plane) -> tuple[float, ...]:
    """An index in the slice that holds most of the mask; in the middle one for an empty mask."""
    cut = [(n - 1) // 2 for n in mask.shape]
    if plane.normal is not None and mask.any():
        others = tuple(axis for axis in range(mask.ndim) if axis != plane.normal)
        cut[plane.normal] = int(mask.sum(axis=others).argmax())
    return tuple(float(index) for index in cut)


def _window(values: Voxels, mask: MaskArray) -> tuple[float, float]:
    """The grey values that become black and white: those round a mask, without far outliers.

    Percentiles of a whole slice would spend half of the greys on a CT's air and table.
    """
    box = mask_box(mask) or tuple(slice(0, n) for n in mask.shape)
    grown = tuple(
        slice(max(s.start - (s.stop - s.start) // 4 - 4, 0), s.stop + (s.stop - s.start) // 4 + 4)
        for s in box
    )
    around = values[grown]
    quarter, three_quarters = robust_range(around, 25.0, 75.0)
    least, most = robust_range(around, 1.0, 99.5)
    dark, bright = robust_range(values[mask], 5.0, 95.0) if mask.any() else (most, least)
    fence = _FENCE * (three_quarters - quarter)
    return (
        min(max(quarter - fence, least), dark),
        max(min(three_quarters + fence, most), bright),
    )


def _field_mm(box: tuple[slice, ...] | None, plane: Plane) -> float:
    """The width of what is shown: round the mask, or the whole image where there is none."""
    lengths = [n * mm for n, mm in zip(plane.counts, plane.spacing_mm, strict=True)]
    whole = max(lengths)
    if box is None:
        return whole
    axes = (plane.down, plane.right)
    sides: list[float] = [
        (box[axis].stop - box[axis].start) * mm
        for axis, mm in zip(axes, plane.spacing_mm, strict=True)
    ]
    return min(max(_FIELD * max(sides), _LEAST_FIELD * whole), whole)
