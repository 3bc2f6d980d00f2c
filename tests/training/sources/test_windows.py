"""Tests of vesal.training.sources.windows."""

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.volumes import tiny_corpus, tiny_recipe
from vesal.errors import ConfigError
from vesal.training.batch import Batch
from vesal.training.sources.windows import Windows, WindowSource


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two volumes."""
    folder = tmp_path_factory.mktemp("corpus")
    tiny_corpus(folder)
    return folder


def tiny_windows(**changes: object) -> Windows:
    """The data of the tiny recipe."""
    data = tiny_recipe(**changes).data
    assert isinstance(data, Windows)
    return data


def source_of(corpus: Path, *, seed: int = 5, **changes: object) -> WindowSource:
    """Both volumes, as the tiny recipe shows them."""
    return WindowSource(corpus, ["body", "slice"], tiny_windows(**changes), seed)


def same(one: Batch, two: Batch) -> bool:
    """Whether two batches are equal to the bit."""
    return np.array_equal(one.images, two.images) and np.array_equal(one.targets, two.targets)


def test_every_so_many_batches_is_one_of_slices(corpus: Path) -> None:
    """Windows of one shape in a batch, each with its targets."""
    source = source_of(corpus)
    for number in range(6):
        batch = source.batch(number)
        volume, flat = (1, 16, 16, 16), (2, 24, 24, 1)
        count, *window = flat if number in (2, 5) else volume
        assert batch.images.shape == (count, 2, *window)
        assert batch.targets.shape == (count, 2, *window)
        assert batch.images.dtype == np.float32
        assert batch.targets.dtype == np.bool_


def test_a_batch_follows_from_seed_and_number_alone(corpus: Path) -> None:
    """Whatever was drawn before, in whatever process: a resumed run sees the same."""
    in_order = [source_of(corpus).batch(number) for number in range(5)]
    source = source_of(corpus)
    for number in (4, 1, 3, 0, 2):
        assert same(source.batch(number), in_order[number])
    sent = pickle.loads(pickle.dumps(source))  # noqa: S301  # our own, of a line before
    assert same(sent.batch(3), in_order[3])
    assert not same(in_order[0], in_order[1])
    assert not same(source_of(corpus, seed=6).batch(0), in_order[0])


def test_volumes_are_not_sent_to_another_process(corpus: Path) -> None:
    """It reads them itself: what is sent stays small."""
    source = source_of(corpus)
    source.batch(0)
    assert len(pickle.dumps(source)) < 5_000


def test_an_epoch_shows_each_real_volume_once(corpus: Path) -> None:
    """As many windows as volumes."""
    assert source_of(corpus).batches == 2
    assert source_of(corpus, volume_windows=2).batches == 1
    assert source_of(corpus, volume_windows=5).batches == 1


def test_weights_share_real_and_synthetic_volumes_as_the_recipe_says(corpus: Path) -> None:
    """A quarter synthetic here; the rest equally, or by the recipe's factors."""
    equal = source_of(corpus, synthetic_volumes=2).sampler
    np.testing.assert_allclose(equal.weights, [0.375, 0.375, 0.125, 0.125])
    often = source_of(corpus, synthetic_volumes=2, often=(("slice", 3.0), ("not here", 9.0)))
    np.testing.assert_allclose(often.sampler.weights, [0.1875, 0.5625, 0.125, 0.125])


def test_synthetic_volumes_are_made_once_and_kept(corpus: Path) -> None:
    """Under a name with their size, in the folder of the corpus."""
    source_of(corpus, synthetic_side=20).batch(0)
    path = corpus / "synthetic-20-0.npz"
    made = path.stat().st_mtime_ns
    sampler = source_of(corpus, synthetic_side=20).sampler
    assert path.stat().st_mtime_ns == made
    assert sampler.volumes[-1].partitions[0].labels.shape == (20, 20, 20)


def test_a_run_may_be_purely_synthetic_or_purely_real(corpus: Path) -> None:
    """But not neither."""
    synthetic = WindowSource(corpus, [], tiny_windows(), 5)
    assert [v.modality for v in synthetic.sampler.volumes] == ["synthetic"]
    none = tiny_windows(synthetic_volumes=0)
    assert [v.name for v in WindowSource(corpus, ["body"], none, 5).sampler.volumes] == ["body"]
    with pytest.raises(ConfigError, match="positive weight"):
        WindowSource(corpus, [], none, 5).batch(0)


@pytest.mark.parametrize(
    "change",
    [
        {"volume_windows": 0},
        {"slice_windows": -1},
        {"slice_every": 0},
        {"targets": 0},
        {"volume_side": 0},
        {"synthetic_share": -0.1},
        {"synthetic_share": float("nan")},
    ],
    ids=str,
)
def test_numbers_that_make_no_sense_are_refused(change: dict[str, object]) -> None:
    """In one sentence, with what was given."""
    with pytest.raises(ConfigError, match="got"):
        replace(tiny_windows(), **change)  # type: ignore[arg-type]
