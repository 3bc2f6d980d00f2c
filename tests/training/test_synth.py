"""Tests of vesal.training.synth."""

import numpy as np
import pytest
from scipy import ndimage

from vesal.training import synth
from vesal.training.torso import torso

SIZE = 32


@pytest.mark.parametrize("seed", range(6))
def test_a_synthetic_volume_follows_from_its_seed(seed: int) -> None:
    """The same labels for the same seed, others for another; something to click on in each."""
    volumes = [
        synth.synthetic_volume("a", SIZE, np.random.default_rng(s)) for s in (seed, seed, 99)
    ]
    first, again, other = (v.partitions[0].labels for v in volumes)
    assert first.shape == (SIZE,) * 3
    assert first.dtype == np.uint16
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert volumes[0].image is None
    assert volumes[0].partitions[0].ids


def test_noise_cells_fill_the_volume_and_each_is_of_one_piece() -> None:
    """Every voxel belongs to a cell, numbers have no gaps."""
    labels = synth.noise_cells(SIZE, np.random.default_rng(1))
    assert sorted(np.unique(labels)) == list(range(1, labels.max() + 1))
    for label in range(1, labels.max() + 1):
        assert ndimage.label(labels == label)[1] == 1


@pytest.mark.parametrize("seed", range(4))
def test_a_torso_has_many_parts_in_a_body(seed: int) -> None:
    """Numbers from 1 on, most of them still there; air around on two axes, not on the long one."""
    labels = torso(SIZE, np.random.default_rng(seed))
    assert labels.shape == (SIZE,) * 3
    assert labels.dtype == np.uint16
    assert len(np.unique(labels)) > 0.5 * labels.max() > 10
    inside = labels > 0
    assert 0.1 < inside.mean() < 0.8
    assert inside.any(axis=(1, 2)).mean() > 0.9
    np.testing.assert_array_equal(labels, torso(SIZE, np.random.default_rng(seed)))
