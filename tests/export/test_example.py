"""Tests of examples/onnx_segment.py: exported models in use where there is no torch."""

from __future__ import annotations

import runpy
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.export.tiny import check_written, tiny
from vesal.export.sam_graphs import PlaneDecoder, SamEncoder, VolumeDecoder
from vesal.inference.appearance import linear_and_rank, positive_zscore
from vesal.inference.fit import fit_of, nearest, smooth, square_of
from vesal.inference.habits import HABITS
from vesal.models.segmenter import Segmenter

if TYPE_CHECKING:
    from tests.export.conftest import Files

EXAMPLE = Path(__file__).parents[2] / "examples" / "onnx_segment.py"
# A blocked module fails on import, as if it were not installed.
BLOCKED = """
import runpy, sys
for name in ("torch", "vesal", "scipy"):
    sys.modules[name] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run(stem: Path, image: NDArray[Any], words: Sequence[str]) -> NDArray[np.bool_]:
    """The mask that the example makes in a process of its own, where torch cannot be imported."""
    with tempfile.TemporaryDirectory() as folder:
        given, output = Path(folder) / "given.npy", Path(folder) / "mask.npy"
        np.save(given, image)
        files = [str(path) for path in (EXAMPLE, stem, given)]
        command = [sys.executable, "-c", BLOCKED, *files, *words, "-o", str(output)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        assert done.returncode == 0, done.stderr
        assert "voxels inside" in done.stdout
        mask: NDArray[np.bool_] = np.load(output)
    return mask


def stem_of(files: Files, family: str) -> Path:
    """What the names of a family's files have in common."""
    encoder, _ = files(family)
    return encoder.path.with_name(family)


def assert_same(mask: NDArray[np.bool_], logits: torch.Tensor) -> None:
    """The masks are equal but where a logit is as good as 0, and say something."""
    wanted = logits.numpy() > 0
    assert mask.shape == wanted.shape
    assert 0.01 < wanted.mean() < 0.99
    assert (mask != wanted).mean() < 1e-3


@pytest.mark.parametrize("family", ["sam-med2d", "sam-med3d"])
def test_what_the_example_runs_is_written_and_agrees_with_torch(files: Files, family: str) -> None:
    """For 1, 2 and 5 points, 1 and 3 prompt sets, and pictures of several sizes."""
    check_written(files(family), family)


@pytest.fixture(scope="module")
def example() -> dict[str, Any]:
    """The functions of the example."""
    return runpy.run_path(str(EXAMPLE))


def picture(rows: int = 50, columns: int = 37) -> NDArray[np.uint8]:
    """Colours of noise."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (rows, columns, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    "words", [["--point", "20,31"], ["--box", "5,8,30,40"]], ids=["point", "box"]
)
def test_a_picture_is_segmented_without_torch(files: Files, words: list[str]) -> None:
    """SAM-Med2D: the mask is that of torch, with our own preprocessing; the best of three."""
    network = tiny("sam-med2d")
    assert isinstance(network, Segmenter)
    mask = run(stem_of(files, "sam-med2d"), picture(), words)
    stretched = replace(HABITS["sam-med2d"], fit="stretched")
    square = square_of(picture(), fit_of(stretched, (50, 37), 256), stretched)
    ratio = torch.tensor([256 / 37, 256 / 50])
    points, labels = torch.tensor([[20.0, 31.0], [0.0, 0.0]]), torch.tensor([[1.0, -1.0]])
    if "--box" in words:
        points, labels = torch.tensor([[5.0, 8.0], [30.0, 40.0]]), torch.tensor([[2.0, 3.0]])
    masks, scores, _ = PlaneDecoder(network, single_mask=False)(
        SamEncoder(network)(torch.from_numpy(square)[None]),
        (points * ratio)[None],
        labels,
        torch.zeros(1, 1, 64, 64),
        torch.zeros(1),
        torch.tensor([50.0, 37.0]),
    )
    assert_same(mask, masks[0, 1 + scores[0, 1:].argmax()])


def test_a_volume_is_segmented_without_torch(files: Files, example: dict[str, Any]) -> None:
    """SAM-Med3D: a cube of its own voxels, two clicks, the second with the logits of the first."""
    network = tiny("sam-med3d")
    assert isinstance(network, Segmenter)
    volume = np.random.default_rng(1).normal(100, 50, (64, 64, 64)).astype(np.float32)
    words = ["--spacing", "1.5,1.5,1.5", "--point", "48,48,48", "--negative", "15,60,30"]
    stem = stem_of(files, "sam-med3d")
    mask = run(stem, volume, words)
    levels = SamEncoder(network)(torch.from_numpy(positive_zscore(volume)[0])[None, None])
    low, flag = torch.zeros(1, 1, 16, 16, 16), 0.0
    for point, label in (((32.0, 32.0, 32.0), 1.0), ((10.0, 40.0, 20.0), 0.0)):
        points, labels = torch.tensor([[point]]), torch.tensor([[label]])
        decoder = VolumeDecoder(network)
        masks, low = decoder(levels, points, labels, low, torch.tensor([flag]))
        flag = 1.0
    clicks = [(np.full(3, 32.0), 1), (np.array([10.0, 40.0, 20.0]), 0)]
    found = example["segment_volume"](example["Model"](stem), volume, np.full(3, 1.5), clicks)
    np.testing.assert_allclose(found, masks[0, 0], rtol=0, atol=1e-4)
    np.testing.assert_array_equal(mask, found > 0)


@pytest.mark.parametrize("shape", [(30, 41), (64, 20), (7, 90)], ids=str)
def test_its_resizing_is_that_of_the_references(
    example: dict[str, Any], shape: tuple[int, int]
) -> None:
    """Nearest to the bit; Pillow's filter but for a grey level, as it rounds its weights."""
    assert np.array_equal(example["nearest"](picture(), shape), nearest(picture(), shape))
    ours, theirs = example["smooth"](picture(), shape), smooth(picture(), shape)
    assert np.abs(ours.astype(int) - theirs).max() <= 1


@pytest.mark.parametrize("family", ["sam", "sam-unet", "sam-med2d"])
def test_its_pictures_lie_in_the_square_as_in_our_predictor(
    example: dict[str, Any], family: str
) -> None:
    """Normalised, and 0 where nothing is; pictures larger than the square, where rules agree."""
    large = picture(150, 113)
    found, _ = example["square"](large, family, 64)
    wanted = square_of(large, fit_of(HABITS[family], (150, 113), 64), HABITS[family])
    np.testing.assert_allclose(found, wanted, rtol=0, atol=0.03)  # a grey level


def test_its_intensities_are_those_of_our_predictors(example: dict[str, Any]) -> None:
    """SAM-Med3D's, and vesal-mini's."""
    window = np.random.default_rng(2).normal(20, 30, (12, 10, 8)).astype(np.float32)
    scaled = example["positive_zscore"](window)
    np.testing.assert_allclose(scaled[0], positive_zscore(window)[0], rtol=0, atol=1e-6)
    found = example["linear_and_rank"](window)
    np.testing.assert_allclose(found, linear_and_rank(window), rtol=0, atol=1e-6)


def test_its_volumes_are_interpolated_between_voxels_and_filled_outside(
    example: dict[str, Any],
) -> None:
    """Half a voxel around the outermost ones still belongs to them."""
    values = np.arange(12.0).reshape(3, 4, 1)
    places = [np.array([0.5, -0.4, 2.6]), np.array([1.25]), np.array([0.0])]
    found = example["sampled"](values, places, -1.0)
    np.testing.assert_allclose(found[:, 0, 0], [3.25, 1.25, -1.0])
