"""Tests of vesal.training.augment."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from tests.volumes import ball_labels
from vesal.training.augment import Window, distorted, drawn_intensities

shapes = st.sampled_from([(12, 11, 10), (16, 14, 1), (3, 2, 5), (9, 1, 1)])


def scene(shape: tuple[int, ...]) -> Window:
    """Bright balls, each its own intensity, with a soft edge."""
    sharp = 100 * ball_labels(shape).astype(np.float32)
    return np.asarray(ndimage.gaussian_filter(sharp, 0.5), np.float32)


@settings(deadline=None, max_examples=40)
@given(shape=shapes, seed=st.integers(0, 999))
def test_drawn_intensities_follow_from_the_seed(shape: tuple[int, ...], seed: int) -> None:
    """Finite float32 on the window, the same for the same seed."""
    labels = ball_labels(shape)
    image, again = (drawn_intensities(labels, np.random.default_rng(seed)) for _ in range(2))
    assert image.shape == shape
    assert image.dtype == np.float32
    assert np.isfinite(image).all()
    np.testing.assert_array_equal(image, again)


def test_each_label_has_one_mean_and_labels_mostly_differ() -> None:
    """Halves of a label look alike, different labels do not; now and then they do, on purpose."""
    labels = np.repeat(np.arange(8, dtype=np.uint16), 4000).reshape(8, 20, 20, 10)
    spread, gaps = [], []
    for seed in range(20):
        image = drawn_intensities(labels.reshape(160, 20, 10), np.random.default_rng(seed))
        means = image.reshape(8, 2, 2000).mean(axis=-1)
        spread.append(np.abs(means[:, 0] - means[:, 1]).max())
        gaps += [abs(a - b) for a, b in zip(means[:, 0], means[1:, 0], strict=False)]
    assert max(spread) < 0.05
    assert np.median(gaps) > 0.15
    assert min(gaps) < 0.02


@settings(deadline=None, max_examples=150)
@given(shape=shapes, seed=st.integers(0, 9999), strength=st.sampled_from([1.0, 2.0]))
def test_a_distorted_window_is_finite_and_follows_from_the_seed(
    shape: tuple[int, ...], seed: int, strength: float
) -> None:
    """Float32 on the same window; the given one is left alone."""
    image = scene(shape)
    before = image.copy()
    one, two = (distorted(image, np.random.default_rng(seed), strength=strength) for _ in range(2))
    assert one.shape == shape
    assert one.dtype == np.float32
    assert np.isfinite(one).all()
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("seed", range(20))
def test_a_window_without_contrast_stays_finite(seed: int) -> None:
    """Air is seen too: no division by its range of zero."""
    air = np.full((6, 7, 8), -1000, np.float32)
    assert np.isfinite(distorted(air, np.random.default_rng(seed), strength=3.0)).all()


def test_without_strength_only_the_range_is_set() -> None:
    """0 to 1, linearly."""
    image = scene((12, 11, 10))
    plain = distorted(image, np.random.default_rng(0), strength=0.0)
    np.testing.assert_allclose(plain, (image - image.min()) / np.ptp(image), atol=1e-6)


def test_distortion_moves_nothing() -> None:
    """Each result agrees best with the image where it is, not with the image moved by some voxels.

    Inversion turns agreement into its opposite; all other distortions keep it.
    """
    image = scene((24, 24, 24))
    offsets = [(0, 0, 0), (2, 0, 0), (-2, 0, 0), (0, 2, 0), (0, -2, 0), (0, 0, 2), (0, 0, -2)]
    moved = np.stack([np.roll(image, offset, (0, 1, 2)).ravel() for offset in offsets])
    kept = 0
    for seed in range(80):
        result = distorted(image, np.random.default_rng(seed), strength=1.0)
        agreement = [abs(np.corrcoef(result.ravel(), other)[0, 1]) for other in moved]
        kept += int(np.argmax(agreement) == 0)
    assert kept >= 78


def test_distortion_happens_and_differs() -> None:
    """Twenty seeds, twenty looks; inversion is among eighty."""
    image = scene((16, 16, 16))
    results = [distorted(image, np.random.default_rng(seed)) for seed in range(80)]
    assert len({result.tobytes() for result in results[:20]}) == 20
    signs = [np.corrcoef(result.ravel(), image.ravel())[0, 1] for result in results]
    assert 2 <= sum(sign < 0 for sign in signs) <= 25
