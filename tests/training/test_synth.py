"""Tests of vesal.training.synth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from vesal.training import synth

SIZE = 32


def grid() -> np.ndarray:
    """Indices of all voxels."""
    return np.indices((SIZE,) * 3).astype(np.float32)


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


@settings(deadline=None, max_examples=25)
@given(size=st.integers(16, 48), scale=st.floats(2, 40), seed=st.integers(0, 99))
def test_a_smooth_field_has_the_size_asked_for(size: int, scale: float, seed: int) -> None:
    """Whatever the scale; about unit size, and no NaN."""
    field = synth.smooth_field(size, scale, np.random.default_rng(seed))
    assert field.shape == (size,) * 3
    assert field.dtype == np.float32
    assert 0.05 < np.abs(field).max() < 10


def test_a_field_of_a_larger_scale_varies_more_slowly() -> None:
    """Neighbours differ less."""
    steps = [
        np.abs(np.diff(synth.smooth_field(40, scale, np.random.default_rng(0)), axis=0)).mean()
        for scale in (3.0, 8.0, 20.0)
    ]
    assert steps[0] > 1.5 * steps[1] > 2 * steps[2]


@pytest.mark.parametrize("seed", range(8))
def test_a_tube_is_long_and_of_one_piece(seed: int) -> None:
    """Or empty, where its walk starts outside."""
    tube = synth.tube(grid(), SIZE, np.random.default_rng(seed))
    assert ndimage.label(tube, np.ones((3, 3, 3)))[1] <= 1


@pytest.mark.parametrize("seed", range(8))
def test_a_shell_is_hollow_and_a_blob_of_given_radius_has_about_its_size(seed: int) -> None:
    """Shapes are what they are called."""
    shell = synth.shell(grid(), SIZE, np.random.default_rng(seed))
    thickest = ndimage.distance_transform_edt(np.pad(shell, 1)).max()
    assert thickest <= 8
    blob = synth.blob(grid(), SIZE, np.random.default_rng(seed), radius=6.0)
    extent = [s.stop - s.start for s in ndimage.find_objects(blob.astype(int))[0]]
    assert max(extent) <= 2 * 6 * 1.2 * 3**0.5 + 3  # corners of a superellipsoid, lobes
    assert blob.sum() > 30


@pytest.mark.parametrize("paint", [synth.blob, synth.shell, synth.plate, synth.tube, synth.beads])
def test_a_painter_gives_a_mask_that_follows_from_the_seed(paint: object) -> None:
    """Boolean, of the grid's size, now and then not empty."""
    assert callable(paint)
    masks = [paint(grid(), SIZE, np.random.default_rng(seed)) for seed in (*range(6), 0)]
    assert all(m.shape == (SIZE,) * 3 and m.dtype == np.bool_ for m in masks)
    assert any(m.any() for m in masks)
    assert not any(m.all() for m in masks)
    np.testing.assert_array_equal(masks[0], masks[-1])


@pytest.mark.parametrize("seed", range(4))
def test_bending_moves_labels_a_little_and_makes_no_new_ones(seed: int) -> None:
    """A few voxels at most; nothing is interpolated between labels."""
    labels = np.zeros((SIZE,) * 3, np.uint16)
    labels[8:24, 8:24, 8:24] = 7
    moved = synth.bent(labels, np.random.default_rng(seed))
    assert set(np.unique(moved)) <= {0, 7}
    centre = ndimage.center_of_mass(moved)
    np.testing.assert_allclose(centre, 15.5, atol=8)
