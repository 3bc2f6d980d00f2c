"""Tests of vesal.training.place."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vesal.training.place import Place

WINDOW = (14, 12, 10)


def volume(shape: tuple[int, ...] = (30, 28, 26)) -> np.ndarray:
    """Values that grow linearly along each axis, so that linear interpolation is exact."""
    i, j, k = np.indices(shape)
    return np.asarray(i + 100 * j + 10000 * k, np.float32)


def placed(seed: int, window: tuple[int, ...] = WINDOW) -> Place:
    """A window somewhere inside, a little turned and stretched."""
    rng = np.random.default_rng(seed)
    matrix = np.eye(3) * rng.uniform(0.6, 1.2, 3) + rng.uniform(-0.1, 0.1, (3, 3))
    middle = (np.array(window) - 1) / 2
    return Place(window=window, matrix=matrix, offset=np.array([15, 14, 13]) - matrix @ middle)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 999), bent=st.booleans())
def test_a_window_shows_what_lies_where_the_map_leads(seed: int, bent: bool) -> None:
    """Voxel by voxel, bent or not."""
    place = placed(seed)
    if bent:
        place = place.bent(np.random.default_rng(seed))
    cut = place.cut(volume(), order=1, outside=-1.0)
    index = np.indices(WINDOW).reshape(3, -1).astype(float)
    if place.bend is not None:
        index = index + place.bend.reshape(3, -1)
    where = place.matrix @ index + place.offset[:, None]
    seen = ((where > 0.01) & (where < np.array([[28.9], [26.9], [24.9]]))).all(axis=0)
    wanted = where[0] + 100 * where[1] + 10000 * where[2]
    np.testing.assert_allclose(cut.ravel()[seen], wanted[seen], rtol=1e-4, atol=0.3)
    assert seen.any()


@pytest.mark.parametrize("window", [(24, 24, 24), (24, 24, 1), (1, 20, 30)])
def test_bending_is_smooth_and_leaves_axes_of_one_voxel_alone(window: tuple[int, ...]) -> None:
    """Neighbours all but always stay on their side: they move apart by less than a voxel."""
    rng = np.random.default_rng(0)
    steps, moved = [], []
    for _ in range(20):
        bend = placed(0, window).bent(rng).bend
        assert bend is not None
        assert bend.shape == (3, *window)
        for axis, n in enumerate(window):
            if n == 1:
                assert not bend[axis].any()
            else:
                steps.append(np.abs(np.diff(bend[axis], axis=axis)).ravel())
                moved.append(np.abs(bend[axis]).max())
    assert np.mean(np.concatenate(steps) < 1) > 0.99
    assert 0.5 < np.median(moved) < 4


def test_a_coarser_copy_shows_the_same_place() -> None:
    """Of a volume halved along two axes, away from its borders."""
    place = placed(3)
    fine = volume((32, 32, 32))
    coarse = (fine[::2] + fine[1::2]) / 2
    coarse = (coarse[:, ::2] + coarse[:, 1::2]) / 2
    half = place.of_copy(np.array([2.0, 2.0, 1.0])).cut(coarse, order=1, outside=-1.0)
    np.testing.assert_allclose(half, place.cut(fine, order=1, outside=-1.0), rtol=1e-3, atol=0.6)


def test_labels_are_not_mixed_and_beyond_the_volume_is_outside() -> None:
    """Order 0 gives labels that are there, or the value of outside."""
    labels = np.full((8, 8, 8), 7, np.uint16)
    labels[4:] = 300
    place = Place(window=(20, 20, 20), matrix=np.eye(3), offset=np.full(3, -6.0))
    for one in (place, place.bent(np.random.default_rng(0))):
        cut = one.cut(labels, order=0, outside=0.0)
        assert cut.dtype == np.uint16
        assert set(np.unique(cut)) == {0, 7, 300}
