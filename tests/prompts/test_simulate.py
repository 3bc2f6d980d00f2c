"""Tests of vesal.prompts.simulate: a brute-force distance transform, and the papers' own picks."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from scipy import ndimage

from tests.grids import speckle
from vesal.arrays import MaskArray
from vesal.geometry.components import distance_to_border
from vesal.prompts.simulate import (
    LegacyDraws,
    Placed,
    balanced_click,
    error_click,
    first_clicks,
    inference_click,
    mask_only_rounds,
    random_click,
    random_error_clicks,
    ritm_click,
    ritm_region,
)

Spacing = tuple[float, ...] | None

GOLDEN = Path(__file__).parent.parent / "golden"
MED2D: dict[str, Any] = json.loads((GOLDEN / "sam_med2d/prompt_simulation.json").read_text())
MED3D: dict[str, Any] = json.loads((GOLDEN / "sam_med3d/preprocess_clicks_loss.json").read_text())[
    "clicks"
]


def depths(region: MaskArray, spacing: Spacing) -> NDArray[np.float64]:
    """SciPy's distance to what is not in the region; a frame of background, but for flat axes."""
    width = [int(n > 1) for n in region.shape]
    if not any(n > 1 for n in region.shape):
        return region.astype(float)
    inner = tuple(slice(w, w + n) for w, n in zip(width, region.shape, strict=True))
    framed = np.pad(region, [(w, w) for w in width])
    distance = ndimage.distance_transform_edt(framed, sampling=spacing)
    return np.asarray(distance[inner])


@st.composite
def mask_pairs(draw: st.DrawFn) -> tuple[MaskArray, MaskArray, Spacing]:
    """Draw two masks of one shape, often with axes of one voxel, and a spacing or none."""
    ndim = draw(st.sampled_from([2, 3]))
    shape = draw(st.tuples(*[st.sampled_from([1, 2, 5, 9])] * ndim))
    masks = [draw(arrays.arrays(np.bool_, shape)) for _ in range(2)]
    spacing = draw(st.none() | st.tuples(*[st.sampled_from([0.3, 1.0, 4.0])] * ndim))
    return masks[0], masks[1], spacing


@settings(deadline=None, max_examples=300)
@given(pair=mask_pairs())
def test_the_click_is_as_deep_in_the_error_as_one_can_be(
    pair: tuple[MaskArray, MaskArray, Spacing],
) -> None:
    """In what is missed or what is too much, whichever is deeper; None where masks are equal."""
    target, predicted, spacing = pair
    found = error_click(target, predicted, spacing)
    if (target == predicted).all():
        assert found is None
        return
    assert found is not None
    voxel, positive = found
    missed, extra = depths(target & ~predicted, spacing), depths(predicted & ~target, spacing)
    assert target[voxel] == positive
    assert predicted[voxel] != positive
    depth = (missed if positive else extra)[voxel]
    assert depth == pytest.approx(max(missed.max(), extra.max()), rel=1e-5)


@pytest.mark.parametrize("shape", [(12, 15), (9, 10, 8), (14, 12, 1), (1, 9, 13)], ids=str)
def test_the_click_on_a_clear_error_is_the_deepest_voxel_itself(shape: tuple[int, ...]) -> None:
    """Where one voxel is deepest, the brute-force argmax is the click."""
    rng = np.random.default_rng(len(shape))
    spacing = tuple(rng.uniform(0.5, 3, len(shape)))
    for seed in range(5):
        target = ndimage.binary_dilation(speckle(shape, seed))
        depth = depths(target, spacing)
        found = error_click(target, np.zeros_like(target), spacing)
        assert found is not None
        assert np.isclose(depth[found[0]], depth.max(), rtol=1e-5)
        if np.isclose(depth, depth.max(), rtol=1e-5).sum() == 1:
            deepest = tuple(int(i) for i in np.unravel_index(depth.argmax(), shape))
            assert found == (deepest, True)


def test_with_nothing_predicted_the_click_is_in_the_middle_of_the_thickest_part() -> None:
    """Not the middle of the mask, which may lie outside it."""
    target = np.zeros((30, 30, 12), np.bool_)
    target[2:5, 2:28, 4:7] = True
    target[2:28, 2:5, 4:7] = True
    target[18:27, 19:28, 1:10] = True
    target[20:24, 4:20, 5] = True
    assert error_click(target, np.zeros_like(target)) == ((22, 23, 5), True)


def test_spacing_decides_which_error_is_deeper() -> None:
    """Three thick slices are deeper than five thin columns."""
    target = np.zeros((20, 20, 9), np.bool_)
    predicted = np.zeros_like(target)
    target[2:7, 2:7, :] = True
    predicted[9:20, 9:20, 3:6] = True
    assert error_click(target, predicted, (1.0, 1.0, 1.0)) == ((4, 4, 2), True)
    found = error_click(target, predicted, (1.0, 1.0, 3.0))
    assert found is not None
    assert found[0][2] == 4
    assert not found[1]


def test_an_object_cut_off_by_the_image_is_not_clicked_at_its_face() -> None:
    """The border of the array counts as a border; an axis of one voxel has none."""
    target = np.zeros((11, 11, 1), np.bool_)
    target[:5, :9] = True
    assert error_click(target, np.zeros_like(target)) == ((2, 2, 0), True)


def test_clicks_are_plain_whole_numbers() -> None:
    """Not NumPy's: they go to SimpleITK, JSON and messages."""
    target = speckle((5, 6, 7))
    found = error_click(target, ~target)
    assert found is not None
    assert all(type(i) is int for i in found[0])
    assert type(found[1]) is bool
    assert all(type(i) is int for i in random_click(target, np.random.default_rng(0)))


def test_a_random_click_falls_on_every_voxel_of_the_region_alike() -> None:
    """And on no other one."""
    region = speckle((4, 3, 2))
    rng = np.random.default_rng(1)
    hits = np.zeros(region.shape, int)
    draws = 400 * int(region.sum())
    for _ in range(draws):
        hits[random_click(region, rng)] += 1
    assert not hits[~region].any()
    assert np.abs(hits[region] - 400).max() < 100  # five standard deviations


def ball_and_guess(case: str) -> tuple[MaskArray, MaskArray]:
    """The target and the guess of SAM-Med3D's click goldens, `how_made` there."""
    z, y, x = np.mgrid[:24, :20, :16]
    target = ((z - 10) / 7) ** 2 + ((y - 9) / 6) ** 2 + ((x - 8) / 5) ** 2 <= 1
    moved = ((z - 13) / 6) ** 2 + ((y - 9) / 6) ** 2 + ((x - 8) / 5) ** 2 <= 1
    return target, moved if case == "shifted_prediction" else np.zeros_like(target)


MED3D_CASES = pytest.mark.parametrize("case", ["empty_prediction", "shifted_prediction"])


@MED3D_CASES
def test_clicks_at_random_in_the_error_are_those_of_sam_med3d(case: str) -> None:
    """Pick by pick, from the generator and seed of its code."""
    target, guess = ball_and_guess(case)
    missed, extra = target & ~guess, guess & ~target
    regions = {"n_gt": target, "n_pred": guess, "n_fn": missed, "n_fp": extra}
    for name, region in regions.items():
        assert np.count_nonzero(region) == MED3D[case][name], name
    rng = LegacyDraws(233)
    found = [random_error_clicks(target, guess, 1, rng)[0] for _ in range(5)]
    picks = MED3D[case]["random_seed233_5_picks_d_h_w_label"]
    assert [[*voxel, int(positive)] for voxel, positive in found] == picks
    again = LegacyDraws(233)
    assert [inference_click(target, guess, again) for _ in range(5)] == found


@MED3D_CASES
def test_clicks_as_in_ritm_are_those_of_sam_med3d(case: str) -> None:
    """Their region voxel by voxel where it is told, and the seeded picks."""
    target, guess = ball_and_guess(case)
    golden = MED3D[case]
    found = ritm_region(target, guess)
    assert found is not None
    region, positive = found
    voxels = np.argwhere(region)
    for name, wrong in (("fn", target & ~guess), ("fp", guess & ~target)):
        deepest = distance_to_border(wrong, (1.0, 1.0, 1.0)).max()
        assert deepest == pytest.approx(golden[f"{name}_max_distance"], rel=1e-6)
    assert positive == golden["ritm_positive"]
    assert len(voxels) == golden["ritm_candidates"]
    assert voxels[0].tolist() == golden["ritm_first_candidate"]
    assert voxels[-1].tolist() == golden["ritm_last_candidate"]
    assert voxels.mean(axis=0) == pytest.approx(golden["ritm_candidate_mean"])
    rng, again = LegacyDraws(233), LegacyDraws(233)
    picks = [ritm_click(target, guess, rng) for _ in range(5)]
    labelled = [[*p[0], int(p[1])] for p in picks if p is not None]
    assert labelled == golden["ritm_seed233_5_picks_d_h_w_label"]
    assert [inference_click(target, guess, again, ritm=True) for _ in range(5)] == picks


@settings(deadline=None, max_examples=200)
@given(pair=mask_pairs())
def test_the_region_of_ritm_is_the_deeper_half_of_the_deeper_error(
    pair: tuple[MaskArray, MaskArray, Spacing],
) -> None:
    """In voxels; where both are as deep, in what is too much."""
    target, predicted, _ = pair
    found = ritm_region(target, predicted)
    missed, extra = depths(target & ~predicted, None), depths(predicted & ~target, None)
    if (target == predicted).all():
        assert found is None
        return
    assert found is not None
    assert found[1] == (missed.max() > extra.max())
    depth = missed if found[1] else extra
    assert (found[0] == (depth > depth.max() / 2)).all()


@settings(deadline=None)
@given(pair=mask_pairs(), seed=st.integers(0, 99), count=st.integers(1, 9))
def test_every_rule_clicks_in_the_error_and_says_what_the_target_has_there(
    pair: tuple[MaskArray, MaskArray, Spacing], seed: int, count: int
) -> None:
    """Without an error there is no click; only the inference script has one."""
    target, predicted, _ = pair
    rng = np.random.default_rng(seed)
    clicks: list[Placed | None] = [
        balanced_click(target, predicted, rng),
        ritm_click(target, predicted, rng),
        *random_error_clicks(target, predicted, count, rng),
    ]
    always = [inference_click(target, predicted, rng, ritm=ritm) for ritm in (False, True)]
    if (target == predicted).all():
        assert clicks == [None, None]
        middle = tuple(n // 2 for n in target.shape)
        assert always[1] == (middle, False)
        assert target[always[0][0]] if target.any() else always[0] == (middle, False)
        assert always[0][1] == target.any()
        return
    assert len(clicks) == 2 + count
    for click in (*clicks, *always):
        assert click is not None
        voxel, positive = click
        assert target[voxel] == positive
        assert predicted[voxel] != positive


def test_a_balanced_click_falls_on_a_small_error_as_often_as_on_a_large_one() -> None:
    """Eight missed voxels against 500 that are too much."""
    target, predicted = np.zeros((2, 12, 12, 12), np.bool_)
    target[:2, :2, :2] = True
    predicted[4:9] = True
    rng = np.random.default_rng(0)
    clicks = [balanced_click(target, predicted, rng) for _ in range(400)]
    positive = sum(click is not None and click[1] for click in clicks)
    assert 140 < positive < 260  # six standard deviations


def test_clicks_in_the_error_are_those_of_sam_med2d() -> None:
    """Nine at once, pick by pick; without an error its clicks are all padding, here there are none.

    Its points are (x, y).
    """
    target, predicted = np.zeros((2, 32, 32), np.bool_)
    target[10:20, 10:20] = True
    predicted[15:25, 10:20] = True
    error = np.argwhere(target ^ predicted)
    golden = MED2D["error_clicks_candidates_image0"]
    assert len(error) == golden["n"]
    assert error[[0, -1]].tolist() == [golden["first_rc"], golden["last_rc"]]
    for name, count in (("error_clicks_seed0", 9), ("generate_point", 3)):
        found = random_error_clicks(target, predicted, count, LegacyDraws(0))
        assert [list(v[::-1]) for v, _ in found] == MED2D[name]["points"][0]
        assert [int(positive) for _, positive in found] == MED2D[name]["labels"][0]
        assert set(MED2D[name]["labels"][1]) == {-1}
    assert random_error_clicks(target, target, 9, LegacyDraws(0)) == ()


def med2d_picks(found: tuple[Placed, ...]) -> list[list[Any]]:
    """Clicks as SAM-Med2D writes them: (x, y) and labels."""
    return [[[float(x), float(y)] for (y, x), _ in found], [int(positive) for _, positive in found]]


@pytest.mark.parametrize("count", [1, 5])
def test_a_training_step_starts_from_the_clicks_of_sam_med2d(count: int) -> None:
    """Pick by pick, on the 16 x 16 mask that alone explains the picks of all five seeds."""
    target = np.zeros((16, 16), np.bool_)
    target[3:7, 4:9] = True
    for seed, golden in MED2D[f"init_points_{count}_seeded"].items():
        assert med2d_picks(first_clicks(target, count, LegacyDraws(int(seed)))) == golden


def test_a_start_where_nothing_is_inside_is_a_click_outside() -> None:
    """As SAM-Med2D has it for one click; its code fails for more, or without an outside."""
    empty = np.zeros((16, 16), np.bool_)
    golden = MED2D["init_point_empty_mask_seed0"]
    assert med2d_picks(first_clicks(empty, 1, LegacyDraws(0))) == golden
    rng = np.random.default_rng(0)
    assert [positive for _, positive in first_clicks(empty, 4, rng)] == [False] * 4
    assert [positive for _, positive in first_clicks(~empty, 5, rng)] == [True] * 5


@settings(deadline=None)
@given(
    target=arrays.arrays(np.bool_, st.sampled_from([(4, 5), (3, 2, 4)])),
    count=st.integers(1, 9),
    seed=st.integers(0, 99),
)
def test_a_start_has_half_its_clicks_inside(target: MaskArray, count: int, seed: int) -> None:
    """One click is inside, of an odd number one more is outside; each is labelled as it lies."""
    clicks = first_clicks(target, count, np.random.default_rng(seed))
    assert len(clicks) == count
    assert all(target[voxel] == positive for voxel, positive in clicks)
    if target.any() and not target.all():
        assert sum(positive for _, positive in clicks) == (1 if count == 1 else count // 2)


def test_the_rounds_without_a_click_are_one_drawn_and_the_last() -> None:
    """SAM-Med2D's draws, and the range of SAM-Med3D's."""
    rng = LegacyDraws(0)
    drawn = [mask_only_rounds(8, 1, 7, rng) for _ in range(10)]
    assert drawn == [{r, 7} for r in MED2D["mask_only_iteration_draws_seed0"]]
    many = [mask_only_rounds(11, 2, 9, np.random.default_rng(s)) for s in range(200)]
    assert set().union(*many) == {2, 3, 4, 5, 6, 7, 8, 10}


def test_two_equal_seeds_draw_alike() -> None:
    """And as NumPy's global generator does after `numpy.random.seed`: SAM-Med2D's first draws."""
    first, second = LegacyDraws(5), LegacyDraws(5)
    assert [first.integers(0, 100) for _ in range(9)] == [second.integers(0, 100) for _ in range(9)]
    assert first.permutation(9) == second.permutation(9)
    assert sorted(first.permutation(9)) == list(range(9))
