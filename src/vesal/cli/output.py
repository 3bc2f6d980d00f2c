"""Refuses a result that could not be written, before anything is computed."""

import tempfile
from pathlib import Path

import numpy as np

from vesal.errors import ImageError, ResourceError
from vesal.images import Image, Mask, Source
from vesal.images.picture import check_picture_path
from vesal.labels import LabelMap, Segment

_DICOM = ".dcm"
_NAMED = (".seg.nrrd", ".stl", ".obj", _DICOM)


def check_paths(scan: Path, results: tuple[Path, ...], picture: Path | None) -> None:
    """Refuse results in missing folders, over the scan, or over each other.

    Args:
        scan: what is read.
        results: all that will be written.
        picture: the one of them that is a picture, if there is one.

    Raises:
        ImageError: if two paths are the same, or the picture is not to be PNG.
        ResourceError: if a folder does not exist.
    """
    for path in results:
        if not path.parent.is_dir():
            msg = f"the folder {path.parent} of {path.name} does not exist; make it first"
            raise ResourceError(msg)
        if path.is_dir():
            msg = f"{path} is a folder; give the name of a file"
            raise ImageError(msg)
    places = [path.resolve() for path in (scan, *results)]
    if len(set(places)) < len(places):
        names = ", ".join(str(path) for path in (scan, *results))
        msg = f"scan and results must be different files, got {names}; choose another name"
        raise ImageError(msg)
    if picture is not None:
        check_picture_path(picture)


def rehearse(output: Path, image: Image) -> None:
    """Write a mask of one voxel beside `output` under its name, and delete it again.

    This asks the very writer that will be used: a suffix it does not know, a grid it cannot
    hold, or a folder it may not write to is met in milliseconds.

    Raises:
        ImageError: if the format of the suffix cannot hold the mask.
        ResourceError: if the folder may not be written to.
    """
    ndim = image.grid.ndim
    corner = image.grid.crop((0,) * ndim, (1,) * ndim)
    mask = Mask(array=np.ones(corner.shape, np.bool_), grid=corner, source=Source())
    segment = Segment(number=1, name="rehearsal", colour=(0, 0, 0))
    one = np.ones(corner.shape, np.uint8)
    labels = LabelMap(array=one, grid=corner, segments=(segment,))
    if output.name.lower().endswith(_DICOM):
        if image.source.format != "DICOM":
            msg = f"{output.name} must refer to a DICOM series, but {image.source.name} is none"
            raise ImageError(msg)
        return
    try:
        with tempfile.TemporaryDirectory(dir=output.parent, prefix=".vesal-") as folder:
            save_result(Path(folder) / output.name, mask, labels)
    except OSError as error:
        msg = f"{output.parent} cannot be written to ({error.strerror}); choose another folder"
        raise ResourceError(msg) from error


def save_result(output: Path, mask: Mask, labels: LabelMap) -> None:
    """Write a mask; in formats that hold names or surfaces, as the label map of that one object.

    Raises:
        ImageError: if the format of the suffix cannot hold it.
        ResourceError: if the folder may not be written to.
    """
    if output.name.lower().endswith(_NAMED):
        labels.save(output)
    else:
        mask.save(output)
