"""Volumes of a curated set on the disk: whole or not there, and an image once for all masks."""

import os
import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vesal.arrays import MaskArray, Voxels
from vesal.errors import ResourceError
from vesal.geometry import Grid
from vesal.images.nifti import write_volume
from vesal.images.write import replacing

SUFFIX = ".nii.gz"


def write_image(path: Path, array: Voxels, grid: Grid) -> None:
    """Write an image; whole numbers in 16 bits where they fit, others as float32.

    Raises:
        ResourceError: the disk refuses.
    """
    _write(path, _compact(array), grid)


def write_label(path: Path, mask: MaskArray, grid: Grid) -> None:
    """Write a mask as uint8, 0 and 1.

    Raises:
        ResourceError: the disk refuses.
    """
    _write(path, mask.astype(np.uint8), grid)


def link(path: Path, first: Path) -> None:
    """Give a file a second name; a copy where the file system has no hard links.

    Raises:
        ResourceError: the disk refuses.
    """
    _make_parents(path)
    with replacing(path, SUFFIX) as temporary:
        try:
            os.link(first, temporary)
        except OSError:  # no hard links here, or too many
            shutil.copyfile(first, temporary)


def _write(path: Path, array: NDArray[np.generic], grid: Grid) -> None:
    _make_parents(path)
    with replacing(path, SUFFIX) as temporary:
        write_volume(temporary, array, grid)


def _make_parents(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"{path.parent} cannot be made ({error.strerror}); choose a folder with room"
        raise ResourceError(msg) from error


def _compact(array: Voxels) -> NDArray[np.generic]:
    if array.dtype.kind not in "biu":
        return array.astype(np.float32)
    low, high = int(array.min()), int(array.max())
    for dtype in (np.int16, np.uint16, np.int32):
        limits = np.iinfo(dtype)
        if limits.min <= low and high <= limits.max:
            return array.astype(dtype)
    return array.astype(np.float32)
