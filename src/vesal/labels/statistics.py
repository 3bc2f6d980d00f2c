"""How large segments are and where they lie: a row for each."""

import json
from dataclasses import asdict, dataclass, fields

import numpy as np
from scipy import ndimage

from vesal.cells import csv_text
from vesal.geometry.box import AxisBox
from vesal.geometry.frames import Frame
from vesal.labels.label_map import LabelMap
from vesal.labels.segment import Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One segment. Lengths are mm, or pixels where the image knows no spacing.

    Attributes:
        number: of the segment.
        name: of the segment.
        voxels: how many it has; what follows is None or empty if it has none.
        volume_ml: of a volume whose spacing is known.
        area_mm2: of a 2D image whose spacing is known.
        first_index: lowest index on each axis of the array.
        last_index: highest index on each axis.
        extent_mm: of the box of voxels, along the image's own axes.
        low_mm: lowest world coordinates of the faces of that box.
        high_mm: highest ones.
        centroid_mm: the mean of the voxels' centres, in the world.
    """

    number: int
    name: str
    voxels: int
    volume_ml: float | None = None
    area_mm2: float | None = None
    first_index: tuple[int, ...] = ()
    last_index: tuple[int, ...] = ()
    extent_mm: tuple[float, ...] = ()
    low_mm: tuple[float, ...] = ()
    high_mm: tuple[float, ...] = ()
    centroid_mm: tuple[float, ...] = ()


def statistics(labels: LabelMap) -> tuple[Row, ...]:
    """A row for each segment, in their order."""
    boxes = ndimage.find_objects(labels.array)
    return tuple(
        _row(labels, segment, boxes[segment.number - 1] if segment.number <= len(boxes) else None)
        for segment in labels.segments
    )


def as_csv(rows: tuple[Row, ...]) -> str:
    """The rows as a table; numbers of one field are separated by blanks."""
    names = [field.name for field in fields(Row)]
    return csv_text(names, ([getattr(row, name) for name in names] for row in rows))


def as_json(rows: tuple[Row, ...]) -> str:
    """The rows as a JSON list of objects."""
    return json.dumps([asdict(row) for row in rows], indent=1)


def _row(labels: LabelMap, segment: Segment, box: tuple[slice, ...] | None) -> Row:
    if box is None:
        return Row(number=segment.number, name=segment.name, voxels=0)
    grid = labels.grid
    places = np.argwhere(labels.array[box] == segment.number)
    start = np.array([s.start for s in box])
    low = tuple(s.start - 0.5 for s in box)
    high = tuple(s.stop - 0.5 for s in box)
    world = AxisBox(frame=Frame.INDEX, low=low, high=high).mapped(grid.affine, Frame.WORLD)
    count, known = len(places), labels.source.spacing_known
    volume, area = grid.ndim == 3 and known, grid.ndim == 2 and known
    middle = grid.to_world((places.mean(axis=0) + start)[np.newaxis])[0]
    return Row(
        number=segment.number,
        name=segment.name,
        voxels=count,
        volume_ml=count * grid.voxel_volume_mm3 / 1000 if volume else None,
        area_mm2=count * float(np.prod(grid.spacing_mm)) if area else None,
        first_index=tuple(s.start for s in box),
        last_index=tuple(s.stop - 1 for s in box),
        extent_mm=tuple(
            (s.stop - s.start) * mm for s, mm in zip(box, grid.spacing_mm, strict=True)
        ),
        low_mm=world.low,
        high_mm=world.high,
        centroid_mm=tuple(middle.tolist()),
    )
