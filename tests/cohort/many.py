"""Cohorts for tests: many small volumes, with prompts and a model that is read from a file."""

import os
import signal
from pathlib import Path

import nibabel as nib
import numpy as np

from tests.automatics import tiny_automatic
from tests.networks import random_network, tiny_config
from tests.session.small import GRID, PLACES, two_balls
from vesal.checkpoints.automatic import save_automatic
from vesal.checkpoints.load import save_model

HEAD = "image,object,kind,coordinates,frame"


def small_cohort(folder: Path, count: int) -> Path:
    """A prompt file about one ball in each of so many scans, no two of them alike."""
    image = two_balls()
    words = ",".join(map(str, PLACES[0]))
    rows = [HEAD]
    for number in range(count):
        shade = (image.array * (1 + number / 50)).astype(np.float32)
        name = f"scan{number:03}.nii.gz"
        nib.save(nib.Nifti1Image(shade, GRID.affine), folder / name)  # type: ignore[no-untyped-call]
        rows.append(f'{name},ball,point,"{words}",voxel')
    (folder / "cases.csv").write_text("\n".join(rows) + "\n")
    return folder / "cases.csv"


def small_model(folder: Path) -> Path:
    """A network with few random weights, as a file."""
    save_model(random_network(tiny_config()), folder / "tiny.safetensors")
    return folder / "tiny.safetensors"


def tiny_scans(folder: Path, count: int) -> Path:
    """A folder of so many volumes that an automatic model sees in one window."""
    scans = folder / "scans"
    scans.mkdir()
    noise = np.random.default_rng(0)
    for number in range(count):
        values = noise.normal(size=(12, 10, 8)).astype(np.float32)
        image = nib.Nifti1Image(values, np.diag((2.0, 2.0, 2.0, 1.0)))  # type: ignore[no-untyped-call]
        nib.save(image, scans / f"scan{number:03}.nii.gz")
    return scans


def small_automatic(folder: Path) -> Path:
    """An automatic model with random weights, as a file."""
    save_automatic(tiny_automatic(side=16), folder / "auto.safetensors")
    return folder / "auto.safetensors"


def results_in(folder: Path) -> dict[str, bytes]:
    """All label maps of a folder, by name."""
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.nii.gz"))}


def die(pid: int) -> None:
    """Kill a process as a machine that is short of memory does; one that has ended, has."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
