"""Folders of data sets, and files in them."""

import json
from collections.abc import Iterable
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import ArrayLike, NDArray

from vesal.datasets import Pair

LPS_2MM = np.diag([-2.0, -2, 3, 1])


def touch(root: Path, names: Iterable[str]) -> Path:
    """Empty files, in folders that are made; finding pairs opens none of them."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def write_json(path: Path, content: object) -> Path:
    """A JSON file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def nifti(path: Path, values: NDArray[np.generic], affine: ArrayLike = LPS_2MM) -> Path:
    """A NIfTI file by nibabel."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(values, np.asarray(affine)), path)  # type: ignore[no-untyped-call]
    return path


def scan(seed: int = 0, shape: tuple[int, ...] = (9, 8, 7)) -> NDArray[np.int16]:
    """An image without any symmetry."""
    return np.random.default_rng(seed).integers(-1000, 1000, shape).astype(np.int16)


def summary(pairs: Iterable[Pair], root: Path) -> dict[str, tuple[str, ...]]:
    """Paths of the image and the labels by the names of pairs, from a folder on."""
    return {
        pair.name: tuple(
            path.relative_to(root).as_posix()
            for path in (pair.image, *(label.path for label in pair.labels))
        )
        for pair in pairs
    }
