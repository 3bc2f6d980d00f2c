"""How a window looks to a model: its range does not matter, its order does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.goldens import record
from vesal.errors import ImageError
from vesal.inference.appearance import linear_and_rank, positive_zscore


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


@pytest.mark.parametrize(
    ("case", "kind"), [("single_channel", np.float32), ("int16_input", np.int16)]
)
def test_scores_over_what_lies_above_zero_are_those_of_sam_med3d(case: str, kind: type) -> None:
    """Its golden numbers, float32 noise apart; int16 is cut off towards 0 before."""
    made = 300 * np.random.default_rng(3).standard_normal((1, 8, 9, 10)) - 100
    scores, usable = positive_zscore(made[0].astype(kind).astype(np.float32))
    golden = record("sam_med3d/preprocess_clicks_loss")["znorm"][case]
    assert usable
    assert scores.mean() == pytest.approx(golden["mean"], abs=1e-5)
    assert scores.std(ddof=1) == pytest.approx(golden["std"], abs=1e-5)
    assert scores.ravel()[:8] == pytest.approx(golden["first8"], abs=1e-5)


@pytest.mark.parametrize("above", [-1.0, 5.0])
def test_without_a_spread_above_zero_all_voxels_count(above: float) -> None:
    """Where the reference divides by nothing; the caller is told."""
    values = np.array([[[-3.0, above], [-1.0, above]]], np.float32)
    scores, usable = positive_zscore(values)
    assert not usable
    assert scores.mean() == pytest.approx(0, abs=1e-6)
    assert scores.std(ddof=1) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("shape", [(4, 4, 4), (1, 1, 1)])
def test_a_window_of_one_value_is_refused(shape: tuple[int, ...]) -> None:
    """There is no deviation to divide by."""
    with pytest.raises(ImageError, match="same value in every voxel"):
        positive_zscore(np.full(shape, 7, np.float32))
