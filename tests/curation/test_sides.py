"""Tests of vesal.curation.sides, on real organs and in bodies that lie every way."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.grids import grid_of, rotation
from vesal.arrays import MaskArray
from vesal.curation.sides import PAIRED, Apart, is_paired, split_sides
from vesal.geometry import Grid, resample
from vesal.labels import LabelMap, open_labels


@pytest.fixture(scope="module")
def ct() -> LabelMap:
    """TotalSegmentator's labels of the CT that vesal ships, 3 mm, RAS."""
    scans = Path(__file__).parents[2] / "src" / "vesal" / "assets" / "scans"
    return open_labels(scans / "example_seg_fast_force_split.nii.gz")


def of(labels: LabelMap, *names: str) -> MaskArray:
    """The union of structures."""
    numbers = [one.number for one in labels.segments if one.name in names]
    assert len(numbers) == len(names)
    return np.isin(labels.array, numbers)


def both(labels: LabelMap, left: str, right: str) -> MaskArray:
    """A pair merged into one label."""
    return of(labels, left, right)


@pytest.mark.parametrize(
    "name",
    ["kidney", "adrenal_gland", "femur", "hip", "gluteus_maximus", "gluteus_minimus",
     "autochthon", "iliopsoas", "lung_lower_lobe"],
)  # fmt: skip
def test_real_pairs_come_apart_as_they_were(ct: LabelMap, name: str) -> None:
    """Left and right as TotalSegmentator named them, nothing lost, next to nothing exchanged."""
    left, right = of(ct, f"{name}_left"), of(ct, f"{name}_right")
    parts = split_sides(left | right, ct.grid)
    assert parts is not None
    assert np.array_equal(parts["left"] | parts["right"], left | right)
    wrong = (parts["left"] & right).sum() + (parts["right"] & left).sum()
    assert wrong <= 0.01 * (left | right).sum()


@pytest.mark.parametrize(
    "name", ["liver", "urinary_bladder", "kidney_left", "femur_right", "sacrum", "aorta",
             "hip_right", "vertebrae_L3", "stomach", "spleen"],
)  # fmt: skip
def test_what_is_there_once_stays_whole(ct: LabelMap, name: str) -> None:
    """By its shape alone, whatever it is called."""
    assert split_sides(of(ct, name), ct.grid) is None


@pytest.mark.parametrize("name", ["iliac_artery", "iliac_vena"])
def test_what_meets_in_the_middle_stays_whole(ct: LabelMap, name: str) -> None:
    """No gap tells where one ends and the other begins: better whole than cut somewhere."""
    assert split_sides(both(ct, f"{name}_left", f"{name}_right"), ct.grid) is None


@pytest.mark.parametrize("affine", ["LPS", "permuted", "oblique"])
def test_the_world_decides_and_not_the_array(ct: LabelMap, affine: str) -> None:
    """Axes turned, exchanged, or oblique: left is where x is smaller."""
    left, right = of(ct, "kidney_left"), of(ct, "kidney_right")
    mask, right_there, grid = left | right, right, ct.grid
    if affine == "LPS":
        flip = np.diag([-1.0, -1, 1, 1])
        flip[:2, 3] = np.array(grid.shape[:2]) - 1
        grid = Grid(shape=grid.shape, affine=grid.affine @ flip)
        mask, right_there = mask[::-1, ::-1], right[::-1, ::-1]
    elif affine == "permuted":
        order = np.eye(4)[:, [2, 0, 1, 3]]
        grid = Grid(shape=tuple(grid.shape[axis] for axis in (2, 0, 1)), affine=grid.affine @ order)
        mask, right_there = mask.transpose(2, 0, 1), right.transpose(2, 0, 1)
    else:
        centre = grid.to_world((np.array([grid.shape], np.float64) - 1) / 2)[0]
        turned = grid_of((130, 130, 130), rotation(20, -15, 25), (3, 3, 3), (0, 0, 0))
        middle = turned.to_world(np.array([[64.5, 64.5, 64.5]]))[0]
        affine_there = turned.affine.copy()
        affine_there[:3, 3] += centre - middle
        there = Grid(shape=turned.shape, affine=affine_there)
        mask = resample(mask.astype(np.uint8), grid, there, order=0) > 0
        right_there = resample(right.astype(np.uint8), grid, there, order=0) > 0
        grid = there
    parts = split_sides(np.ascontiguousarray(mask), grid)
    assert parts is not None
    assert np.array_equal(parts["right"], right_there)


def lungs(bridge: int) -> tuple[MaskArray, Grid]:
    """Two blocks 60 mm wide, 12 mm apart, joined by a bridge of some voxels a side."""
    mask = np.zeros((44, 40, 40), np.bool_)
    mask[:20, 5:35, 5:35] = mask[24:, 5:35, 5:35] = True
    mask[20:24, 5 : 5 + bridge, 5 : 5 + bridge] = True
    return mask, grid_of(mask.shape, np.eye(3), (3, 3, 3), (-60, 0, 0))


def test_lungs_that_touch_are_cut_in_the_gap() -> None:
    """One connected piece with a thin bridge: each side gets its own block."""
    mask, grid = lungs(bridge=6)
    parts = split_sides(mask, grid)
    assert parts is not None
    assert parts["left"][:20].sum() == mask[:20].sum()
    assert parts["right"][24:].sum() == mask[24:].sum()
    assert not (parts["left"] & parts["right"]).any()


def test_a_broad_bridge_is_no_gap() -> None:
    """A horseshoe with more than a tenth of its fullest slab in the middle is one structure."""
    mask, grid = lungs(bridge=12)
    assert split_sides(mask, grid) is None


def test_a_piece_that_reaches_over_the_middle_stays_whole() -> None:
    """A tongue of the right lung in front of the heart belongs to the right."""
    mask, grid = lungs(bridge=0)
    mask[21:24, 34, 34] = True  # reaches into the gap, touches the right one alone
    parts = split_sides(mask, grid)
    assert parts is not None
    assert parts["right"][21:24, 34, 34].all()
    assert parts["right"].sum() == mask[21:].sum()


@given(st.integers(0, 3), st.booleans())
def test_pieces_above_each_other_are_no_sides(shift: int, behind: bool) -> None:
    """Two pieces of one kidney that lie one over the other are not left and right."""
    mask = np.zeros((30, 30, 30), np.bool_)
    mask[2:8, 2:8, 2:8] = True
    other = (slice(8 + shift, 14 + shift), slice(22, 28), slice(2, 8))
    mask[other if behind else (other[0], other[2], other[1])] = True
    assert split_sides(mask, grid_of(mask.shape, np.eye(3), (2, 2, 2), (0, 0, 0))) is None


def test_a_crumb_on_the_other_side_is_no_side() -> None:
    """Less than a tenth of the voxels."""
    mask = np.zeros((60, 20, 20), np.bool_)
    mask[:20] = True
    mask[50:53, :5, :5] = True
    assert split_sides(mask, grid_of(mask.shape, np.eye(3), (2, 2, 2), (0, 0, 0))) is None


def test_a_side_that_loses_a_whole_piece_is_none() -> None:
    """A tenth of the voxels lies on the left, most of it of a piece that goes to the right."""
    mask = np.zeros((60, 20, 20), np.bool_)
    mask[40:] = mask[5:15, :8, :8] = mask[15:40, 0, 0] = True  # one piece: a block and a tongue
    mask[5:15, 15:, 15:] = True  # and a crumb
    grid = grid_of(mask.shape, np.eye(3), (2, 2, 2), (0, 0, 0))
    assert split_sides(mask, grid) is None
    assert split_sides(mask, grid, Apart(share=0.02)) is not None  # the crumb is 3 %


@pytest.mark.parametrize(
    ("name", "paired"),
    [
        ("kidney", True), ("Kidneys", True), ("LUNGS", True), ("adrenal_glands", True),
        ("hip bones", True), ("Eye Lenses", True), ("testes", True), ("hippocampi", True),
        ("kidney_left", False), ("Left Kidney", False), ("kidney L", False), ("lung rt", False),
        ("kidney cyst", False), ("lung tumor", False), ("liver", False), ("pelvis", False),
        ("label 2", False), ("brain", False), ("", False),
    ],
)  # fmt: skip
def test_names_say_what_is_there_twice(name: str, paired: bool) -> None:
    """A pair by its plain name, in the singular or plural; no side, no part, no lesion of it."""
    assert is_paired(name) is paired


def test_all_names_of_the_list_are_paired() -> None:
    """Also by their own plural rules, and a list of the user's counts instead."""
    assert all(is_paired(name) for name in PAIRED)
    assert is_paired("Flippers", ("flipper",))
    assert not is_paired("kidney", ("flipper",))
