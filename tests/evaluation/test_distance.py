"""Tests of vesal.evaluation.distance: hand-worked cases, edges, and what cannot depend on axes."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.evaluation.pairs import AWKWARD, Spacing, both_hold_something, mask_pairs
from tests.grids import speckle
from vesal.arrays import MaskArray
from vesal.errors import ConfigError
from vesal.evaluation.distance import (
    assd_mm,
    border_distances,
    border_voxels,
    hd95_mm,
    nearest_mm,
)


def border_by_hand(mask: MaskArray) -> list[tuple[int, ...]]:
    """The border voxels, found one by one."""
    inside = {tuple(int(i) for i in index) for index in np.argwhere(mask)}
    steps = [s for axis in np.eye(mask.ndim, dtype=int) for s in (axis, -axis)]
    return [
        voxel
        for voxel in sorted(inside)
        if any(tuple(int(i) for i in np.add(voxel, step)) not in inside for step in steps)
    ]


def gaps_by_hand(mask: MaskArray, truth: MaskArray, spacing: Spacing) -> list[NDArray[np.float64]]:
    """The distances both ways, each border voxel against each other."""
    ours, theirs = (np.array(border_by_hand(m)) * np.array(spacing) for m in (mask, truth))
    between = np.linalg.norm(ours[:, None] - theirs[None], axis=2)
    return [between.min(axis=1), between.min(axis=0)]


@settings(deadline=None)
@given(drawn=mask_pairs().filter(both_hold_something))
def test_distances_are_those_of_every_voxel_to_every_other(
    drawn: tuple[MaskArray, MaskArray, Spacing],
) -> None:
    """Brute force: border voxels one by one, all distances, percentiles by their formula."""
    gaps = gaps_by_hand(*drawn)
    percentiles = []
    for gap in gaps:
        low, part = divmod(0.95 * (len(gap) - 1), 1)
        ranked = np.sort(gap)
        above = ranked[min(int(low) + 1, len(gap) - 1)]
        percentiles.append(ranked[int(low)] * (1 - part) + above * part)
    assert hd95_mm(*drawn) == pytest.approx(max(percentiles), abs=1e-9)
    mean = sum(gap.sum() for gap in gaps) / sum(len(gap) for gap in gaps)
    assert assd_mm(*drawn) == pytest.approx(mean, abs=1e-9)


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_pairs_are_measured_as_by_brute_force(name: str) -> None:
    """Speckle, shells, lines, single voxels, what touches the array's border."""
    mask, truth, spacing = AWKWARD[name]
    found = border_distances(mask, truth, spacing)
    gaps = gaps_by_hand(mask, truth, spacing)
    np.testing.assert_allclose(found.from_mask, gaps[0], atol=1e-12)
    np.testing.assert_allclose(found.from_truth, gaps[1], atol=1e-12)


@pytest.mark.parametrize("name", AWKWARD)
def test_tree_and_transform_agree(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which one looks for the nearest voxel is a matter of time alone."""
    mask, truth, spacing = AWKWARD[name]
    found = []
    for dense in (-1.0, 9.0):
        monkeypatch.setattr("vesal.evaluation.distance._DENSE", dense)
        found.append(nearest_mm(mask, truth, spacing))
    np.testing.assert_allclose(found[0], found[1], atol=1e-12)


@pytest.mark.parametrize("dense", [-1.0, 9.0], ids=["transform", "tree"])
def test_what_is_further_than_asked_for_is_infinitely_far(
    dense: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what is exactly as far is not, whichever way it was found."""
    monkeypatch.setattr("vesal.evaluation.distance._DENSE", dense)
    places, others = np.ones((9, 3), np.bool_), np.zeros((9, 3), np.bool_)
    others[0] = True
    found = nearest_mm(places, others, (0.5, 1.0), within_mm=2.0).reshape(9, 3)
    assert found[:, 1].tolist() == [0, 0.5, 1, 1.5, 2, *[math.inf] * 4]
    assert np.isinf(nearest_mm(places, np.zeros_like(places), (0.5, 1.0))).all()


def test_a_shifted_slab_is_measured_as_on_paper() -> None:
    """Two bars of one pixel's width, 2 mm apart; one is twice as long as the other."""
    mask, truth = np.zeros((12, 9), np.bool_), np.zeros((12, 9), np.bool_)
    mask[2:10, 3], truth[2:6, 5] = True, True
    gaps = [math.hypot(max(0, i - 3), 2) for i in range(8)]  # steps of 1 mm past the truth's end
    assert assd_mm(mask, truth, (1.0, 1.0)) == pytest.approx((sum(gaps) + 4 * 2) / 12)
    expected = gaps[-2] + 0.65 * (gaps[-1] - gaps[-2])  # 0.95 * 7 = 6.65
    assert hd95_mm(mask, truth, (1.0, 1.0)) == pytest.approx(expected)


def test_one_percentile_for_each_direction_finds_what_one_of_all_hides() -> None:
    """Five specks far from an object of 64 border voxels: of all, they are less than one in 20."""
    mask, truth, spacing = AWKWARD["five specks"]
    gaps = gaps_by_hand(mask, truth, spacing)
    assert [len(gap) for gap in gaps] == [69, 64]
    assert np.percentile(np.concatenate(gaps), 95) == 0
    assert hd95_mm(mask, truth, spacing) > 10
    assert hd95_mm(mask, truth, spacing) == hd95_mm(truth, mask, spacing)


def test_two_empty_masks_agree_and_one_is_infinitely_far_away() -> None:
    """Finding nothing where there is nothing is right."""
    for shape in ((3, 4), (3, 4, 2)):
        spacing = (1.0,) * len(shape)
        empty, full = np.zeros(shape, np.bool_), np.ones(shape, np.bool_)
        for metric in (hd95_mm, assd_mm):
            assert metric(empty, empty, spacing) == 0
            assert metric(empty, full, spacing) == metric(full, empty, spacing) == math.inf


@settings(deadline=None)
@given(drawn=mask_pairs(), data=st.data())
def test_distances_follow_the_object_not_the_array(
    drawn: tuple[MaskArray, MaskArray, Spacing], data: st.DataObject
) -> None:
    """Both ways, turned over, with axes exchanged, in a larger array, and in other units."""
    mask, truth, spacing = drawn
    order = data.draw(st.permutations(range(mask.ndim)))
    flip = data.draw(st.integers(0, mask.ndim - 1))
    moved = [np.flip(np.pad(m, 2), flip).transpose(order) for m in (truth, mask)]
    turned = tuple(10 * spacing[axis] for axis in order)
    for metric in (hd95_mm, assd_mm):
        value = metric(mask, truth, spacing)
        assert metric(moved[0], moved[1], turned) == pytest.approx(10 * value, rel=1e-9)
        assert metric(mask, mask, spacing) == 0


@pytest.mark.parametrize("shape", [(5, 6), (4, 5, 6), (5, 6, 1)], ids=str)
def test_a_border_voxel_has_a_face_neighbour_outside(shape: tuple[int, ...]) -> None:
    """Voxel by voxel; on an axis of one voxel all of them have one."""
    for mask in (speckle(shape), np.ones(shape, np.bool_)):
        found = [tuple(int(i) for i in index) for index in np.argwhere(border_voxels(mask))]
        assert found == border_by_hand(mask)
    assert border_voxels(np.ones((5, 6, 1), np.bool_)).all()


def test_only_masks_of_two_or_three_axes_with_their_spacings_are_measured() -> None:
    """One sentence for each."""
    row, square = np.ones(4, np.bool_), np.ones((4, 4), np.bool_)
    with pytest.raises(ConfigError, match=r"2 or 3 axes, got masks of shape \(4,\)"):
        hd95_mm(row, row, (1.0,))
    with pytest.raises(ConfigError, match=r"a spacing for each axis, got \(4, 4\), \(4, 4\) and"):
        assd_mm(square, square, (1.0, 1.0, 1.0))
