"""Tests of vesal.images.intensity."""

from typing import Any

import numpy as np
import pytest

from vesal.images.intensity import is_constant, robust_range, window

SHAPES = [(40, 30), (20, 18, 16)]
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=["2D", "3D"])


@every_shape
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32, np.float64])
def test_range_is_two_percentiles(shape: tuple[int, ...], dtype: Any) -> None:
    """As NumPy computes them where the array is small."""
    array = np.random.default_rng(0).integers(0, 200, shape).astype(dtype)
    low, high = np.percentile(array, (2, 90))
    assert robust_range(array, 2.0, 90.0) == (low, high)


def test_range_ignores_a_few_wild_voxels() -> None:
    """Metal and padding do not stretch the window."""
    array = np.random.default_rng(1).normal(size=(50, 50, 50)).astype(np.float32)
    array[0, 0, :5], array[1, 1, :5] = 1e9, -1e9
    low, high = robust_range(array)
    assert -4 < low < -2
    assert 2 < high < 4


def test_range_of_a_large_volume_looks_at_a_part_of_it_only() -> None:
    """A strided sample of 24 million voxels is within 1 % of the spread."""
    array = np.random.default_rng(2).normal(size=(300, 400, 200)).astype(np.float32)
    low, high = robust_range(array, 10.0, 90.0)
    np.testing.assert_allclose([low, high], [-1.2816, 1.2816], atol=0.02)


@every_shape
def test_window_maps_low_to_zero_and_high_to_one(shape: tuple[int, ...]) -> None:
    """Clipped beyond, linear between, float32, the input untouched."""
    array = np.random.default_rng(3).integers(-1000, 1000, shape).astype(np.int16)
    before = array.copy()
    result = window(array, -160.0, 240.0)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, np.clip((before + 160.0) / 400, 0, 1), atol=1e-6)
    np.testing.assert_array_equal(array, before)


def test_window_without_width_is_a_threshold() -> None:
    """No division by zero."""
    values = window(np.array([[1.0, 2.0, 3.0]]), 2.0, 2.0)
    np.testing.assert_array_equal(values, [[0, 0, 1]])


@every_shape
def test_constant_means_that_all_values_are_equal(shape: tuple[int, ...]) -> None:
    """One other voxel is enough to see something."""
    array = np.full(shape, 7, dtype=np.uint8)
    assert is_constant(array)
    array[(3,) * len(shape)] = 8
    assert not is_constant(array)
