"""Tests of vesal.training.volume."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from tests.volumes import ball_labels, ball_volume
from vesal.errors import ResourceError
from vesal.training import volume as module
from vesal.training.volume import LabelledVolume, Partition, prepare, supervoxels


def textured(shape: tuple[int, ...], seed: int = 0) -> NDArray[np.float32]:
    """Smooth noise without any flat part."""
    noise = np.random.default_rng(seed).standard_normal(shape)
    return np.asarray(ndimage.gaussian_filter(noise, 1.2), np.float32)


def test_a_partition_knows_the_labels_that_are_large_enough_and_their_boxes() -> None:
    """29 voxels are too few, 30 are enough; numbers in between may be missing."""
    labels = np.zeros((12, 11, 10), np.uint16)
    labels[0, 0, :3] = 1
    labels[2:5, 2:7, 1:3] = 4
    labels[8:, 6:, 5:] = 9
    labels[6, 0, 0:10] = labels[6, 1, 0:10] = labels[6, 2, 0:9] = 7
    partition = Partition(labels=labels, learnt=True)
    assert partition.ids == (4, 9)
    assert partition.boxes == (np.s_[2:5, 2:7, 1:3], np.s_[8:12, 6:11, 5:10])
    labels[6, 2, 9] = 7
    assert Partition(labels=labels, learnt=True).ids == (4, 7, 9)


def test_a_label_map_without_labels_is_a_partition_without_ids() -> None:
    """Nothing drawn, or nothing but background found."""
    assert Partition(labels=np.zeros((5, 5, 5), np.uint16), learnt=False).ids == ()


@pytest.mark.parametrize("with_image", [True, False])
def test_a_volume_comes_back_from_its_file_as_it_was(tmp_path: Path, with_image: bool) -> None:
    """Image, spacing, modality and each partition; the name is the file's; nothing else is left."""
    partitions = tuple(
        Partition(labels=ball_labels((12, 10, 8), seed, 2), learnt=seed > 0) for seed in range(3)
    )
    image = np.random.default_rng(0).random((12, 10, 8)).astype(np.float16) if with_image else None
    volume = LabelledVolume(
        name="knee", modality="MR", image=image, spacing=(0.7, 1.25, 3.0), partitions=partitions
    )
    volume.save(tmp_path / "knee.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["knee.npz"]
    again = LabelledVolume.load(tmp_path / "knee.npz")
    assert (again.name, again.modality, again.spacing) == ("knee", "MR", volume.spacing)
    assert [p.learnt for p in again.partitions] == [False, True, True]
    for old, new in zip(partitions, again.partitions, strict=True):
        np.testing.assert_array_equal(new.labels, old.labels)
        assert (new.ids, new.boxes) == (old.ids, old.boxes)
    if image is None:
        assert again.image is None
    else:
        np.testing.assert_array_equal(again.image, image)


def test_a_failed_save_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A half written volume would be taken for a whole one by the next run."""
    path = tmp_path / "balls.npz"
    ball_volume().save(path)
    good = path.read_bytes()

    def full(file: Path, **arrays: object) -> None:
        file.write_bytes(b"PK")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(ResourceError, match="No space left"):
        ball_volume(seed=1).save(path)
    assert path.read_bytes() == good
    assert list(tmp_path.iterdir()) == [path]


def test_fine_voxels_are_averaged_and_their_labels_picked() -> None:
    """To about 1 mm along each axis; what does not fill a block is dropped."""
    image = textured((21, 33, 9))
    number = np.arange(10 * 8 * 9, dtype=np.uint16).reshape(10, 8, 9)  # one for each block
    labels = np.pad(np.kron(number, np.ones((2, 4, 1), np.uint16)), [(0, 1), (0, 1), (0, 0)])
    volume = prepare("a", "CT", image, (0.5, 0.26, 2.0), [labels])
    assert volume.spacing == pytest.approx((1.0, 1.04, 2.0))
    assert volume.image is not None
    assert volume.image.shape == volume.partitions[0].labels.shape == (10, 8, 9)
    blocks = image[:20, :32].reshape(10, 2, 8, 4, 9).mean(axis=(1, 3))
    correlation = np.corrcoef(blocks.ravel(), volume.image.ravel().astype(float))[0, 1]
    assert correlation > 0.999
    np.testing.assert_array_equal(volume.partitions[0].labels, number)


def test_intensities_are_scaled_by_percentiles_and_bounded() -> None:
    """0.1 and 99.9 per cent become 0 and 1; metal does not squeeze the rest."""
    image = np.random.default_rng(0).uniform(-1000, 1000, (30, 30, 30)).astype(np.float32)
    image[3, 4, 5] = 1e6
    image[6, 7, 8] = -1e6
    stored = prepare("a", "CT", image, (1.0, 1.0, 1.0), []).image
    assert stored is not None
    assert stored.dtype == np.float16
    assert (stored[3, 4, 5], stored[6, 7, 8]) == (1.5, -0.5)
    assert np.percentile(stored, [0.1, 50, 99.9]) == pytest.approx([0, 0.5, 1], abs=0.02)


@pytest.mark.parametrize("value", [0.0, -1024.0])
def test_an_image_without_contrast_has_no_supervoxels(value: float) -> None:
    """Nothing to learn from, and no division by zero."""
    volume = prepare("a", "CT", np.full((9, 8, 7), value, np.float32), (1.0, 1.0, 1.0), [])
    assert volume.image is not None
    assert not volume.image.any()
    assert all(p.ids == () for p in volume.partitions)


def test_an_axis_shorter_than_a_block_keeps_one_voxel() -> None:
    """Two slices of 0.2 mm make one."""
    volume = prepare("a", "CT", textured((30, 28, 2)), (1.0, 1.0, 0.2), [ball_labels((30, 28, 2))])
    assert volume.partitions[0].labels.shape == (30, 28, 1)
    assert volume.spacing == pytest.approx((1.0, 1.0, 0.4))


@pytest.mark.parametrize("pixel", [0.25, 4.0])
def test_a_raster_is_divided_alike_whatever_its_pixels_are_called(pixel: float) -> None:
    """It becomes one slice as thick as a pixel; micrographs know no millimetres."""
    image, labels = textured((40, 44)), ball_labels((40, 44))
    plain = prepare("a", "microscopy", image, (1.0, 1.0), [labels])
    other = prepare("a", "microscopy", image, (pixel, pixel), [labels])
    assert other.spacing == (pixel, pixel, pixel)
    assert plain.image is not None
    assert plain.image.shape == (40, 44, 1)
    for one, two in zip(plain.partitions, other.partitions, strict=True):
        np.testing.assert_array_equal(one.labels, two.labels)


@settings(deadline=None, max_examples=15)
@given(
    seed=st.integers(0, 99),
    shape=st.sampled_from([(14, 13, 12), (30, 28, 1), (20, 18, 5)]),
    spacing=st.sampled_from([(1.0, 1.0, 1.0), (0.8, 1.0, 3.0)]),
    sigma=st.sampled_from([1.5, 3.0]),
)
def test_supervoxels_cover_the_image_and_each_is_of_one_piece(
    seed: int, shape: tuple[int, ...], spacing: tuple[float, ...], sigma: float
) -> None:
    """Where there is texture everywhere, no voxel is left out; pieces are joined by faces."""
    regions = supervoxels(textured(shape, seed), spacing, sigma)
    assert regions.shape == shape
    assert regions.min() >= 1
    for region in range(1, regions.max() + 1):
        assert ndimage.label(regions == region)[1] == 1


def test_supervoxels_end_at_edges() -> None:
    """Of two tissues with a sharp border none holds more than a rim of the other."""
    image = textured((24, 24, 12)) * 0.05
    image[12:] += 1
    regions = supervoxels(image, (1.0, 1.0, 1.0), 1.5)
    for region in range(1, regions.max() + 1):
        inside = regions == region
        share = inside[13:].sum() / inside.sum()
        assert min(share, 1 - share) < 0.2


def test_too_many_supervoxels_are_made_coarser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their numbers must fit into 16 bits."""
    image = textured((20, 20, 10))
    usual = int(supervoxels(image, (1.0, 1.0, 1.0), 1.5).max())
    monkeypatch.setattr(module, "_MOST_SUPERVOXELS", usual // 2)
    fewer = supervoxels(image, (1.0, 1.0, 1.0), 1.5)
    assert 0 < fewer.max() < usual // 2
    assert fewer.min() >= 1
