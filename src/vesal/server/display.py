"""What a viewer needs to show an image: a NIfTI of it, windows, and what it is."""

# mypy: disable-error-code="no-untyped-call"

from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom

from vesal.arrays import Voxels
from vesal.images import Image
from vesal.images.intensity import robust_range

_NIFTI_1_LENGTH = 2**15 - 1  # of an axis

# Level and width in Hounsfield units, as radiologists' workstations have them.
_CT_WINDOWS = (
    ("Soft tissue", 40.0, 400.0),
    ("Lung", -600.0, 1500.0),
    ("Bone", 450.0, 1500.0),
    ("Liver", 80.0, 150.0),
    ("Brain", 40.0, 80.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A range of values that is shown from black to white."""

    name: str
    low: float
    high: float


def modality_of(image: Image) -> str:
    """The DICOM term for how an image was made ("CT", "MR", "US", ..); empty if it is not known.

    A NIfTI does not say it: values like air and bone in Hounsfield units are taken for CT.
    """
    if image.source.files:
        return _dicom_modality(image.source.files[0])
    if image.grid.ndim == 3 and image.array.dtype.kind in "if":
        low, high = robust_range(image.array)
        if -1100 <= low <= -800 and high >= 100:
            return "CT"
    return ""


def windows_of(image: Image) -> tuple[Window, ...]:
    """Windows to choose from, the best first."""
    low, high = robust_range(image.array)
    usual = Window(name="Contrast", low=low, high=high)
    full = Window(name="All values", low=float(image.array.min()), high=float(image.array.max()))
    if image.is_colour:
        return (Window(name="All values", low=0.0, high=255.0),)
    if modality_of(image) != "CT":
        return (usual, full)
    presets = (
        Window(name=name, low=level - width / 2, high=level + width / 2)
        for name, level, width in _CT_WINDOWS
    )
    return (*presets, usual, full)


def nifti_of(image: Image) -> bytes:
    """The image as an uncompressed NIfTI file, in the array's own axes.

    A picture becomes one slice whose y points up, so that a viewer of volumes shows it upright; of
    a colour picture the luminance. Types that NIfTI's readers in browsers do not know become
    float32. It is NIfTI-1, or NIfTI-2 where an axis is too long for that.
    """
    array: Voxels = image.intensities
    affine = np.eye(4)
    if image.grid.ndim == 2:
        affine[:2, :2] = image.grid.affine[:2, :2] * np.array([[1.0], [-1.0]])
        affine[:2, 3] = image.grid.affine[:2, 2] * np.array([1.0, -1.0])
        array = array[:, :, None]
    else:
        affine = image.grid.affine
    kind = nib.Nifti1Image if max(array.shape) <= _NIFTI_1_LENGTH else nib.Nifti2Image
    shown = kind(array.astype(_shown_type(array.dtype), copy=False), affine)
    return bytes(shown.to_bytes())


def _shown_type(dtype: np.dtype[np.generic]) -> type[np.generic]:
    if dtype.kind == "b" or dtype == np.uint8:
        return np.uint8
    if dtype in (np.dtype(np.int8), np.dtype(np.int16)):
        return np.int16
    return np.float32


def _dicom_modality(path: Path) -> str:
    try:
        header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["Modality"])
        return str(header.get("Modality", "") or "")
    except (OSError, pydicom.errors.InvalidDicomError):
        return ""
