"""PNG, JPEG and TIFF in by Pillow; masks out as PNG or TIFF, 0 and 255.

None of them says where its pixels are in a body, so their world is pixels: resolution
tags are about printing. A TIFF of many pages is a volume.
"""

import ctypes
import io
import logging
import struct
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import _imaging

from vesal.arrays import Numbers, Voxels
from vesal.errors import ImageError
from vesal.geometry.frames import lps_to_ras, transposed
from vesal.geometry.grid import Grid
from vesal.images.allowance import check_size
from vesal.images.bounded import BoundedFile
from vesal.images.source import Decoded, Source

# At least one bit a pixel before deflate (1032 to 1); JPEG and fax codes stay below it too.
_MOST_PIXELS_PER_BYTE = 8256
_BYTES_PER_PIXEL = 4  # at most, but for rare TIFFs of doubles
_SAMPLE_BITS, _SAMPLE_FORMAT = 258, 339  # TIFF tags
# Pillow gives these TIFF samples (bits, format) in another type of the same bits, or wider.
_SAMPLE_TYPES: dict[tuple[int, int], type[np.generic]] = {
    (8, 2): np.int8,
    (16, 2): np.int16,
    (32, 1): np.uint32,
}
# What Pillow raises on damaged files; UnidentifiedImageError is an OSError.
_PILLOW_ERRORS = (
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    MemoryError,
    UserWarning,
    struct.error,
)
_GREY_MODES = ("L", "I", "F", "I;16", "I;16B", "I;16L", "I;16N")
_ALPHA_MODES = ("LA", "La", "PA", "RGBA", "RGBa")

_Page = NDArray[np.generic]  # (row, column) or (row, column, 3)


def looks_like_raster(head: bytes) -> bool:
    """Tell from a file's first bytes whether it is PNG, JPEG or TIFF."""
    magics = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
    return head.startswith(magics)


def read_raster(path: Path) -> Decoded:
    """Return a raster (row, column), grey or red-green-blue, or the volume of a TIFF stack.

    Palettes become colours, see-through pixels darken towards black, colours whose channels
    are all equal become grey. A stack is (column, row, page) with LPS axes, as in ITK.

    Raises:
        ImageError: if the file is cut short, animated, or its pages differ.
    """
    _hush_tiff()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's remarks on odd metadata
        warnings.filterwarnings("error", message="Corrupt")  # a TIFF directory cut short
        try:
            with (
                BoundedFile(path) as file,
                Pillow.open(file, formats=("PNG", "JPEG", "TIFF")) as picture,
            ):
                kind = "JPEG" if picture.format == "MPO" else str(picture.format)
                pages = _pages(picture, kind, path)
        except ImageError:
            raise  # ours; it is a ValueError too
        except Pillow.DecompressionBombError as error:
            msg = f"{path.name} has more pixels than vesal opens in one picture ({error})"
            raise ImageError(msg) from error
        except _PILLOW_ERRORS as error:
            msg = f"{path.name} is cut short, damaged, or of a kind that Pillow cannot read"
            raise ImageError(msg) from error
    array = pages[0] if len(pages) == 1 else _stacked(pages, path)
    grid = _stack_grid(array.shape) if len(pages) > 1 else _raster_grid(array.shape[:2])
    source = Source(path=path, format=kind, spacing_known=False)
    return Decoded(array=array, grid=grid, source=source)


def write_png(path: Path, array: Numbers, grid: Grid, _source: Source) -> None:
    """Write a 2D mask as 8-bit grey, 0 and 255, or numbers as grey of 8 or 16 bits.

    Raises:
        ImageError: if the mask is a volume.
    """
    if grid.ndim != 2:
        msg = (
            f"PNG holds one 2D picture, the mask is a volume of {grid.ndim} axes; "
            "save it as .nii.gz, .nrrd or .mha"
        )
        raise ImageError(msg)
    Pillow.fromarray(_grey(array)).save(path, format="PNG")


def write_tiff(path: Path, array: Numbers, grid: Grid, _source: Source) -> None:
    """Write a mask as deflated 8-bit grey, 0 and 255, or numbers; a stack page by page.

    Raises:
        ImageError: if the mask is a volume in millimetres, which TIFF cannot place.
    """
    if grid.ndim == 3 and not grid.same_as(_stack_grid(grid.shape)):
        msg = (
            "TIFF cannot hold the spacing and directions of a volume; "
            "save the mask as .nii.gz, .nrrd or .mha"
        )
        raise ImageError(msg)
    pages = array[np.newaxis] if grid.ndim == 2 else array.T
    first, *more = [Pillow.fromarray(_grey(page)) for page in pages]
    packed = io.BytesIO()  # libtiff does not say why a disk refuses, and prints to stderr
    first.save(
        packed, format="TIFF", compression="tiff_deflate", save_all=bool(more), append_images=more
    )
    path.write_bytes(packed.getbuffer())


@cache
def _hush_tiff() -> None:
    """Keep Pillow and its libtiff from writing to the terminal; what matters is raised too.

    Pillow has no word for libtiff. Where that cannot be asked, as on Windows, it may speak.
    """
    logging.getLogger("PIL.TiffImagePlugin").setLevel(logging.CRITICAL)
    try:
        library = ctypes.CDLL(_imaging.__file__)
        library.TIFFSetErrorHandler(None)
        library.TIFFSetWarningHandler(None)
    except (OSError, AttributeError):
        return


def _pages(picture: Pillow.Image, kind: str, path: Path) -> list[_Page]:
    count = 1 if kind == "JPEG" else getattr(picture, "n_frames", 1)
    pixels = 0
    for page in range(count):  # only headers so far
        picture.seek(page)
        pixels += picture.width * picture.height
    _check_claim(pixels, count, kind, path)
    pages = []
    for page in range(count):
        picture.seek(page)
        pages.append(_values(picture))
    return pages


def _check_claim(pixels: int, count: int, kind: str, path: Path) -> None:
    check_size(pixels * _BYTES_PER_PIXEL, path.name)
    size_bytes = path.stat().st_size
    if kind == "PNG" and count > 1:
        msg = f"{path.name} is an animated PNG of {count} frames; give one picture"
        raise ImageError(msg)
    if pixels > size_bytes * _MOST_PIXELS_PER_BYTE or (kind == "PNG" and not _png_ends(path)):
        msg = (
            f"{path.name} is cut short or damaged: it promises {pixels:,} pixels, more than "
            f"its {size_bytes:,} bytes hold"
        )
        raise ImageError(msg)


def _png_ends(path: Path) -> bool:
    """True if the closing chunk is there; Pillow does without it."""
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - 4096, 0))
        return b"IEND\xaeB`\x82" in file.read()  # its name and checksum


def _values(picture: Pillow.Image) -> _Page:
    """Decode the current page to grey of its own type, or to (row, column, 3) uint8."""
    mode = picture.mode
    if mode in _GREY_MODES:
        values = np.array(picture)
        values = values.astype(values.dtype.newbyteorder("="), copy=False)
        return values.astype(_SAMPLE_TYPES.get(_sample(picture), values.dtype), copy=False)
    if mode == "1":
        return np.array(picture.convert("L"))
    if mode in _ALPHA_MODES or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        black = Pillow.new("RGBA", layer.size, (0, 0, 0, 255))
        picture = Pillow.alpha_composite(black, layer)
    colours = np.array(picture.convert("RGB"))
    return colours[..., 0] if _is_grey(colours) else colours


def _sample(picture: Pillow.Image) -> tuple[int, int]:
    """Bits and sample format of a TIFF page, (0, 0) elsewhere."""
    tags = getattr(picture, "tag_v2", None)
    if tags is None:
        return 0, 0
    return int(tags.get(_SAMPLE_BITS, (0,))[0]), int(tags.get(_SAMPLE_FORMAT, (1,))[0])


def _is_grey(colours: NDArray[np.uint8]) -> bool:
    return bool((colours == colours[..., :1]).all())


def _stacked(pages: list[_Page], path: Path) -> Voxels:
    kinds = {(page.shape, str(page.dtype)) for page in pages}
    if len(kinds) > 1 or pages[0].ndim != 2:
        shapes = ", ".join(sorted(str(shape) for shape, _ in kinds)[:3])
        msg = f"{path.name} must have grey pages of one size and type, got pages of {shapes}"
        raise ImageError(msg)
    return np.stack(pages).T  # (column, row, page), column fastest in memory


def _raster_grid(shape: tuple[int, ...]) -> Grid:
    """One mm a pixel, for want of better: index (row, column) is world (y, x)."""
    return Grid(shape=shape, affine=transposed(np.eye(3)))


def _stack_grid(shape: tuple[int, ...]) -> Grid:
    return Grid(shape=shape, affine=lps_to_ras(np.eye(4)))


def _grey(array: Numbers) -> NDArray[Any]:
    values = np.ascontiguousarray(array)
    return values.astype(np.uint8) * np.uint8(255) if values.dtype == np.bool_ else values
