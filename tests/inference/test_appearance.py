"""How a window looks to the model: its range does not matter, its order does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vesal.inference.appearance import linear_and_rank


def window(seed: int) -> np.ndarray:
    """A window with air, a little bone, and soft tissue in a narrow band."""
    rng = np.random.default_rng(seed)
    values = rng.normal(40, 10, (12, 10, 8))
    values[:6] = -1000
    values[-1] = 1200
    return np.asarray(values, np.float32)


@given(seed=st.integers(0, 50), scale=st.floats(0.01, 100), shift=st.floats(-1000, 1000))
def test_scale_and_shift_of_intensities_change_nothing(
    seed: int, scale: float, shift: float
) -> None:
    """The same for HU, for their thousandths, and for a modality without units."""
    values = window(seed)
    moved = ((values.astype(np.float64) + shift) * scale).astype(np.float32)
    assert linear_and_rank(moved) == pytest.approx(linear_and_rank(values), abs=0.05)


def test_both_channels_lie_in_their_range_and_keep_the_order() -> None:
    """-1 to 1, and what is brighter is not shown darker."""
    values = window(1)
    shown = linear_and_rank(values)
    assert shown.shape == (2, *values.shape)
    assert shown.dtype == np.float32
    assert np.abs(shown).max() <= 1
    order = np.argsort(values, axis=None)
    assert (np.diff(shown[0].ravel()[order]) >= -1e-6).all()
    assert (np.diff(shown[1].ravel()[order]) >= -1e-6).all()


def test_the_rank_spreads_the_contrast_of_the_tissue_beside_air_and_bone() -> None:
    """Where the linear channel has next to none."""
    values = window(2)
    linear, rank = linear_and_rank(values)
    tissue = (values > 0) & (values < 100)
    assert np.ptp(linear[tissue]) < 0.1
    assert np.ptp(rank[tissue]) > 0.5


def test_a_window_of_one_value_is_grey() -> None:
    """Nothing to see, and no division by zero."""
    assert not linear_and_rank(np.full((4, 4, 4), 7, np.float32)).any()
