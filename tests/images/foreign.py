"""Files as other software writes and reads them: nibabel, pynrrd, SimpleITK, pydicom.

vesal's readers are held against these, never against vesal's own writers alone.
"""

# Neither nibabel nor SimpleITK annotates all of its functions:
# mypy: disable-error-code="no-untyped-call"

from pathlib import Path
from typing import Any

import nibabel as nib
import nrrd
import numpy as np
import pydicom
import SimpleITK
from numpy.typing import NDArray
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid
from pydicom.valuerep import format_number_as_ds

from vesal.geometry import Grid, ras_to_lps, transposed


def values(shape: tuple[int, ...], dtype: type = np.int16, seed: int = 11) -> NDArray[Any]:
    """Return values without any symmetry."""
    numbers = np.random.default_rng(seed).integers(0, 120, shape)
    return np.asarray(numbers).astype(dtype)


def write_nifti(
    path: Path, array: NDArray[np.generic], affine: NDArray[np.float64], **fields: object
) -> Path:
    """Write by nibabel, then set header fields that nibabel would not set so."""
    image = nib.Nifti1Image(array, affine)
    for name, value in fields.items():
        image.header[name] = value
    image.to_filename(path)
    return path


def nifti(path: Path) -> Any:
    """Return the image that nibabel reads."""
    return nib.load(path)


def write_nrrd(path: Path, array: NDArray[np.generic], grid: Grid, **fields: object) -> Path:
    """Write by pynrrd in left-posterior-superior, or in the space given."""
    affine = ras_to_lps(grid.affine)
    header = {
        "space": "left-posterior-superior",
        "space directions": affine[:3, :3].T,
        "space origin": affine[:3, 3],
        "encoding": "gzip",
    } | {name.replace("_", " "): value for name, value in fields.items()}
    nrrd.write(str(path), array, header, index_order="F")
    return path


def itk_image(array: NDArray[np.generic], grid: Grid) -> SimpleITK.Image:
    """Return an ITK image of a volume or raster on an unsheared grid."""
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(array if grid.ndim == 2 else array.T))
    affine = transposed(grid.affine) if grid.ndim == 2 else ras_to_lps(grid.affine)
    spacing = np.linalg.norm(affine[:-1, :-1], axis=0)
    image.SetSpacing(spacing.tolist())
    image.SetOrigin(affine[:-1, -1].tolist())
    image.SetDirection((affine[:-1, :-1] / spacing).ravel().tolist())
    return image


def itk_read(path: Path) -> tuple[NDArray[np.generic], NDArray[np.float64]]:
    """Return array and affine as SimpleITK reads them, in vesal's axes and world."""
    image = SimpleITK.ReadImage(str(path))
    ndim = image.GetDimension()
    affine = np.eye(ndim + 1)
    affine[:-1, :-1] = np.reshape(image.GetDirection(), (ndim, ndim)) * image.GetSpacing()
    affine[:-1, -1] = image.GetOrigin()
    array = SimpleITK.GetArrayFromImage(image)
    return (array, transposed(affine)) if ndim == 2 else (array.T, ras_to_lps(affine))


def _ds(number: np.float64) -> str:
    """Return a DICOM decimal string: 16 characters at most."""
    # Twelve digits: pydicom 3.0.2 gives 9.999999999999998 seventeen characters.
    return format_number_as_ds(float(f"{number:.12g}"))


def write_slice(
    path: Path,
    pixels: NDArray[Any],
    *,
    affine_lps: NDArray[np.float64] | None = None,
    series: str = "1.2.3",
    **fields: Any,
) -> Path:
    """Write one uncompressed DICOM file; `affine_lps` maps (column, row, 0) to LPS mm."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID = CTImageStorage
    data.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    data.SeriesInstanceUID = series
    data.Modality = "CT"
    data.Rows, data.Columns = pixels.shape[:2]
    data.SamplesPerPixel = 1
    data.PhotometricInterpretation = "MONOCHROME2"
    data.BitsAllocated = data.BitsStored = 16
    data.HighBit, data.PixelRepresentation = 15, 0
    if affine_lps is not None:
        spacing = np.linalg.norm(affine_lps[:3, :2], axis=0)
        directions = affine_lps[:3, :2] / spacing
        data.ImagePositionPatient = [_ds(x) for x in affine_lps[:3, 3]]
        data.ImageOrientationPatient = [_ds(x) for x in directions.T.ravel()]
        data.PixelSpacing = [_ds(spacing[1]), _ds(spacing[0])]
    for name, value in fields.items():
        setattr(data, name, value)
    data.PixelData = pixels.tobytes()
    data.save_as(path, enforce_file_format=True)
    return path


def write_series(folder: Path, array: NDArray[Any], grid: Grid, **fields: Any) -> Path:
    """Write a volume slice by slice, file names in an order unlike the slices'."""
    folder.mkdir(exist_ok=True)
    affine = ras_to_lps(grid.affine)
    for k in range(grid.shape[2]):
        plane = affine.copy()
        plane[:3, 3] += k * affine[:3, 2]
        name = f"{(k * 7) % 11:02d}-{k}.dcm"
        write_slice(
            folder / name, np.ascontiguousarray(array[:, :, k].T), affine_lps=plane, **fields
        )
    return folder


def read_slice(path: Path) -> pydicom.Dataset:
    """Return one DICOM file's dataset."""
    return pydicom.dcmread(path)
