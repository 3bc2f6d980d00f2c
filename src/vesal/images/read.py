"""Opens any image that vesal reads; the content decides, not the name."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from vesal.errors import GeometryError, ImageError
from vesal.images.dicom import looks_like_dicom, read_dicom
from vesal.images.image import Image
from vesal.images.metaimage import looks_like_metaimage, read_metaimage
from vesal.images.nifti import looks_like_nifti, read_nifti, unpacked_head
from vesal.images.nrrd import looks_like_nrrd, read_nrrd
from vesal.images.raster import looks_like_raster, read_raster
from vesal.images.source import Decoded

_HEAD_BYTES = 4096
_READERS: tuple[tuple[Callable[[bytes], bool], Callable[[Path], Decoded]], ...] = (
    (looks_like_nifti, read_nifti),
    (looks_like_nrrd, read_nrrd),
    (looks_like_dicom, read_dicom),
    (looks_like_raster, read_raster),
    (looks_like_metaimage, read_metaimage),
)


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
        with np.errstate(all="ignore"):  # wild numbers of a header are judged by Grid and Image
            decoded = _decoded(path)
    except GeometryError as error:
        msg = f"{path.name}: {error}"
        raise GeometryError(msg) from error
    except OSError as error:
        msg = f"{path} cannot be read ({error.strerror or error}): give an image that exists"
        raise ImageError(msg) from error
    return Image(array=decoded.array, grid=decoded.grid, source=decoded.source)


def _decoded(path: Path) -> Decoded:
    if path.is_dir():
        return read_dicom(path)
    head = unpacked_head(path, _HEAD_BYTES)
    for looks_right, reader in _READERS:
        if looks_right(head):
            return reader(path)
    if not head:
        msg = f"{path.name} is empty; give an image"
        raise ImageError(msg)
    msg = (
        f"{path.name} is none of NIfTI, NRRD, MetaImage, DICOM, PNG, JPEG and TIFF, "
        f"it begins with {head[:16]!r}"
    )
    raise ImageError(msg)
