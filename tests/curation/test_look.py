"""Tests of vesal.curation.look: what it takes down of a case (what it refuses: test_checks)."""

from pathlib import Path

import numpy as np

from tests.curation.sets import RAS_2MM, SHAPE, block, texture
from tests.datasets.trees import nifti
from vesal.curation.checks import Checks
from vesal.curation.look import Look, look
from vesal.datasets import LabelFile, Pair


def test_structures_that_fill_the_image_are_none(tmp_path: Path) -> None:
    """They bring nothing that a twin has not."""
    labels = np.full(SHAPE, 2, np.uint8)
    labels[0, 0, 0] = 1
    pair = Pair(
        name="p",
        image=nifti(tmp_path / "i.nii.gz", texture(0), RAS_2MM),
        labels=(LabelFile(path=nifti(tmp_path / "l.nii.gz", labels, RAS_2MM)),),
    )
    assert look(Look(pair=pair, checks=Checks(), resample=False)).structures == ("label 1",)


def test_without_twins_no_signature_is_made(tmp_path: Path) -> None:
    """It takes time that nobody asked for."""
    pair = Pair(
        name="p",
        image=nifti(tmp_path / "i.nii.gz", texture(0), RAS_2MM),
        labels=(
            LabelFile(path=nifti(tmp_path / "l.nii.gz", block((1, 1, 1), (5, 5, 5)), RAS_2MM)),
        ),
    )
    found = look(Look(pair=pair, checks=Checks(find_twins=False), resample=False))
    assert found.signature is None
    assert found.structures
