# nibabel does not annotate its headers:
# mypy: disable-error-code="no-untyped-call"
"""NIfTI-1 and NIfTI-2 in, masks out on exactly the same grid.

nibabel reads and writes the header; a mask repeats the header of its image, so qform and
sform, their codes, pixdim and units come through bit by bit.
"""

import gzip
import logging
import zlib
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.nifti1 import Nifti1Extension
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError
from numpy.typing import NDArray

from vesal.arrays import AffineMatrix, Numbers, Voxels
from vesal.errors import GeometryError, ImageError
from vesal.geometry.frames import lps_to_ras, transposed
from vesal.geometry.grid import Grid
from vesal.images.payload import Packing, Payload, as_written, beside, read_payload
from vesal.images.source import Decoded, Source

_MAGICS_2 = (b"n+2\0", b"ni2\0")
_GZIP_MAGIC = b"\x1f\x8b"
_MOST_EXTENSION_BYTES = 1 << 22
_MM_PER_UNIT = {1: 1000.0, 2: 1.0, 3: 0.001}  # xyzt_units: metre, millimetre, micrometre


_SILENT = logging.getLogger(f"{__name__}.silent")
_SILENT.disabled = True


def looks_like_nifti(head: bytes) -> bool:
    """Tell from the first 348 unpacked bytes whether a file is NIfTI-1 or NIfTI-2."""
    return head[344:348] in (b"n+1\0", b"ni1\0") or head[4:8] in _MAGICS_2


def unpacked_head(path: Path, size_bytes: int) -> bytes:
    """Return up to `size_bytes` of the file's start, unpacked when it is gzip.

    Raises:
        ImageError: if it is gzip and damaged within its first bytes.
    """
    with path.open("rb") as file:
        if file.read(2) != _GZIP_MAGIC:
            file.seek(0)
            return file.read(size_bytes)
        file.seek(0)
        try:
            return gzip.GzipFile(fileobj=file).read(size_bytes)
        except (EOFError, OSError, zlib.error) as error:
            msg = f"{path.name} is a gzip file that is cut short or damaged in its first bytes"
            raise ImageError(msg) from error


def read_nifti(path: Path) -> Decoded:
    """Return the volume of a NIfTI file (.nii, .nii.gz, or the .hdr of a pair).

    The array is (i, j, k); a 2D image gets one slice, axes of length 1 behind the third
    are dropped, and `Source.header` remembers the file's own shape. The affine is the sform
    where its code is set, else the qform, as in nibabel.

    Raises:
        ImageError: if the file is cut short, is 4D, colour or complex.
        GeometryError: if its affine cannot be used.
    """
    header = _header(path)
    shape = _spatial_shape(header)
    grid = Grid(shape=shape, affine=_affine(header))
    array = _scaled(read_payload(_payload(header, shape, path)), header)
    source = Source(path=path, format="NIfTI", header=header.binaryblock)
    return Decoded(array=array, grid=grid, source=source)


def nifti_extensions(path: Path) -> list[bytes]:
    """What the header of a NIfTI file holds beside its own fields; up to 4 MB, and none if damaged.

    Read here and not by nibabel, which mends a header aloud and makes room for what it claims.

    Raises:
        ImageError: if it is no NIfTI, or cut short or damaged in its header.
        OSError: if it cannot be read.
    """
    header = _header(path)
    single = bytes(header["magic"]).startswith(b"n+")
    start = header.template_dtype.itemsize + 4
    if unpacked_head(path, start)[-4:-3] in (b"", b"\0"):
        return []
    end = float(header["vox_offset"]) if single else _MOST_EXTENSION_BYTES
    block = unpacked_head(path, int(min(max(end, 0), _MOST_EXTENSION_BYTES)))
    contents = []
    while start + 8 <= len(block):
        size = int.from_bytes(
            block[start : start + 4], "big" if header.endianness == ">" else "little"
        )
        if size < 8:
            break
        contents.append(block[start + 8 : start + size])
        start += size
    return contents


def write_nifti(
    path: Path, array: Numbers, grid: Grid, source: Source, *, extension: bytes = b""
) -> None:
    """Write a mask as uint8 0 and 1, or numbers, with the header of its image if that was NIfTI.

    Otherwise the affine goes into the sform (code 1) and, unless it is sheared, into the
    qform too. A 2D raster becomes (column, row, 1) where ITK would put it: x and y of the
    raster are LPS mm, so the file's world is (-x, -y, 0).

    Args:
        path: of the file.
        array: a mask or label numbers.
        grid: of the array.
        source: of its image.
        extension: what else the header is to hold, for whom it concerns (NIfTI code 0).
    """
    header = _repeated_header(source.header, grid) if source.header else None
    volume, affine = _lifted(array, grid)
    if header is None:  # another format, or a mask on another grid than its image
        header = _new_header(volume.shape, affine)
    voxels = as_written(volume)
    header.set_data_dtype(voxels.dtype)
    data = voxels.reshape(header.get_data_shape())
    image = nib.Nifti2Image if isinstance(header, nib.Nifti2Header) else nib.Nifti1Image
    labelled = image(data, None, header)
    if extension:
        labelled.header.extensions.append(Nifti1Extension(0, extension))
    labelled.to_filename(path)


def write_volume(path: Path, array: Voxels, grid: Grid) -> None:
    """Write the values of a volume, in their own type, where its grid says.

    The affine goes into the sform (code 1) and, unless it is sheared, into the qform too. The same
    values give the same bytes, packed or not.

    Args:
        path: ends in .nii or .nii.gz.
        array: whole numbers of up to 32 bits, or floats.
        grid: of the volume.
    """
    header = _new_header(array.shape, grid.affine)
    header.set_data_dtype(array.dtype)
    nib.Nifti1Image(array, None, header).to_filename(path)


def _header(path: Path) -> nib.Nifti1Header:
    head = unpacked_head(path, 540)
    kind = nib.Nifti2Header if head[4:8] in _MAGICS_2 else nib.Nifti1Header
    try:
        # check=False: the checks of nibabel mend a spacing of 0 without a word.
        return kind(head[: kind.template_dtype.itemsize], check=False)
    except (WrapStructError, HeaderDataError) as error:
        msg = f"{path.name} is a NIfTI file that is cut short or damaged in its header"
        raise ImageError(msg) from error


def _spatial_shape(header: nib.Nifti1Header) -> tuple[int, ...]:
    shape = tuple(int(n) for n in header.get_data_shape())
    if len(shape) < 2 or any(n != 1 for n in shape[3:]):
        msg = f"a NIfTI file must hold one 2D or 3D image, got shape {shape}: split it first"
        raise ImageError(msg)
    return (*shape, 1)[:3]


def _affine(header: nib.Nifti1Header) -> AffineMatrix:
    header = header.copy()
    for axis in (1, 2, 3):
        if header["pixdim"][axis] != 0:
            continue
        if header["dim"][axis] > 1:  # whatever the sform says, other software stumbles here
            msg = f"the spacing (pixdim) of axis {axis} is 0, it must be above 0"
            raise GeometryError(msg)
        header["pixdim"][axis] = 1  # 2D images often leave the third spacing out
    try:
        affine = np.array(header.get_best_affine(), dtype=np.float64)
    except (HeaderDataError, ValueError) as error:
        msg = f"the qform must hold a rotation and positive spacings, got neither ({error})"
        raise GeometryError(msg) from error
    affine[:3] *= _MM_PER_UNIT.get(int(header["xyzt_units"]) & 7, 1.0)
    return affine


def _payload(header: nib.Nifti1Header, shape: tuple[int, ...], path: Path) -> Payload:
    single = bytes(header["magic"]).startswith(b"n+")
    file = path if single else _partner(path)
    offset = float(header["vox_offset"])
    if not 0 <= offset < 2**53:
        msg = f"{path.name} is damaged: its voxels cannot start at byte {offset}"
        raise ImageError(msg)
    with file.open("rb") as start:
        packed = start.read(2) == _GZIP_MAGIC
    return Payload(
        path=file,
        shape=shape,
        dtype=_voxel_type(header, path),
        packing=Packing.GZIP if packed else Packing.RAW,
        # Some writers leave the offset at 0 and mean right behind the header.
        skip=int(offset) or (header.single_vox_offset if single else 0),
    )


def _partner(path: Path) -> Path:
    name = path.name.lower()
    return beside(
        path, path.name[: name.rfind(".hdr")] + (".img.gz" if name.endswith(".gz") else ".img")
    )


def _voxel_type(header: nib.Nifti1Header, path: Path) -> np.dtype[np.generic]:
    try:
        dtype = np.dtype(header.get_data_dtype())
    except (HeaderDataError, KeyError) as error:
        msg = f"{path.name} is damaged: its header has an unknown data type {header['datatype']}"
        raise ImageError(msg) from error
    if dtype.kind not in "iuf":
        msg = f"{path.name} must hold one real number a voxel, got {dtype}"
        raise ImageError(msg)
    return dtype


def _scaled(array: Voxels, header: nib.Nifti1Header) -> Voxels:
    """Apply scl_slope and scl_inter; without them the file's own type stays."""
    try:
        slope, inter = header.get_slope_inter()
    except HeaderDataError as error:
        msg = f"the scl_slope and scl_inter of a NIfTI file must be finite ({error})"
        raise ImageError(msg) from error
    if slope is None or (slope == 1 and not inter):
        return array
    # float32 holds 16-bit integers exactly, larger ones need float64.
    dtype = np.result_type(array.dtype, np.float32)
    scaled: Voxels = array * dtype.type(slope) + dtype.type(inter or 0)
    return scaled


def _repeated_header(block: bytes, grid: Grid) -> nib.Nifti1Header | None:
    """Turn the header of an image into one for its mask; None if `grid` is not the image's."""
    kind = nib.Nifti2Header if len(block) == 540 else nib.Nifti1Header
    header: nib.Nifti1Header = kind(block, check=False).as_byteswapped("<")
    header["magic"] = header.single_magic
    header["vox_offset"] = header.single_vox_offset
    header["scl_slope"], header["scl_inter"] = 1, 0
    for name in ("cal_max", "cal_min", "intent_code", "intent_p1", "intent_p2", "intent_p3"):
        header[name] = 0  # these speak of the image's values
    for name in ("descrip", "aux_file", "intent_name"):
        header[name] = b""  # and these may name the patient
    # nibabel would do it on writing, and speak of it: an unknown sform_code becomes 0, and with it
    # the sform counts no more. So what is compared is what a reader of the mask will find.
    header.check_fix(logger=_SILENT)
    same = grid.same_as(Grid(shape=_spatial_shape(header), affine=_affine(header)))
    return header if same else None


def _new_header(shape: tuple[int, ...], affine: AffineMatrix) -> nib.Nifti1Header:
    header = nib.Nifti1Header()
    header.set_data_shape(shape)
    header.set_zooms(np.linalg.norm(affine[:3, :3], axis=0))
    header.set_xyzt_units("mm")
    header.set_sform(affine, code=1)
    try:
        header.set_qform(affine, code=1, strip_shears=False)
    except HeaderDataError:  # sheared: a quaternion cannot say so
        header.set_qform(None, code=0)
    return header


def _lifted(array: Numbers, grid: Grid) -> tuple[NDArray[Any], AffineMatrix]:
    """Array and RAS+ affine as a volume; a raster becomes one slice, as ITK would place it."""
    if grid.ndim == 3:
        return array, grid.affine
    affine = np.eye(4)
    affine[:2, [0, 1, 3]] = transposed(grid.affine)[:2]
    return array.T[:, :, np.newaxis], lps_to_ras(affine)
