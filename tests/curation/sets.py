"""Small data sets on the disk for the tests of curation."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.datasets.trees import nifti
from vesal.curation.sam_med3d import SamMed3dRules
from vesal.curation.settings import Settings
from vesal.datasets import LabelFile, Opened, Pair, Structure, Target
from vesal.geometry import Grid, Patch
from vesal.images import Image

RAS_2MM = np.diag([2.0, 2, 2, 1])
SHAPE = (24, 20, 16)


def texture(seed: int, shape: tuple[int, ...] = SHAPE) -> NDArray[np.int16]:
    """An image of coarse blocks, so that another seed is another scan and not noise."""
    blocks = np.random.default_rng(seed).integers(0, 1000, [-(-n // 2) for n in shape])
    grown = blocks.repeat(2, 0).repeat(2, 1).repeat(2, 2)
    return grown[tuple(slice(n) for n in shape)].astype(np.int16)


def block(low: tuple[int, ...], high: tuple[int, ...], value: int = 1) -> NDArray[np.uint8]:
    """A label map with one block."""
    labels = np.zeros(SHAPE, np.uint8)
    labels[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = value
    return labels


def liver_and_cyst() -> NDArray[np.uint8]:
    """A liver of 8 ml and, apart from it, a cyst of 0.064 ml, on 2 mm voxels."""
    return block((2, 2, 2), (12, 12, 12)) + block((20, 15, 12), (22, 17, 14), 2)


def nnunet(
    root: Path, cases: Mapping[str, tuple[NDArray[Any], NDArray[Any]]], name: str = "Toy"
) -> Path:
    """A data set of nnU-Net with image and labels for each case."""
    for case, (image, labels) in cases.items():
        nifti(root / "imagesTr" / f"{case}_0000.nii.gz", image, RAS_2MM)
        nifti(root / "labelsTr" / f"{case}.nii.gz", labels, RAS_2MM)
    description = {
        "name": name,
        "channel_names": {"0": "CT"},
        "labels": {"background": 0, "liver": 1, "cyst": 2},
        "file_ending": ".nii.gz",
        "numTraining": len(cases),
    }
    (root / "dataset.json").write_text(json.dumps(description), encoding="utf-8")
    return root


def toy(root: Path, count: int = 3) -> Path:
    """Cases that differ, each with a liver and a cyst."""
    cases = {f"case{n}": (texture(n), liver_and_cyst()) for n in range(count)}
    return nnunet(root, cases)


def settings(**thresholds: float) -> Settings:
    """Rules of SAM-Med3D, with other thresholds."""
    return Settings(rules=SamMed3dRules(**thresholds))  # type: ignore[arg-type]


def opened(
    grid: Grid, masks: dict[str, NDArray[np.bool_]], *, modality: str = "CT", seed: int = 0
) -> Opened:
    """A case in memory."""
    values = np.random.default_rng(seed).integers(-1000, 1000, grid.shape).astype(np.int16)
    pair = Pair(
        name="case",
        image=Path("case.nii.gz"),
        labels=(LabelFile(path=Path("l.nii.gz"), structures=(Structure(name="a", values=(1,)),)),),
        patient="somebody",
        modality=modality,
        dataset="Toy",
    )
    targets = tuple(Target(name=n, patch=Patch.of(mask)) for n, mask in masks.items())
    return Opened(pair=pair, image=Image(array=values, grid=grid), targets=targets)


def content(folder: Path) -> dict[str, bytes]:
    """All files of a curated set by their paths, without the journal, which tells of times."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".curation" not in path.parts
    }


def real(scans: Path, root: Path) -> Path:
    """The CT and the MR that vesal ships, with their labels, as folders of images and labels."""
    for name, image, labels in (
        ("ct", "example_ct.nii.gz", "example_seg_fast_force_split.nii.gz"),
        ("mr", "example_mr_sm.nii.gz", "example_seg_mr.nii.gz"),
    ):
        for folder, file in (("images", image), ("labels", labels)):
            (root / folder).mkdir(parents=True, exist_ok=True)
            shutil.copy(scans / file, root / folder / f"{name}.nii.gz")
    return root
