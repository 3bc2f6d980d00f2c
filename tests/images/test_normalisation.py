"""Tests of vesal.images.normalisation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vesal.errors import ConfigError
from vesal.images.normalisation import Moments, Normalisation, moments


@given(st.lists(st.integers(-3000, 3000), min_size=2, max_size=40))
def test_an_image_by_itself_has_mean_0_and_deviation_1(numbers: list[int]) -> None:
    """And a constant one is 0; what is scaled may be any part of it."""
    image = np.array(numbers, np.int16)
    scaled = Normalisation().applied(image, moments(image))
    assert scaled.dtype == np.float32
    assert scaled.mean() == pytest.approx(0, abs=1e-4)
    assert scaled.std() == pytest.approx(float(np.ptp(image) > 0), abs=1e-4)
    np.testing.assert_array_equal(Normalisation().applied(image[1:], moments(image)), scaled[1:])


def test_ct_is_cut_and_scaled_the_same_in_every_image() -> None:
    """Whatever the image's own moments are."""
    rule = Normalisation(kind="ct", low=-100.0, high=300.0, mean=50.0, deviation=25.0)
    image = np.array([-1000, -100, 50, 75, 3000], np.int16)
    scaled = rule.applied(image, Moments(mean=1e6, deviation=0.0))
    np.testing.assert_allclose(scaled, [-6, -6, 0, 1, 10])
    assert image[0] == -1000


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "minmax"},
        {"deviation": 0.0},
        {"mean": float("nan")},
        {"kind": "ct", "low": 1.0, "high": 1.0},
    ],
)
def test_a_rule_that_scales_nothing_is_refused(wrong: dict[str, object]) -> None:
    """One sentence says what would be right."""
    with pytest.raises(ConfigError, match="a normalisation"):
        Normalisation(**wrong)  # type: ignore[arg-type]
