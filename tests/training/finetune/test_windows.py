"""Tests of vesal.training.finetune.windows: what is learnt is what the product shows the model."""

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from tests.networks import tiny_config
from tests.training.scans import picture_folder, scan_folder
from vesal.datasets import find_pairs, open_pair
from vesal.errors import ConfigError
from vesal.geometry import Grid, Patch
from vesal.geometry.resample import resample
from vesal.inference.appearance import linear_and_rank
from vesal.inference.windows import View
from vesal.training.finetune import windows as module
from vesal.training.finetune.windows import Scan, ScanWindows, drawn_view, seen_in, window_of


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory) -> ScanWindows:
    """Of two patients."""
    pairs = find_pairs(scan_folder(tmp_path_factory.mktemp("scans"), 2)).pairs
    return ScanWindows(pairs=pairs, config=tiny_config(), seed=4, replay=0.0)


def test_a_batch_follows_from_its_number_alone(windows: ScanWindows) -> None:
    """Asked for again, in another order, by another copy."""
    other = ScanWindows(pairs=windows.pairs, config=windows.config, seed=4, replay=0.0)
    first = other.batch(3)
    windows.batch(0)
    second = windows.batch(3)
    assert np.array_equal(first.images, second.images)
    assert np.array_equal(first.targets, second.targets)
    assert not np.array_equal(windows.batch(2).images, second.images)
    assert windows.batches == 1


def test_every_window_has_targets_of_a_size_that_can_be_learnt(windows: ScanWindows) -> None:
    """Images within -1 and 1, shapes as the network wants them, no empty target."""
    for number in range(6):
        batch = windows.batch(number)
        assert batch.images.shape == (2, 2, 16, 16, 16)
        assert batch.targets.shape == (2, 4, 16, 16, 16)
        assert batch.targets.reshape(8, -1).sum(axis=1).min() >= module.SMALLEST_TARGET
        assert np.abs(batch.images).max() <= 1


def test_targets_lie_where_the_image_shows_them(
    windows: ScanWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Turned and mirrored alike: inside its border a ball is of one brightness."""
    monkeypatch.setattr(module, "distorted", lambda image, rng, strength: image)
    spreads = []
    for number in range(6):
        batch = windows.batch(number)
        for image, targets in zip(batch.images, batch.targets, strict=True):
            cores = [ndimage.binary_erosion(target) for target in targets]
            spreads += [float(image[0][core].std()) for core in cores if core.sum() > 30]
    assert len(spreads) > 10
    assert max(spreads) < 0.25
    assert float(np.median(spreads)) < 0.1  # the image's own is 0.6


def test_pictures_are_slices_of_one_voxel(tmp_path: Path) -> None:
    """The thin axis goes last, and there are three windows for one of a volume."""
    pairs = find_pairs(picture_folder(tmp_path)).pairs
    batch = ScanWindows(pairs=pairs, config=tiny_config(), seed=0).batch(0)
    assert batch.images.shape == (6, 2, 24, 24, 1)
    assert batch.targets.shape == (6, 4, 24, 24, 1)


def test_a_window_without_chance_is_what_the_product_reads(
    windows: ScanWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Apart from order and direction of its axes, and with nothing distorted."""
    monkeypatch.setattr(module, "distorted", lambda image, rng, strength: image)
    scan = windows.scans[0]
    middle = tuple(scan.grid.to_world(np.array([[14.0, 13, 9]]))[0].tolist())
    view = View(centre_mm=middle, spacing_mm=2.0, side=16)
    monkeypatch.setattr(module, "drawn_view", lambda *_: view)
    image, _ = window_of(scan, tiny_config(), 2, np.random.default_rng(1))
    read = resample(scan.values, scan.grid, view.grid(scan.grid), fill=scan.low, antialias=True)
    expected = linear_and_rank(read)
    np.testing.assert_allclose(np.sort(image[0].ravel()), np.sort(expected[0].ravel()), atol=1e-6)


def test_a_structure_is_seen_on_the_grid_of_a_window(grids: dict[str, Grid]) -> None:
    """On the image's own grid it is itself; beyond its box nothing is there."""
    rng = np.random.default_rng(0)
    for grid in grids.values():
        mask = rng.random(grid.shape) > 0.6
        mask.flat[0] = True
        patch = Patch.of(mask)
        assert np.array_equal(seen_in(patch, grid, grid), mask)
        far = grid.affine.copy()
        far[:-1, -1] += 1e4
        assert not seen_in(patch, grid, Grid(shape=grid.shape, affine=far)).any()


def test_views_hold_the_structure_or_lie_on_it(windows: ScanWindows) -> None:
    """Every drawn window shows a part of it, from as near and as far as the product may."""
    scan = windows.scans[0]
    rng = np.random.default_rng(0)
    spacings = []
    for _ in range(60):
        patch = scan.targets[int(rng.integers(len(scan.targets)))].patch
        view = drawn_view(scan.grid, patch, 16, rng)
        spacings.append(view.spacing_mm)
        assert seen_in(patch, scan.grid, view.grid(scan.grid)).any()
    assert min(spacings) >= 0.5 * min(scan.grid.spacing_mm)
    assert max(spacings) > 3 * min(spacings)


@pytest.mark.parametrize(("replay", "own"), [(0.0, 2), (0.5, 1)])
def test_a_share_of_the_windows_is_synthetic(
    windows: ScanWindows, monkeypatch: pytest.MonkeyPatch, replay: float, own: int
) -> None:
    """The others are the user's; of the same shape, with targets, and the same ones each time."""
    cut: list[str] = []

    def counted(scan: Scan, *words: object) -> object:
        cut.append(scan.name)
        return window_of(scan, *words)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "window_of", counted)
    mixed = [
        ScanWindows(pairs=windows.pairs, config=windows.config, seed=4, replay=replay).batch(2)
        for _ in range(2)
    ]
    assert len(cut) == 2 * own
    assert mixed[0].images.shape == (2, 2, 16, 16, 16)
    assert mixed[0].targets.any(axis=(2, 3, 4)).all()
    assert np.array_equal(mixed[0].images, mixed[1].images)


def test_specks_are_nothing_to_learn_from(tmp_path: Path) -> None:
    """One sentence, before any window is drawn."""
    pairs = find_pairs(scan_folder(tmp_path, shape=(12, 11, 9))).pairs
    small = ScanWindows(pairs=pairs, config=tiny_config(), seed=0, only=["nothing"])
    with pytest.raises(ConfigError, match="nothing to learn from in 1 scans"):
        small.batch(0)
    scan = Scan.of(open_pair(pairs[0]))
    assert all(t.patch.count >= module.SMALLEST_TARGET for t in scan.targets)
