"""Masks to files: the writer is chosen by the suffix, and nothing is left half written."""

import os
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vesal.arrays import Numbers
from vesal.errors import ImageError, ResourceError
from vesal.geometry.grid import Grid
from vesal.images.metaimage import write_metaimage
from vesal.images.nifti import write_nifti
from vesal.images.nrrd import write_nrrd
from vesal.images.raster import write_png, write_tiff
from vesal.images.source import Source

Writer = Callable[[Path, Numbers, Grid, Source], None]

_WRITERS: dict[str, Writer] = {
    ".nii.gz": write_nifti,
    ".nii": write_nifti,
    ".nrrd": write_nrrd,
    ".mha": write_metaimage,
    ".mhd": write_metaimage,
    ".png": write_png,
    ".tif": write_tiff,
    ".tiff": write_tiff,
}


def save_mask(path: Path, mask: Numbers, grid: Grid, source: Source) -> Path:
    """Write a mask, or label numbers, on exactly its grid and return the path.

    An existing file is replaced in one step; after a failure it is still the old one.

    Raises:
        ImageError: if the suffix is unknown or its format cannot hold the mask's grid.
        ResourceError: if the folder is missing or full or may not be written to.
    """
    suffix = _suffix(path)
    with replacing(path, suffix) as temporary:
        _WRITERS[suffix](temporary, mask, grid, source)
    return path


@contextmanager
def replacing(path: Path, suffix: str, *, lasting: bool = True) -> Iterator[Path]:
    """Give a temporary path in the same folder that takes the place of `path` at the end.

    The temporary file ends in `suffix`; it is removed if anything goes wrong.

    Args:
        path: of the file.
        suffix: of the temporary one.
        lasting: whether it outlives a loss of power afterwards. That takes some 10 ms, and is
            given up only for what is checked when it is read, and can be made anew.

    Raises:
        ResourceError: if the disk refuses.
    """
    temporary = path.parent / f".vesal-{uuid.uuid4().hex[:12]}{suffix}"
    try:
        yield temporary
        if lasting:
            move(temporary, path)
        else:
            os.replace(temporary, path)
    except OSError as error:
        msg = f"{path} cannot be written ({error.strerror or error}): choose a folder with room"
        raise ResourceError(msg) from error
    finally:
        with suppress(OSError):  # as where the "folder" is a file
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8, line ends as they are; an existing file is replaced in one step.

    Raises:
        ResourceError: if the disk refuses.
    """
    with replacing(path, path.suffix) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


def move(temporary: Path, path: Path) -> None:
    """Give a finished file its name, in one step and for good: a loss of power undoes nothing.

    Raises:
        OSError: if the disk refuses.
    """
    settle(temporary)
    os.replace(temporary, path)
    settle(path.parent)


def settle(path: Path) -> None:
    """Wait until a file, or the names in a folder, would outlive a loss of power.

    Raises:
        OSError: if the disk refuses.
    """
    if sys.platform == "win32":  # which syncs no folder, and a file for those who may write
        if path.is_dir():
            return
        number = os.open(path, os.O_RDWR)
    else:
        number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def make_folder(folder: Path) -> None:
    """Make a folder for results if it is not there, but none above it.

    Raises:
        ResourceError: the one above it does not exist, or the disk refuses.
    """
    if not folder.absolute().parent.is_dir():
        msg = f"the folder {folder.parent} for {folder.name} does not exist; make it first"
        raise ResourceError(msg)
    if folder.exists() and not folder.is_dir():
        msg = f"{folder} is a file; give a folder for the results"
        raise ResourceError(msg)
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        msg = f"{folder} cannot be made ({error.strerror}); give a folder for the results"
        raise ResourceError(msg) from error


def _suffix(path: Path) -> str:
    name = path.name.lower()
    for suffix in _WRITERS:  # .nii.gz comes before anything it could be mistaken for
        if name.endswith(suffix) and len(name) > len(suffix):
            return suffix
    msg = f"a mask file must end in one of {', '.join(_WRITERS)}, got {path.name!r}"
    raise ImageError(msg)
