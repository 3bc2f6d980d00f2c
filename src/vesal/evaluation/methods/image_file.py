"""An image as a file for a program outside: its own file, or a new one of the plainest format."""

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from PIL import Image as Pillow

from vesal.arrays import Voxels
from vesal.errors import ResourceError, VesalError
from vesal.images import Image, open_image

_NIFTI_TYPES = ("uint8", "int8", "int16", "uint16", "int32", "uint32", "float32", "float64")


def own_file(image: Image) -> Path | None:
    """The file that an image was opened from, if it is one, is there and holds just this image.

    An image that was resampled or cut still names the file that it came from, so both are compared.
    """
    path = image.source.path
    if path is None or not path.is_file():
        return None
    try:
        there = open_image(path)
    except VesalError:  # such as a case of the challenge, which is no image file
        return None
    same = there.grid.same_as(image.grid) and np.array_equal(there.array, image.array)
    return path if same else None


def write_image(image: Image, folder: Path) -> Path:
    """The path of a new file: NIfTI for a volume, PNG for a raster, TIFF where PNG cannot hold it.

    Raises:
        ResourceError: the disk refuses.
    """
    try:
        if image.grid.ndim == 3:
            return _nifti(image, folder / "image.nii.gz")
        return _picture(image.array, folder)
    except OSError as error:
        msg = f"{folder} cannot be written to ({error.strerror or error}): make room there"
        raise ResourceError(msg) from error


def _nifti(image: Image, path: Path) -> Path:
    array = image.array
    kept = array.dtype.name if array.dtype.name in _NIFTI_TYPES else "float32"
    if array.dtype.kind == "b":
        kept = "uint8"
    kind: Any = nib.Nifti1Image
    file = kind(array.astype(kept), image.grid.affine)
    file.header.set_xyzt_units("mm")
    file.to_filename(path)
    return path


def _picture(array: Voxels, folder: Path) -> Path:
    if array.dtype.kind == "b":
        array = array.astype(np.uint8)
    fits_png = array.dtype in (np.uint8, np.uint16)
    path = folder / ("image.png" if fits_png else "image.tif")
    Pillow.fromarray(np.ascontiguousarray(array if fits_png else array.astype(np.float32))).save(
        path
    )
    return path
