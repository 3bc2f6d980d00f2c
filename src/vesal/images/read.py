"""Opens any image that vesal reads; the content decides, not the name."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from vesal.errors import GeometryError, ImageError
from vesal.images.dicom import Listed, list_dicom, looks_like_dicom, looks_like_zip, read_dicom
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
    (looks_like_raster, read_raster),
    (looks_like_metaimage, read_metaimage),
)


def open_image(path: str | os.PathLike[str], *, series: str | int | None = None) -> Image:
    """Return the image of a file, or of a folder, DICOMDIR or zip file with DICOM series.

    Reads NIfTI, NRRD, MetaImage (MHA, MHD), DICOM, PNG, JPEG and TIFF. What was irregular in a
    DICOM series and how it was mended is in `image.source.notes`.

    Args:
        path: of a file or folder.
        series: which DICOM series is meant where there are several: its number in the list that
            the error shows, its SeriesInstanceUID or the beginning or end of it, or a part of its
            description.

    Raises:
        ImageError: if there is nothing, nothing that can be read whole, or it is not clear which
            series is meant.
        GeometryError: if its grid makes no sense.
        ResourceError: if it does not fit into memory.
    """
    path = Path(path)
    with _named(path):
        decoded = _decoded(path, series)
    return Image(array=decoded.array, grid=decoded.grid, source=decoded.source)


def list_series(path: str | os.PathLike[str]) -> tuple[Listed, ...]:
    """Return the DICOM series that `open_image` lets choose; none for a file of another format.

    Raises:
        ImageError: if there is nothing, or a DICOM header is damaged.
        ResourceError: if a zip file does not fit on the disk.
    """
    path = Path(path)
    with _named(path):
        return list_dicom(path) if _is_dicom(path) else ()


def looks_like_image(path: Path) -> bool:
    """Tell from a file's first bytes whether `open_image` would try to read it; a zip file too.

    Raises:
        OSError: if it cannot be read.
    """
    head = unpacked_head(path, _HEAD_BYTES)
    known = (looks_like_dicom, looks_like_zip, *(looks for looks, _ in _READERS))
    return any(looks_right(head) for looks_right in known)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Say of which file an error is, unless it says so itself."""
    try:
        with np.errstate(all="ignore"):  # wild numbers of a header are judged by Grid and Image
            yield
    except (GeometryError, ImageError) as error:
        if path.name in str(error):
            raise
        msg = f"{path.name}: {error}"
        raise type(error)(msg) from error
    except OSError as error:
        msg = f"{path} cannot be read ({error.strerror or error}): give an image that exists"
        raise ImageError(msg) from error


def _is_dicom(path: Path) -> bool:
    if path.is_dir():
        return True
    head = unpacked_head(path, _HEAD_BYTES)
    return looks_like_dicom(head) or looks_like_zip(head)


def _decoded(path: Path, series: str | int | None) -> Decoded:
    if _is_dicom(path):
        return read_dicom(path, series)
    head = unpacked_head(path, _HEAD_BYTES)
    for looks_right, reader in _READERS:
        if looks_right(head):
            if series is not None:
                msg = f"only DICOM has series, but {path.name} is another format, got {series!r}"
                raise ImageError(msg)
            return reader(path)
    if not head:
        msg = f"{path.name} is empty; give an image"
        raise ImageError(msg)
    msg = (
        f"{path.name} is none of NIfTI, NRRD, MetaImage, DICOM, PNG, JPEG and TIFF, "
        f"it begins with {head[:16]!r}"
    )
    raise ImageError(msg)
