"""A label that a client sent, checked, and in a format that keeps its names."""

from pathlib import Path

import numpy as np

from vesal.images.allowance import at_most
from vesal.labels import LabelMap, Segment, open_labels
from vesal.labels.palette import colour_of
from vesal.server.fields import Record
from vesal.server.limits import Limits
from vesal.server.monai.asked import rows_of
from vesal.server.monai.sent_files import bare_labels
from vesal.server.scans import Scan
from vesal.server.uploads import opened


def sent_label(file: Path, params: Record, scan: Scan, limits: Limits) -> Path:
    """A file that holds the label with the names of its segments.

    Args:
        file: as it was sent; `.bin` is a byte for each voxel of the image, as OHIF sends it.
        params: with label_info, names and numbers.
        scan: that was labelled.
        limits: on what is opened.

    Raises:
        ConfigError: a label_info that is none.
        ImageError: no labels, or not of this image.
    """
    names = _names(params)
    if not file.name.endswith(".bin"):
        with at_most(limits.image_bytes):
            labels = open_labels(file)
        if not names or file.name.endswith(".seg.nrrd"):
            return file  # it says all that is known
        return _named(labels, names).save(file.with_name("label.nii.gz"))
    image = opened(scan.path, None, limits)
    array = bare_labels(file, image.grid.shape)
    segments = tuple(_segment(int(n), names) for n in np.unique(array) if n)
    made = LabelMap(array=array, grid=image.grid, segments=segments, source=image.source)
    return made.save(file.with_name("label.nii.gz"))


def _named(labels: LabelMap, names: dict[int, str]) -> LabelMap:
    segments = tuple(_segment(one.number, names) for one in labels.segments)
    return LabelMap(array=labels.array, grid=labels.grid, segments=segments, source=labels.source)


def _segment(number: int, names: dict[int, str]) -> Segment:
    name = names.get(number, f"object {number}")
    return Segment(number=number, name=name, colour=colour_of(number))


def _names(params: Record) -> dict[int, str]:
    """Names by number; of those that are no names nothing is kept."""
    found: dict[int, str] = {}
    for row in rows_of(params):
        number = row.get("idx", row.get("id"))
        name = str(row.get("name", ""))[:64]
        if isinstance(number, int) and 0 < number < 2**16 and name.strip() and name.isprintable():
            found[number] = name
    return found
