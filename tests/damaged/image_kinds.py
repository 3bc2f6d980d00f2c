# Neither nibabel nor SimpleITK annotates all of its functions:
# mypy: disable-error-code="no-untyped-call"
"""Images and label maps of one file, as other software writes them."""

import gzip
import struct
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import SimpleITK
from numpy.typing import NDArray
from PIL import Image as Pillow

from tests.damaged.kind import Kind, Whole, whole
from tests.images import foreign
from vesal.geometry import Grid
from vesal.images import Image, Mask, open_image
from vesal.labels import LabelMap, Segment, open_labels

GRID = Grid(
    shape=(6, 5, 4), affine=np.array([[0, -2.0, 0, 7], [1.5, 0, 0, -3], [0, 0, 3, 2], [0, 0, 0, 1]])
)
SEGMENTS = (
    Segment(number=1, name="liver", colour=(200, 90, 60)),
    Segment(number=3, name="left kidney", colour=(20, 90, 160)),
)


def read_image(path: Path) -> Image:
    """The image, every voxel of it."""
    return sane(open_image(path))


def sane(image: object) -> Image:
    """The image, if it is one."""
    assert isinstance(image, Image), type(image)
    assert min(image.array.shape) > 0, image.array.shape
    assert np.isfinite(image.grid.affine).all()
    assert np.isfinite(image.grey()).all() or image.array.dtype == np.float64
    assert repr(image)
    return image


def read_labels(path: Path) -> LabelMap:
    """The label map, its numbers and names."""
    labels = open_labels(path)
    numbers = {segment.number for segment in labels.segments}
    assert set(np.unique(labels.array).tolist()) <= {0, *numbers}
    assert all(segment.name.isprintable() for segment in labels.segments)
    return labels


def read_and_save(path: Path) -> None:
    """The image, and a mask on its grid, which repeats its header; read back, it lies there."""
    image = read_image(path)
    mask = Mask(array=image.array > image.array.min(), grid=image.grid, source=image.source)
    saved = mask.save(path.with_name("mask" + "".join(path.suffixes[-2:])))
    assert open_image(saved).grid.same_as(image.grid, 1e-3 * max(image.grid.spacing_mm))


def numbers(dtype: type = np.int16) -> NDArray[Any]:
    """Voxels on `GRID`."""
    return foreign.values(GRID.shape, dtype)


def label_map() -> LabelMap:
    """A map of two labels."""
    array = np.zeros(GRID.shape, np.uint8)
    array[1:3, 1:3, 1:3], array[4, 4, 3] = 1, 3
    return LabelMap(array=array, grid=GRID, segments=SEGMENTS)


def _nifti(folder: Path, name: str, dtype: type = np.int16, **fields: object) -> Path:
    return foreign.write_nifti(folder / name, numbers(dtype), GRID.affine, **fields)


def _inside_gzip(folder: Path) -> Whole:
    core = _nifti(folder, "a.nii").read_bytes()
    return Whole(path=folder / "a.nii.gz", core=core, wrap=partial(gzip.compress, compresslevel=1))


def _nifti2(folder: Path) -> Path:
    nib.Nifti2Image(numbers(), GRID.affine).to_filename(folder / "a.nii")
    return folder / "a.nii"


def _pair(folder: Path) -> Path:
    nib.Nifti1Pair(numbers(), GRID.affine).to_filename(folder / "a.hdr")
    return folder / "a.hdr"


def _nrrd(folder: Path, encoding: str, name: str = "a.nrrd") -> Path:
    return foreign.write_nrrd(folder / name, numbers(), GRID, encoding=encoding)


def _metaimage(folder: Path, name: str, *, packed: bool = False) -> Path:
    SimpleITK.WriteImage(foreign.itk_image(numbers(), GRID), str(folder / name), packed)
    return folder / name


def _picture(folder: Path, name: str, mode: str, **how: Any) -> Path:
    """A picture of noise; a palette of fewer colours where the mode has one."""
    shape = (9, 8, 3) if mode in ("RGB", "P") else (9, 8)
    dtype = np.uint16 if mode == "I;16" else np.uint8
    picture = Pillow.fromarray(foreign.values(shape, dtype))
    if mode == "P":
        picture = picture.quantize(7)
    if mode == "1":
        picture = picture.point(lambda value: 255 * (value > 60), "1")
    picture.save(folder / name, **how)
    return folder / name


def _stack(folder: Path) -> Path:
    first, *more = [Pillow.fromarray(page) for page in foreign.values((3, 9, 8), np.uint8)]
    first.save(
        folder / "a.tiff", save_all=True, append_images=more, compression="tiff_adobe_deflate"
    )
    return folder / "a.tiff"


def right_checksums(content: bytes) -> bytes:
    """A PNG whose chunks have the checksums of what is in them, as far as it has chunks."""
    done, at = content[:8], 8
    while at + 12 <= len(content):
        (length,) = struct.unpack(">I", content[at : at + 4])
        body = content[at + 4 : at + 8 + length]
        done += content[at : at + 4] + body + struct.pack(">I", zlib.crc32(body))
        at += 12 + length
    return done + content[at:]


def _written(
    write: Callable[[Path], Path], wrap: Callable[[bytes], bytes] | None = None
) -> Callable[[Path], Whole]:
    """How a whole file is made, from what writes one."""
    return lambda folder: whole(write(folder), wrap) if wrap else whole(write(folder))


def _saved_labels(name: str) -> Callable[[Path], Whole]:
    return lambda folder: whole(Path(label_map().save(folder / name)))


IMAGES: dict[str, tuple[int, Callable[[Path], Path]]] = {
    "nii": (930, partial(_nifti, name="a.nii")),
    "nii of floats": (
        310,
        partial(_nifti, name="a.nii", dtype=np.float32, scl_slope=0.5, scl_inter=3),
    ),
    "nii.gz": (430, partial(_nifti, name="a.nii.gz")),
    "nii of version 2": (310, _nifti2),
    "hdr": (310, _pair),
    "nrrd": (620, partial(_nrrd, encoding="raw")),
    "nrrd of gzip": (310, partial(_nrrd, encoding="gzip")),
    "nrrd of bzip2": (180, partial(_nrrd, encoding="bzip2")),
    "nrrd of text": (180, partial(_nrrd, encoding="ascii")),
    "nhdr": (310, partial(_nrrd, encoding="raw", name="a.nhdr")),
    "mha": (620, partial(_metaimage, name="a.mha")),
    "mha of zlib": (430, partial(_metaimage, name="a.mha", packed=True)),
    "mhd": (370, partial(_metaimage, name="a.mhd")),
    "png": (430, partial(_picture, name="a.png", mode="L")),
    "png of colours": (180, partial(_picture, name="a.png", mode="RGB")),
    "jpeg": (370, partial(_picture, name="a.jpg", mode="RGB")),
    "jpeg in steps": (180, partial(_picture, name="a.jpg", mode="L", progressive=True)),
    "tiff": (490, partial(_picture, name="a.tiff", mode="I;16")),
    "tiff of colours": (180, partial(_picture, name="a.tiff", mode="RGB")),
    "tiff of LZW": (240, partial(_picture, name="a.tiff", mode="RGB", compression="tiff_lzw")),
    "tiff of JPEG": (180, partial(_picture, name="a.tiff", mode="RGB", compression="jpeg")),
    "tiff of fax": (180, partial(_picture, name="a.tiff", mode="1", compression="group4")),
    "tiff stack": (310, _stack),
}
CHECKED_PNG: dict[str, tuple[int, dict[str, Any]]] = {
    "png inside": (370, {"mode": "L"}),
    "png inside, a palette": (240, {"mode": "P", "transparency": 2}),
    "png inside, 16 bits": (180, {"mode": "I;16"}),
}
IMAGE_KINDS: dict[str, Kind] = {
    **{
        name: Kind(count=count, make=_written(write), read=read_image)
        for name, (count, write) in IMAGES.items()
    },
    **{
        name: Kind(
            count=count,
            make=_written(partial(_picture, name="a.png", **how), right_checksums),
            read=read_image,
        )
        for name, (count, how) in CHECKED_PNG.items()
    },
    "nii.gz inside": Kind(count=430, make=_inside_gzip, read=read_image),
    "nii, a mask saved": Kind(
        count=240, make=_written(partial(_nifti, name="a.nii")), read=read_and_save
    ),
    "nrrd, a mask saved": Kind(
        count=180, make=_written(partial(_nrrd, encoding="raw")), read=read_and_save
    ),
    "labels in nii": Kind(count=310, make=_saved_labels("a.nii"), read=read_labels),
    "labels in seg.nrrd": Kind(count=310, make=_saved_labels("a.seg.nrrd"), read=read_labels),
    "labels in png": Kind(
        count=120, make=_written(partial(_picture, name="a.png", mode="L")), read=read_labels
    ),
}
