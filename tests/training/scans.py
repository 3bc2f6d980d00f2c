"""A user's labelled scans, small: balls whose brightness follows from their label."""

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image as Picture

from tests.datasets.trees import nifti
from tests.volumes import ball_labels

OBLIQUE = np.array(
    [[0.0, -1.4, 0.3, 12.0], [1.1, 0.1, 0.0, -7.0], [0.1, 0.0, -2.1, 3.0], [0, 0, 0, 1]]
)


def scan_folder(
    root: Path,
    patients: int = 1,
    shape: tuple[int, ...] = (28, 26, 18),
    affine: ArrayLike = OBLIQUE,
) -> Path:
    """A folder of images/ and labels/ of so many patients, on an oblique grid of other axes."""
    for seed in range(patients):
        labels = ball_labels(shape, seed)
        grain = np.random.default_rng(seed).normal(0, 20, shape)
        values = (100 + 130 * labels + grain).astype(np.int16)
        nifti(root / "images" / f"p{seed}.nii.gz", values, affine)
        nifti(root / "labels" / f"p{seed}.nii.gz", labels.astype(np.uint8), affine)
    return root


def picture_folder(root: Path) -> Path:
    """The same of one picture."""
    labels = ball_labels((60, 52), 3)
    for name, values in (("images", 30 + 40 * labels), ("labels", labels)):
        (root / name).mkdir(parents=True)
        Picture.fromarray(values.astype(np.uint8)).save(root / name / "p.png")
    return root
