"""Tests of vesal.prompts.simulate, against a brute-force distance transform."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from scipy import ndimage

from tests.grids import speckle
from vesal.arrays import MaskArray
from vesal.prompts.simulate import error_click, random_click

Spacing = tuple[float, ...] | None


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
