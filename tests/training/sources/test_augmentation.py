"""Tests of vesal.training.sources.augmentation."""

import builtins
import pickle

import numpy as np
import pytest
from scipy import ndimage

from vesal.errors import ConfigError, ResourceError
from vesal.training.sources.augmentation import STRENGTHS, Augmentation

SHAPES = [(20, 22, 18), (40, 36)]


def window(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """An image that is bright in its two targets, without any symmetry."""
    targets = np.zeros((2, *shape), np.bool_)
    targets[0][tuple(slice(3, 9) for _ in shape)] = True
    targets[1][tuple(slice(n // 2, n // 2 + 5) for n in shape)] = True
    image = np.where(targets.any(axis=0), 3.0, -1.0)
    return np.stack([image, 2 * image]).astype(np.float32), targets


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("strength", STRENGTHS)
def test_a_change_follows_from_its_seed(shape: tuple[int, ...], strength: str) -> None:
    """The same twice, in another object, and in another process."""
    image, targets = window(shape)
    augmentation = Augmentation(strength)
    sent = pickle.loads(pickle.dumps(augmentation))  # noqa: S301
    different = 0
    for seed in range(6):
        first = augmentation.changed(image, targets, np.random.default_rng(seed))
        again = sent.changed(image, targets, np.random.default_rng(seed))
        for one, two in zip(first, again, strict=True):
            np.testing.assert_array_equal(one, two)
        assert first[0].dtype == np.float32
        assert first[1].dtype == np.bool_
        assert first[0].shape == image.shape
        different += not np.array_equal(first[0], image)
    assert different == 0 if strength == "off" else different >= 3


@pytest.mark.parametrize("shape", SHAPES)
def test_image_and_targets_are_mirrored_together(shape: tuple[int, ...]) -> None:
    """To the voxel, and over every axis in about one of two windows."""
    image, targets = window(shape)
    augmentation = Augmentation("flip")
    rng = np.random.default_rng(1)
    seen = set()
    for _ in range(40):
        changed, moved = augmentation.changed(image, targets, rng)
        np.testing.assert_array_equal(changed[0] > 0, moved.any(axis=0))
        for axes in range(2 ** len(shape)):
            mirrored = tuple(1 + a for a in range(len(shape)) if axes >> a & 1)
            if np.array_equal(np.flip(image, mirrored), changed):
                seen.add(axes)
    assert len(seen) == 2 ** len(shape)


@pytest.mark.parametrize("shape", SHAPES)
def test_strong_changes_leave_targets_where_the_image_shows_them(shape: tuple[int, ...]) -> None:
    """Turned or not, their middles are brighter than what is around them, and none is lost."""
    image, targets = window(shape)
    augmentation = Augmentation("strong")
    rng = np.random.default_rng(1)
    for _ in range(25):
        changed, moved = augmentation.changed(image, targets, rng)
        assert np.isfinite(changed).all()
        assert moved.any(axis=tuple(range(1, moved.ndim))).all()
        around = ~ndimage.binary_dilation(moved.any(axis=0), iterations=2)
        for target in moved:
            core = ndimage.binary_erosion(target)
            assert changed[0][core].mean() > changed[0][around].mean() + 0.5


def test_numbers_of_classes_stay_numbers_of_classes() -> None:
    """Moved by the nearest voxel: none is made up between two."""
    image, targets = window((20, 22, 18))
    numbers = (7 * targets[:1] + 200 * targets[1:]).astype(np.uint8)
    augmentation = Augmentation("strong")
    rng = np.random.default_rng(2)
    for _ in range(15):
        _, moved = augmentation.changed(image, numbers, rng)
        assert moved.dtype == np.uint8
        assert set(np.unique(moved)) <= {0, 7, 200}


def test_an_unknown_strength_is_refused() -> None:
    """One sentence names those that are known."""
    with pytest.raises(ConfigError, match="off, flip, strong, got 'wild'"):
        Augmentation("wild")


def test_without_monai_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the start, not in another process; "off" needs none."""
    real = builtins.__import__

    def without(name: str, *rest: object) -> object:
        if name.startswith("monai"):
            raise ImportError("No module named 'monai'")
        return real(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    Augmentation("off")
    with pytest.raises(ResourceError, match=r"pip install 'vesal\[train\]'"):
        Augmentation("flip")
