"""Tests of vesal.training.sample."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from tests.volumes import ball_labels, ball_volume, empty_volume
from vesal.errors import ConfigError
from vesal.training import sample as module
from vesal.training.sample import Sampler
from vesal.training.synth import synthetic_volume
from vesal.training.volume import LabelledVolume, Partition

WINDOWS = [(20, 20, 20), (24, 24, 1), (16, 24, 8)]


def slice_volume() -> LabelledVolume:
    """One slice of discs."""
    return ball_volume("slice", (40, 36, 1), (1.0, 1.0, 1.0), seed=3)


@pytest.fixture(scope="module")
def sampler() -> Sampler:
    """Real volumes in 3D and 2D, and a synthetic one."""
    synthetic = synthetic_volume("synthetic", 24, np.random.default_rng(0))
    return Sampler([ball_volume(), slice_volume(), synthetic], [2.0, 1.0, 1.0])


def test_a_sample_is_what_a_training_step_needs(sampler: Sampler) -> None:
    """Both channels in [-1, 1], as many targets as asked for, none empty, all on the window."""

    @settings(deadline=None, max_examples=60)
    @given(window=st.sampled_from(WINDOWS), targets=st.integers(1, 6), seed=st.integers(0, 9999))
    def check(window: tuple[int, ...], targets: int, seed: int) -> None:
        sample = sampler.draw(window, targets, np.random.default_rng(seed))
        assert sample.image.shape == (2, *window)
        assert sample.image.dtype == np.float32
        assert np.isfinite(sample.image).all()
        assert np.abs(sample.image).max() <= 1
        assert sample.targets.shape == (targets, *window)
        assert sample.targets.dtype == np.bool_
        assert (sample.targets.reshape(targets, -1).sum(axis=1) >= 24).all()

    check()


def test_a_sample_follows_from_its_seed(sampler: Sampler) -> None:
    """The same twice, also after other draws; another one for another seed."""
    first = sampler.draw((20, 20, 20), 3, np.random.default_rng([5, 17]))
    other = sampler.draw((20, 20, 20), 3, np.random.default_rng([5, 18]))
    again = sampler.draw((20, 20, 20), 3, np.random.default_rng([5, 17]))
    np.testing.assert_array_equal(first.image, again.image)
    np.testing.assert_array_equal(first.targets, again.targets)
    assert not np.array_equal(first.image, other.image)


def core(target: np.ndarray) -> np.ndarray:
    """The target without two voxels at its border, axes of one voxel left out."""
    thick = ndimage.generate_binary_structure(3, 1)
    if target.shape[-1] == 1:
        thick[..., [0, 2]] = False
    return np.asarray(ndimage.binary_erosion(target, thick, iterations=2))


def test_with_many_drawn_labels_most_windows_show_them() -> None:
    """With 64 of them 0.8 * 64 / 69; the others show supervoxels."""
    labels = (
        np.arange(1, 65, dtype=np.uint16).reshape(4, 4, 4).repeat(6, 0).repeat(6, 1).repeat(6, 2)
    )
    drawn = Partition(labels=labels, learnt=True)
    found = Partition(labels=np.ones_like(labels), learnt=False)
    volume = dataclasses.replace(ball_volume(), partitions=(drawn, found))
    rng = np.random.default_rng(0)
    picked = [module._pick_partition(volume, rng).learnt for _ in range(200)]
    assert 0.65 < np.mean(picked) < 0.85


@pytest.mark.parametrize(
    ("volume", "window"),
    [
        (ball_volume(shape=(60, 56, 52), spacing=(1.0, 1.0, 1.0)), (24, 24, 24)),
        (ball_volume(shape=(64, 64, 20), spacing=(0.8, 0.8, 3.0)), (24, 24, 24)),
        (ball_volume(shape=(60, 56, 52), spacing=(1.0, 1.0, 1.0)), (32, 32, 1)),
        (ball_volume(shape=(120, 110, 1), spacing=(1.0, 1.0, 1.0)), (32, 32, 1)),
    ],
    ids=["isotropic", "thick slices", "a slice of a volume", "a raster"],
)
def test_image_and_targets_lie_in_the_same_place(
    volume: LabelledVolume, window: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inside each target the plain image is of one value, at any scale and turn, coarse or fine."""
    monkeypatch.setattr(module, "_UNION_SHARE", 0.0)  # two labels have two values
    sampler = Sampler([volume], [1.0])
    cores = alike = 0
    for seed in range(60):
        sample = sampler.draw(window, 1, np.random.default_rng(seed), plain=True)
        inside = sample.image[0][core(sample.targets[0])]
        if inside.size < 8:
            continue
        cores += 1
        alike += np.mean(np.abs(inside - np.median(inside)) < 0.05) > 0.9
    assert cores > 10
    assert alike > 0.9 * cores  # a slice that grazes a ball sees its soft edge all over


def test_targets_of_a_plain_sample_are_of_one_piece() -> None:
    """Parts of labels that the window cuts in two are separate targets."""
    labels = np.zeros((30, 30, 30), np.uint16)
    labels[4:12, 4:26, 4:26] = labels[18:26, 4:26, 4:26] = 1  # one label, two pieces
    volume = dataclasses.replace(
        ball_volume(shape=labels.shape), partitions=(Partition(labels=labels, learnt=True),)
    )
    sampler = Sampler([volume], [1.0])
    for seed in range(30):
        for target in sampler.draw((24, 24, 24), 2, np.random.default_rng(seed)).targets:
            assert ndimage.label(target)[1] == 1


def test_volumes_are_drawn_as_often_as_their_weights_say() -> None:
    """The second one has no contrast, so that it is known by its image of zeros."""
    labels = ball_labels((24, 24, 24))
    dark = dataclasses.replace(
        empty_volume(),
        partitions=(Partition(labels=np.tile(labels, 1), learnt=True),),
        image=np.zeros(labels.shape, np.float16),
    )
    sampler = Sampler([ball_volume(), dark], [3.0, 1.0])
    rng = np.random.default_rng(0)
    dull = sum(not sampler.draw((16, 16, 16), 1, rng, plain=True).image.any() for _ in range(200))
    assert 30 <= dull <= 72  # 50 expected, three standard deviations


def test_a_volume_of_one_slice_is_never_shown_as_a_volume(sampler: Sampler) -> None:
    """Only the 3D volume is left for a 3D window, whatever the weights."""
    only = Sampler([ball_volume(), slice_volume()], [0.01, 0.99])
    for seed in range(5):
        assert only.draw((16, 16, 16), 1, np.random.default_rng(seed)).image.shape[1:] == (16,) * 3


def test_a_raster_is_seen_alike_whatever_its_pixels_are_called() -> None:
    """Scale is drawn in pixels of the window, not in mm."""
    coarse = dataclasses.replace(slice_volume(), spacing=(4.0, 4.0, 4.0))
    one, two = (
        Sampler([v], [1.0]).draw((24, 24, 1), 2, np.random.default_rng(3))
        for v in (slice_volume(), coarse)
    )
    np.testing.assert_array_equal(one.targets, two.targets)
    np.testing.assert_allclose(one.image, two.image, atol=1e-5)


def test_a_single_drawn_label_leaves_most_windows_to_supervoxels() -> None:
    """It has 0.8 / 6 of them, told by intensity; a volume with supervoxels only gives those."""
    halves = np.zeros((24, 24, 24), np.uint16)
    halves[:, :, :12] = 1
    drawn = Partition(labels=halves, learnt=True)
    found = Partition(labels=2 * (1 - halves), learnt=False)
    image = (1 - halves).astype(np.float16)
    volume = dataclasses.replace(ball_volume(), image=image, partitions=(drawn, found))
    rng = np.random.default_rng(0)
    sampler = Sampler([volume], [1.0])
    windows = [sampler.draw((16, 16, 16), 1, rng, plain=True) for _ in range(150)]
    dark = [w.image[0][w.targets[0]].mean() < 0 for w in windows if np.ptp(w.image[0]) > 0]
    assert 0.05 < np.mean(dark) < 0.25
    alone = dataclasses.replace(volume, partitions=(found,))
    assert Sampler([alone], [1.0]).draw((16, 16, 16), 2, rng).targets.any()


@pytest.mark.parametrize(
    ("volume", "window"),
    [(empty_volume("blank"), (16, 16, 16)), (slice_volume(), (16, 16, 16))],
    ids=["no labels", "only a slice for a volume"],
)
def test_a_corpus_with_nothing_to_show_is_refused_by_name(
    volume: LabelledVolume, window: tuple[int, ...]
) -> None:
    """Instead of being searched for ever."""
    with pytest.raises(ConfigError, match=volume.name):
        Sampler([volume], [1.0]).draw(window, 1, np.random.default_rng(0))


def test_a_sampler_needs_a_volume_with_a_weight() -> None:
    """None at all, or none that is ever drawn."""
    for volumes, weights in (([], []), ([ball_volume()], [0.0])):
        with pytest.raises(ConfigError, match="positive weight"):
            Sampler(volumes, weights)
