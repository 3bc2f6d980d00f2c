"""Label maps to files: the suffix chooses the format, and nothing is left half written."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from vesal.arrays import LabelArray, Numbers
from vesal.errors import ImageError
from vesal.geometry.grid import Grid
from vesal.images.metaimage import write_metaimage
from vesal.images.nifti import write_nifti
from vesal.images.nrrd import write_nrrd
from vesal.images.raster import write_png, write_tiff
from vesal.images.source import Source
from vesal.images.write import replacing
from vesal.labels.caret import label_table
from vesal.labels.dicom_seg import write_seg
from vesal.labels.labelled import Labelled
from vesal.labels.mesh import write_obj, write_stl
from vesal.labels.rtstruct import write_rtstruct
from vesal.labels.seg_nrrd import segment_facts
from vesal.labels.segment import Segment

_UNSAFE = re.compile(r"[^\w.+-]+")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # by Windows


def save_labels(path: Path, labels: Labelled) -> Path:
    """Write a label map on exactly its grid and return the path.

    An existing file is replaced in one step; after a failure it is still the old one.

    Raises:
        ImageError: if the suffix is unknown or its format cannot hold the map.
        ResourceError: if the folder is missing or full or may not be written to, or a package that
            the format needs is missing.
    """
    suffix = check_suffix(path)
    with replacing(path, suffix) as temporary:
        _WRITERS[suffix](temporary, labels)
    return path


def check_suffix(path: Path) -> str:
    """The suffix of a file that can hold a label map.

    Raises:
        ImageError: if there is no such format.
    """
    name = path.name.lower()
    for suffix in _WRITERS:  # longer ones come before those that they end in
        if name.endswith(suffix) and len(name) > len(suffix):
            return suffix
    msg = f"a file of labels must end in one of {', '.join(_WRITERS)}, got {path.name!r}"
    raise ImageError(msg)


def safe_names(names: list[str]) -> list[str]:
    """Names of files, a different one for each name in whatever letters, on every system."""
    taken: set[str] = set()
    last: dict[str, int] = {}  # number of each stem: thousands of images may all be called "ct"
    safe = []
    for name in names:
        stem = _UNSAFE.sub("_", name).strip("._ ") or "segment"
        stem = f"{stem}_" if _RESERVED.fullmatch(stem) else stem
        free, number = stem, last.get(stem.lower(), 1)
        while free.lower() in taken:
            number += 1
            free = f"{stem}-{number}"
        last[stem.lower()] = number
        taken.add(free.lower())
        safe.append(free)
    return safe


def _nifti(path: Path, one: Labelled) -> None:
    table = label_table(one.segments)
    write_nifti(path, one.array, one.grid, one.source, extension=table)


def _seg_nrrd(path: Path, one: Labelled) -> None:
    facts = segment_facts(one.array, one.segments)
    write_nrrd(path, one.array, one.grid, one.source, facts=facts)


def _plain(
    write: Callable[[Path, Numbers, Grid, Source], None],
) -> Callable[[Path, Labelled], None]:
    """A format that holds numbers and no names."""
    return lambda path, one: write(path, one.array, one.grid, one.source)


def _mesh(
    write: Callable[[Path, LabelArray, Grid, Sequence[Segment]], None],
) -> Callable[[Path, Labelled], None]:
    return lambda path, one: write(path, one.array, one.grid, one.segments)


_WRITERS: dict[str, Callable[[Path, Labelled], None]] = {
    ".nii.gz": _nifti,
    ".nii": _nifti,
    ".seg.nrrd": _seg_nrrd,
    ".nrrd": _plain(write_nrrd),
    ".mha": _plain(write_metaimage),
    ".mhd": _plain(write_metaimage),
    ".png": _plain(write_png),
    ".tif": _plain(write_tiff),
    ".tiff": _plain(write_tiff),
    ".stl": _mesh(write_stl),
    ".obj": _mesh(write_obj),
    ".rtstruct.dcm": write_rtstruct,
    ".seg.dcm": write_seg,
    ".dcm": write_seg,
}
