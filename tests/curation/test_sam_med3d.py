"""Tests of vesal.curation.sam_med3d: the rules in their order, and what is written."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.curation.sets import opened
from tests.grids import RASTERS, UGLY, grid_of, speckle, ugly_grids
from vesal.curation.row import Row
from vesal.curation.sam_med3d import SamMed3dRules, moved
from vesal.datasets import find_pairs, open_pair
from vesal.errors import ConfigError, ImageError
from vesal.geometry import Grid, Patch, resample
from vesal.images import open_image
from vesal.inference.lattice import lattice_of

CUBE = grid_of((60, 50, 40), np.diag([-1.0, -1, 1]), (1.0, 1.2, 2.0), (30, 40, -50))
ALL = SamMed3dRules(least_volume_mm3=0.0, least_extent_mm=0.0, least_share=0.0)


def box(low: tuple[int, ...], high: tuple[int, ...], grid: Grid = CUBE) -> np.ndarray:
    """A mask with one box."""
    mask = np.zeros(grid.shape, np.bool_)
    mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = True
    return mask


@given(ugly_grids(), st.integers(0, 2**32 - 1))
def test_a_mask_is_moved_as_the_whole_label_would_be(grid: Grid, seed: int) -> None:
    """Looking at the surroundings of a mask alone changes no voxel of the result.

    Nearest voxels are equally near where a target voxel lies on a border between two; the spacing
    here is no fraction of the grid's, so that there are none.
    """
    random = np.random.default_rng(seed)
    mask = random.random(grid.shape) < 0.3
    mask.flat[seed % mask.size] = True
    target = lattice_of(grid, 1.2345)
    whole = resample(mask.astype(np.uint8), grid, target, order=0) > 0.5
    assert np.array_equal(moved(Patch.of(mask), grid, target), whole)


def test_nothing_of_a_mask_is_on_a_grid_far_away() -> None:
    """All False, in the shape that was asked for."""
    away = grid_of((4, 5, 6), np.eye(3), (1, 1, 1), (900, 900, 900))
    found = moved(Patch.of(np.ones(CUBE.shape, np.bool_)), CUBE, away)
    assert found.shape == (4, 5, 6)
    assert not found.any()


@pytest.mark.parametrize("name", UGLY)
def test_what_is_written_lies_where_it_was(name: str, tmp_path: Path) -> None:
    """Image and mask on one lattice along RAS, 1.5 mm; each mask voxel is in the old mask."""
    grid = UGLY[name]
    mask = speckle(grid.shape)
    case = opened(grid, {"thing": mask})
    (row,) = ALL.curate(case, "train", tmp_path)
    image, label = open_image(tmp_path / row.image), open_image(tmp_path / row.mask)
    assert row.reason == "" or row.reason == "lost"
    assert image.grid.same_as(label.grid, 1e-4)  # NIfTI's affine is float32
    assert image.grid.same_as(lattice_of(grid, 1.5), 1e-4)
    assert label.array.dtype == np.uint8
    assert set(np.unique(label.array)) <= {0, 1}
    assert row.voxels == label.array.sum()
    inside = lattice_of(grid, 1.5).to_world(np.argwhere(label.array).astype(np.float64))
    index = np.rint(grid.to_index(inside) - 1e-9).astype(int).clip(0, np.array(grid.shape) - 1)
    near = np.abs(grid.to_index(inside) - index).max(axis=1) < 0.499  # not between two voxels
    assert mask[tuple(index[near].T)].all()


def test_rules_apply_in_the_order_of_the_paper(tmp_path: Path) -> None:
    """Volume, then extent, then share: the first that is broken is the reason."""
    masks = {
        "crumb": box((0, 0, 0), (2, 2, 2)),  # 19 mm^3: breaks all three
        "sheet": box((0, 0, 0), (50, 40, 2)),  # 9.6 ml, 4 mm thick
        "rod": box((0, 0, 0), (15, 13, 8)),  # 3.7 ml, 15 x 15.6 x 16 mm, 1.3 % of the voxels
        "sparse": box((0, 0, 0), (15, 13, 8)) & (np.indices(CUBE.shape).sum(axis=0) % 2 == 0),
    }
    rules = SamMed3dRules()
    rows = {row.structure: row for row in rules.curate(opened(CUBE, masks), "train", tmp_path)}
    reasons = {name: row.reason for name, row in rows.items()}
    assert reasons == {"crumb": "volume", "sheet": "extent", "rod": "", "sparse": "share"}
    assert not rows["crumb"].image
    assert rows["sheet"].detail == ("the extent is 50 x 48 x 4 mm, less than 15 mm along an axis")
    assert rows["rod"].volume_mm3 == pytest.approx(15 * 13 * 8 * 2.4)


def test_only_the_largest_pieces_are_written(tmp_path: Path) -> None:
    """Seven cubes of different sizes: five are left, and the row remembers seven."""
    mask = np.zeros(CUBE.shape, np.bool_)
    for number in range(7):
        mask[8 * number : 8 * number + 3, : number + 3, :6] = True
    (row,) = ALL.curate(opened(CUBE, {"nodules": mask}), "train", tmp_path)
    label = open_image(tmp_path / row.mask)
    places = label.grid.to_world(np.argwhere(label.array).astype(np.float64))
    first = np.rint(CUBE.to_index(places)[:, 0])
    assert row.pieces == 7
    assert first.min() >= 15.5  # the two smallest came first
    assert row.volume_mm3 == pytest.approx(sum(3 * (n + 3) * 6 for n in range(2, 7)) * 2.4)


def test_kidneys_become_a_left_and_a_right_one(tmp_path: Path) -> None:
    """In categories of their own; a pair with sides in its names, or without the rule, is not."""
    pair = box((2, 10, 10), (14, 30, 30)) | box((44, 10, 10), (56, 30, 30))
    masks = {"Kidneys": pair, "kidney left": box((44, 10, 10), (56, 30, 30))}
    rows = ALL.curate(opened(CUBE, masks), "validation", tmp_path)
    assert [(row.piece, row.mask.split("/")[0]) for row in rows] == [
        ("left", "kidney_left"), ("right", "kidney_right"), ("", "kidney_left_2"),
    ]  # fmt: skip
    for row in rows[:2]:
        label = open_image(tmp_path / row.mask)
        x = label.grid.to_world(np.argwhere(label.array).astype(np.float64))[:, 0]
        assert (x > 0).all() == (row.piece == "right")  # CUBE's x runs from 30 down to -29
    whole = replace(ALL, split_sides=False)
    (one, _) = whole.curate(opened(CUBE, masks), "validation", tmp_path)
    assert one.mask == "kidneys/ct_Toy/labelsVal/case.nii.gz"


def test_an_image_is_on_the_disk_once(tmp_path: Path) -> None:
    """Hard links: the published layout wants an image beside each mask, the disk keeps one."""
    masks = {"a": box((0, 0, 0), (20, 20, 20)), "b": box((9, 9, 9), (30, 30, 30))}
    rows = ALL.curate(opened(CUBE, masks), "test", tmp_path)
    first, second = (tmp_path / row.image for row in rows)
    assert first.samefile(second)
    again = ALL.curate(opened(CUBE, masks), "test", tmp_path)
    assert again == rows
    assert not list(tmp_path.rglob(".vesal*"))
    assert first.read_bytes() == second.read_bytes()


def test_whole_numbers_stay_whole_numbers(tmp_path: Path) -> None:
    """int16 in 16 bits, values never further out than they were."""
    case = opened(CUBE, {"a": box((0, 0, 0), (20, 20, 20))})
    (row,) = ALL.curate(case, "train", tmp_path)
    image = open_image(tmp_path / row.image)
    assert image.array.dtype == np.int16
    assert case.image.array.min() <= image.array.min()
    assert image.array.max() <= case.image.array.max()


def test_the_result_is_found_as_what_it_is(tmp_path: Path) -> None:
    """`find_pairs` reads category, modality, data set, case and part back; `open_pair` the mask."""
    masks = {"Adrenal Gland Right": box((0, 0, 0), (20, 20, 20))}
    for part in ("train", "validation", "test"):
        (row,) = ALL.curate(opened(CUBE, masks), part, tmp_path / part)
        found = find_pairs(tmp_path / part)
        assert found.layout == "SAM-Med3D"
        (pair,) = found.pairs
        assert (pair.patient, pair.modality, pair.dataset, pair.part) == (
            "case", "CT", "Toy", part,
        )  # fmt: skip
        (target,) = open_pair(pair).targets
        assert target.name == "adrenal gland right"
        assert target.patch.count == row.voxels


def test_patients_are_known_where_cases_have_other_names(tmp_path: Path) -> None:
    """A split by patient then keeps the two scans of one patient together."""
    masks = {"liver": box((0, 0, 0), (20, 20, 20))}
    case = opened(CUBE, masks)
    rows: list[Row] = []
    for name in ("scan_1", "scan_2"):
        pair = replace(case.pair, name=name, patient="somebody")
        rows += ALL.curate(replace(case, pair=pair), "train", tmp_path)
    ALL.finish(tuple(rows), tmp_path)
    assert {pair.patient for pair in find_pairs(tmp_path).pairs} == {"somebody"}
    own = tuple(replace(row, patient=row.case) for row in rows)
    ALL.finish(own, tmp_path)  # names say it all: no list is left
    assert not (tmp_path / "patients.json").exists()


def test_a_mask_too_thin_for_the_new_grid_is_lost_and_said_so(tmp_path: Path) -> None:
    """One voxel of 0.1 mm falls between the new voxels."""
    grid = grid_of((100, 40, 40), np.eye(3), (0.1, 1, 1), (0, 0, 0))
    (row,) = ALL.curate(
        opened(grid, {"line": box((14, 0, 0), (15, 40, 40), grid)}), "train", tmp_path
    )
    assert row.reason == "lost"
    assert not list(tmp_path.iterdir())


def test_a_picture_is_refused(tmp_path: Path) -> None:
    """The rules are for volumes."""
    grid = RASTERS["pixels"]
    with pytest.raises(ImageError, match="take --rules sam-med2d"):
        SamMed3dRules().curate(opened(grid, {}), "train", tmp_path)


@pytest.mark.parametrize(
    "wrong",
    [{"least_share": 1.5}, {"least_share": -0.1}, {"spacing_mm": 0.0}, {"most_pieces": 0},
     {"least_volume_mm3": float("nan")}, {"side_share": 0.6}, {"least_extent_mm": -1.0}],
)  # fmt: skip
def test_thresholds_without_sense_are_refused(wrong: dict[str, float]) -> None:
    """The message names the threshold and what is right."""
    (name,) = wrong
    with pytest.raises(ConfigError, match=f"{name} must be"):
        SamMed3dRules(**wrong)  # type: ignore[arg-type]
