"""Refuses a result that could not be written, before anything is computed."""

import tempfile
from pathlib import Path

import numpy as np

from vesal.errors import ImageError, ResourceError
from vesal.images import Image, Mask, Source
from vesal.images.picture import check_picture_path


def check_paths(scan: Path, output: Path, picture: Path | None) -> None:
    """Refuse results in missing folders, over the scan, or over each other.

    Raises:
        ImageError: if two paths are the same, or the picture is not to be PNG.
        ResourceError: if a folder does not exist.
    """
    results = [output] if picture is None else [output, picture]
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
        msg = f"scan, mask and picture must be different files, got {names}; choose another name"
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
    mask = Mask(array=np.zeros(corner.shape, np.bool_), grid=corner, source=Source())
    try:
        with tempfile.TemporaryDirectory(dir=output.parent, prefix=".vesal-") as folder:
            mask.save(Path(folder) / output.name)
    except OSError as error:
        msg = f"{output.parent} cannot be written to ({error.strerror}); choose another folder"
        raise ResourceError(msg) from error
