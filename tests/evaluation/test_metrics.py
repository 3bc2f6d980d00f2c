"""Tests of vesal.evaluation.metrics."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from vesal.arrays import MaskArray
from vesal.evaluation.metrics import dice

shapes = arrays.array_shapes(min_dims=1, max_dims=3, max_side=5)
pairs = shapes.flatmap(
    lambda shape: st.tuples(arrays.arrays(np.bool_, shape), arrays.arrays(np.bool_, shape))
)


@settings(deadline=None)
@given(pair=pairs)
def test_dice_is_what_the_formula_says(pair: tuple[MaskArray, MaskArray]) -> None:
    """2 |A and B| / (|A| + |B|), counted voxel by voxel; the same both ways."""
    first, second = (set(np.flatnonzero(mask).tolist()) for mask in pair)
    sizes = len(first) + len(second)
    expected = 2 * len(first & second) / sizes if sizes else 1.0
    assert dice(*pair) == pytest.approx(expected, abs=1e-12)
    assert dice(*pair) == dice(pair[1], pair[0])


@settings(deadline=None)
@given(mask=shapes.flatmap(lambda shape: arrays.arrays(np.bool_, shape)))
def test_a_mask_agrees_with_itself_and_not_with_the_rest(mask: MaskArray) -> None:
    """1 with itself, 0 with its complement."""
    assert dice(mask, mask) == 1
    assert dice(mask, ~mask) == 0


def test_one_empty_mask_agrees_with_nothing_and_two_with_each_other() -> None:
    """Finding nothing where there is nothing is right."""
    empty, full = np.zeros((3, 4), np.bool_), np.ones((3, 4), np.bool_)
    assert dice(empty, empty) == 1
    assert dice(empty, full) == dice(full, empty) == 0
