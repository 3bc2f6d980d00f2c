"""Tests of vesal.curation.checks, by a look at broken files."""

from pathlib import Path

import numpy as np
import pytest

from tests.curation.sets import RAS_2MM, SHAPE, block, texture
from tests.datasets.trees import nifti
from tests.grids import UGLY, grid_of
from vesal.curation.checks import Checks, absurd_spacing, fills_image
from vesal.curation.look import Look, Looked, look
from vesal.datasets import LabelFile, Pair, Target
from vesal.errors import ConfigError
from vesal.geometry import Patch


def seen(
    root: Path,
    image: np.ndarray,
    labels: np.ndarray,
    *,
    affines: tuple[object, object] = (RAS_2MM, RAS_2MM),
    resample: bool = False,
) -> Looked:
    """What a look finds in a pair of files."""
    pair = Pair(
        name="p",
        image=nifti(root / "i.nii.gz", image, affines[0]),  # type: ignore[arg-type]
        labels=(LabelFile(path=nifti(root / "l.nii.gz", labels, affines[1])),),  # type: ignore[arg-type]
    )
    return look(Look(pair=pair, checks=Checks(), resample=resample))


LABELS = block((2, 2, 2), (9, 9, 9))


def test_a_sound_case_passes_every_check(tmp_path: Path) -> None:
    """Its structures and its signature are what is taken down."""
    found = seen(tmp_path, texture(0), LABELS)
    assert (found.reason, found.structures) == ("", ("label 1",))
    assert found.signature is not None
    assert not found.signature.is_blank


def test_nothing_labelled(tmp_path: Path) -> None:
    """A label file of zeros."""
    assert seen(tmp_path, texture(0), np.zeros(SHAPE, np.uint8)).reason == "empty"


def test_nan_and_infinity(tmp_path: Path) -> None:
    """One voxel is enough; the sentence counts them."""
    image = texture(0).astype(np.float32)
    image[3, 3, 3] = np.nan
    found = seen(tmp_path, image, LABELS)
    assert found.reason == "not finite"
    assert "1 voxels" in found.detail
    image[3, 3, 3] = np.inf
    assert seen(tmp_path, image, LABELS).reason == "not finite"


def test_labels_on_another_grid(tmp_path: Path) -> None:
    """Refused with the distance, unless they are to be resampled."""
    moved = RAS_2MM.copy()
    moved[0, 3] = 3.0
    found = seen(tmp_path, texture(0), LABELS, affines=(RAS_2MM, moved))
    assert found.reason == "misaligned"
    assert "3 mm apart" in found.detail
    again = seen(tmp_path, texture(0), LABELS, affines=(RAS_2MM, moved), resample=True)
    assert again.reason == ""
    assert "resampled by the nearest voxel" in again.notes[0]


def test_absurd_spacing(tmp_path: Path) -> None:
    """A header in metres, or one whose slices are half a metre apart."""
    for spacing in ((0.001, 0.001, 0.001), (2, 2, 500)):
        affine = np.diag([*map(float, spacing), 1.0])
        found = seen(tmp_path, texture(0), LABELS, affines=(affine, affine))
        assert found.reason == "spacing"
    flat = grid_of((4, 4, 4), np.eye(3), (0.1, 0.1, 20), (0, 0, 0))
    assert "200 times the smallest" in absurd_spacing(flat, Checks())
    assert not any(absurd_spacing(grid, Checks()) for grid in UGLY.values())


def test_a_header_that_no_grid_can_have(tmp_path: Path) -> None:
    """A singular affine is the image's fault, not the label's."""
    affine = np.diag([2.0, 2, 2, 1])
    affine[:3, 1] = affine[:3, 0]
    assert seen(tmp_path, texture(0), LABELS, affines=(affine, affine)).reason == "spacing"


def test_an_image_of_one_value(tmp_path: Path) -> None:
    """There is nothing to see in it."""
    found = seen(tmp_path, np.full(SHAPE, -7, np.int16), LABELS)
    assert (found.reason, found.detail) == ("constant", "every voxel is -7")


def test_a_file_that_is_none(tmp_path: Path) -> None:
    """One sentence instead of an end."""
    pair = Pair(name="p", image=tmp_path / "nowhere.nii.gz")
    found = look(Look(pair=pair, checks=Checks(), resample=False))
    assert found.reason == "unreadable"
    assert "nowhere.nii.gz" in found.detail


def test_a_label_that_fills_the_image() -> None:
    """At 99 % it may just be; above it is a frame or inverted."""
    grid = grid_of((10, 10, 10), np.eye(3), (1, 1, 1), (0, 0, 0))
    mask = np.ones(grid.shape, np.bool_)
    mask.flat[:10] = False
    assert not fills_image(Target(name="a", patch=Patch.of(mask)), grid, Checks())
    mask.flat[0] = True
    told = fills_image(Target(name="a", patch=Patch.of(mask)), grid, Checks())
    assert told == "the label fills 99.1 % of the image, allowed are 99 %"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"least_spacing_mm": 0.0}, "the lower one first"),
        ({"least_spacing_mm": 60.0}, "the lower one first"),
        ({"most_anisotropy": 0.5}, "1 or more"),
        ({"most_share": 0.0}, "above 0"),
        ({"twin_difference": 0.4}, "0 to 0.3"),
    ],
)
def test_bounds_without_sense_are_refused(wrong: dict[str, float], said: str) -> None:
    """Before any case is read."""
    with pytest.raises(ConfigError, match=said):
        Checks(**wrong)  # type: ignore[arg-type]
