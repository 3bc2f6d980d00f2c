"""Tests of vesal.prompts.simulate_jitter."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from vesal.arrays import MaskArray
from vesal.errors import ConfigError
from vesal.prompts.simulate_jitter import jittered_click

SHAPES = st.sampled_from([(7, 9), (4, 5, 6), (1, 6, 5), (9, 8, 1), (1, 1, 1)])
SHIFTS = st.sampled_from([0.0, 0.4, 2.0, 7.0, 1e9])


@given(mask=arrays.arrays(np.bool_, SHAPES), shift=SHIFTS, data=st.data())
def test_a_click_stays_in_the_region_it_was_meant_for(
    mask: MaskArray, shift: float, data: st.DataObject
) -> None:
    """Not further than the shift, and half a voxel for rounding, from where it was meant to be."""
    voxels = [tuple(v) for v in np.argwhere(mask).tolist()]
    if not voxels:
        return
    voxel = data.draw(st.sampled_from(voxels))
    spacing = data.draw(st.tuples(*[st.sampled_from([0.3, 1.0, 4.0])] * mask.ndim))
    seed = data.draw(st.integers(0, 99))
    found = jittered_click(
        voxel, mask.shape, spacing, np.random.default_rng(seed), shift_mm=shift, region=mask
    )
    assert mask[found]
    assert all(type(i) is int for i in found)
    moved = np.array(found) - np.array(voxel)
    assert np.linalg.norm(moved * spacing) <= shift + np.linalg.norm(spacing) / 2 + 1e-9


@given(shape=SHAPES, shift=SHIFTS, data=st.data())
def test_a_free_click_stays_in_the_array(
    shape: tuple[int, ...], shift: float, data: st.DataObject
) -> None:
    """And equal seeds err alike."""
    voxel = tuple(data.draw(st.integers(0, n - 1)) for n in shape)
    seed = data.draw(st.integers(0, 99))
    spacing = (1.5, 0.5, 3.0)[: len(shape)]
    found, again = (
        jittered_click(voxel, shape, spacing, np.random.default_rng(seed), shift_mm=shift)
        for _ in range(2)
    )
    assert found == again
    assert all(0 <= i < n for i, n in zip(found, shape, strict=True))
    if shift == 0:
        assert found == voxel


def test_free_clicks_go_all_ways_and_as_far_in_mm_along_each_axis() -> None:
    """The mean is none, the spread 5 mm / 3 along each axis, whatever the spacing."""
    rng = np.random.default_rng(0)
    spacing = (0.5, 0.25, 1.0)
    found = [jittered_click((50, 99, 25), (101, 201, 51), spacing, rng, shift_mm=5.0)
             for _ in range(3000)]  # fmt: skip
    moved = (np.array(found) - (50, 99, 25)) * spacing
    assert np.abs(moved.mean(axis=0)).max() < 0.2
    assert moved.std(axis=0) == pytest.approx([5 / 3] * 3, abs=0.12)
    lengths = np.linalg.norm(moved, axis=1)
    assert np.percentile(lengths, [25, 50, 75]) == pytest.approx([1.25, 2.5, 3.75], abs=0.25)


def test_a_free_click_may_miss_the_object_and_a_kept_one_comes_back_to_its_edge() -> None:
    """From the middle of a bar of five voxels."""
    bar = np.zeros((1, 21, 21), np.bool_)
    bar[0, 8:13, :] = True
    free = {
        jittered_click(
            (0, 10, 10), bar.shape, (1.0, 1.0, 1.0), np.random.default_rng(s), shift_mm=9.0
        )
        for s in range(60)
    }
    assert any(not bar[voxel] for voxel in free)
    assert {voxel[0] for voxel in free} == {0}
    kept = {
        jittered_click(
            (0, 10, 10),
            bar.shape,
            (1.0, 1.0, 1.0),
            np.random.default_rng(s),
            shift_mm=9.0,
            region=bar,
        )
        for s in range(60)
    }
    assert {voxel[1] for voxel in kept} == {8, 9, 10, 11, 12}


@pytest.mark.parametrize("shift", [-1.0, np.inf, np.nan])
def test_a_way_that_is_none_is_refused(shift: float) -> None:
    """The message says which."""
    with pytest.raises(ConfigError, match=f"from 0 on, got {shift}"):
        jittered_click((1, 1), (3, 3), (1.0, 1.0), np.random.default_rng(0), shift_mm=shift)
