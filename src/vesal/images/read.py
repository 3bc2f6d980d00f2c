"""Opens any image that vesal reads; the content decides, not the name."""

import os
from pathlib import Path

from vesal.errors import GeometryError, ImageError
from vesal.images.image import Image
from vesal.images.nifti import looks_like_nifti, read_nifti, unpacked_head
from vesal.images.source import Decoded

_HEAD_BYTES = 4096


def open_image(path: str | os.PathLike[str]) -> Image:
    """Return the image of a file, or of a folder with one DICOM series.

    Reads NIfTI, NRRD, MetaImage (MHA, MHD), DICOM, PNG, JPEG and TIFF.

    Raises:
        ImageError: if there is nothing, or nothing that can be read whole.
        GeometryError: if its grid makes no sense.
        ResourceError: if it does not fit into memory.
    """
    path = Path(path)
    try:
        decoded = _decoded(path)
    except GeometryError as error:
        msg = f"{path.name}: {error}"
        raise GeometryError(msg) from error
    except OSError as error:
        msg = f"{path} cannot be read ({error.strerror or error}): give an image that exists"
        raise ImageError(msg) from error
    return Image(array=decoded.array, grid=decoded.grid, source=decoded.source)


def _decoded(path: Path) -> Decoded:
    head = unpacked_head(path, _HEAD_BYTES)
    if looks_like_nifti(head):
        return read_nifti(path)
    msg = f"{path.name} is no image"
    raise ImageError(msg)
