"""Tests of vesal.curation.sam_med2d_brightness: values to 8 bits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.curation.cases import ras, raster
from vesal.curation.sam_med2d_brightness import eight_bits, is_eight_bits
from vesal.geometry import Grid
from vesal.images import Image


@given(
    hnp.arrays(np.int16, hnp.array_shapes(min_dims=3, max_dims=3, max_side=6)),
    st.permutations(range(3)),
)
def test_the_whole_range_becomes_0_to_255(values: np.ndarray, order: list[int]) -> None:
    """By the formula of the paper, however the array lies in memory; a constant becomes 0."""
    held = np.ascontiguousarray(values.transpose(order)).transpose(np.argsort(order))
    bits = eight_bits(Image(array=held, grid=ras(*held.shape)), "MR")
    low, high = int(held.min()), int(held.max())
    exact = (held.astype(np.float64) - low) / max(high - low, 1) * 255
    assert bits.dtype == np.uint8
    assert np.abs(bits - exact).max() <= 0.5 + 1e-9


def test_a_small_range_far_from_0_keeps_its_steps() -> None:
    """Floats of 32 bits would lose them."""
    values = np.arange(8, dtype=np.int32).reshape(2, 2, 2) + 2**30
    bits = eight_bits(Image(array=values, grid=ras(2, 2, 2)), "CT")
    assert bits.ravel().tolist() == [round(n * 255 / 7) for n in range(8)]


def test_a_window_is_for_ct_alone() -> None:
    """Level 40 and width 400: -160 is black, 240 white, what is beyond is clipped."""
    values = np.array([[[-1000, -160, 41, 240, 3000]]], np.int16)
    image = Image(array=values, grid=ras(1, 1, 5))
    assert eight_bits(image, "CT", ct_window=(40.0, 400.0)).ravel().tolist() == [
        0,
        0,
        128,
        255,
        255,
    ]
    assert eight_bits(image, "MR", ct_window=(40.0, 400.0)).ravel().tolist() == [0, 54, 66, 79, 255]


def test_percentiles_leave_out_what_is_rare() -> None:
    """One voxel of metal; where both are one value, the whole range is taken."""
    values = np.arange(1000, dtype=np.int32).reshape(10, 10, 10)
    values[9, 9, 9] = 10**6
    image = Image(array=values, grid=ras(10, 10, 10))
    bits = eight_bits(image, "CT", percentiles=(0.0, 99.0))
    assert bits[4, 9, 9] == pytest.approx(499 / (999 * 0.99) * 255, abs=0.6)
    assert eight_bits(image, "CT")[4, 9, 9] == 0
    flat = np.zeros((4, 4, 4), np.int16)
    flat[0, 0, 0] = 5
    flat_image = Image(array=flat, grid=ras(4, 4, 4))
    assert eight_bits(flat_image, "CT", percentiles=(10.0, 90.0))[0, 0, 0] == 255


@pytest.mark.parametrize("colours", [(), (3,)])
def test_pictures_of_8_bits_stay_as_they_are(colours: tuple[int, ...]) -> None:
    """Though they span 10 to 99 only, and in colour."""
    values = np.random.default_rng(0).integers(10, 99, (5, 4, *colours)).astype(np.uint8)
    bits = eight_bits(Image(array=values, grid=raster(5, 4)), "", percentiles=(1.0, 99.0))
    assert np.array_equal(bits, values)


@pytest.mark.parametrize(
    ("values", "is_one"),
    [([0, 255], True), ([0, 256], False), ([-1, 5], False), ([0.0, 7.0], True), ([0, 0.5], False)],
)
def test_8_bits_are_whole_numbers_up_to_255(values: list[float], *, is_one: bool) -> None:
    """Whatever type holds them; other pictures are scaled like volumes."""
    array = np.array([values])
    assert is_eight_bits(array) == is_one
    grid = Grid(shape=(1, 2), affine=raster(1, 2).affine)
    bits = eight_bits(Image(array=array, grid=grid), "")
    assert bits.tolist() == ([[int(v) for v in values]] if is_one else [[0, 255]])
