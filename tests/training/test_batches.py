"""Tests of vesal.training.batches."""

import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from tests.volumes import tiny_corpus, tiny_recipe
from vesal.errors import ConfigError, ResourceError
from vesal.training.batches import Batch, batch_at, batches, training_sampler
from vesal.training.recipe import Recipe
from vesal.training.sample import Sampler


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two volumes."""
    folder = tmp_path_factory.mktemp("corpus")
    tiny_corpus(folder)
    return folder


def sampler_of(corpus: Path, **changes: object) -> Sampler:
    """The sampler of the tiny recipe over both volumes."""
    return training_sampler(corpus, ["body", "slice"], tiny_recipe(**changes))


def same(one: Batch, two: Batch) -> bool:
    """Whether two batches are equal to the bit."""
    return all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))


def test_every_so_many_steps_is_a_step_on_slices(corpus: Path) -> None:
    """Windows of one shape in a batch, each with its targets."""
    recipe = tiny_recipe()
    sampler = sampler_of(corpus)
    for step in range(6):
        images, targets = batch_at(sampler, recipe, step)
        volume, flat = (1, 16, 16, 16), (2, 24, 24, 1)
        count, *window = flat if step in (2, 5) else volume
        assert images.shape == (count, 2, *window)
        assert targets.shape == (count, 2, *window)
        assert images.dtype == np.float32
        assert targets.dtype == np.bool_


def test_a_batch_follows_from_seed_and_step_alone(corpus: Path) -> None:
    """Whatever was drawn before, and with volumes read anew: a resumed run sees the same."""
    recipe = tiny_recipe()
    in_order = [batch_at(sampler_of(corpus), recipe, step) for step in range(5)]
    sampler = sampler_of(corpus)
    for step in (4, 1, 3, 0, 2):
        assert same(batch_at(sampler, recipe, step), in_order[step])
    assert not same(in_order[0], in_order[1])
    assert not same(batch_at(sampler, tiny_recipe(seed=6), 0), in_order[0])


def test_weights_share_real_and_synthetic_volumes_as_the_recipe_says(corpus: Path) -> None:
    """A quarter synthetic here; the rest equally, or by the recipe's factors."""
    equal = sampler_of(corpus, synthetic_volumes=2)
    np.testing.assert_allclose(equal.weights, [0.375, 0.375, 0.125, 0.125])
    often = sampler_of(corpus, synthetic_volumes=2, often=(("slice", 3.0), ("not here", 9.0)))
    np.testing.assert_allclose(often.weights, [0.1875, 0.5625, 0.125, 0.125])


def test_synthetic_volumes_are_made_once_and_kept(corpus: Path) -> None:
    """Under a name with their size, in the folder of the corpus."""
    sampler_of(corpus, synthetic_side=20)
    path = corpus / "synthetic-20-0.npz"
    made = path.stat().st_mtime_ns
    sampler = sampler_of(corpus, synthetic_side=20)
    assert path.stat().st_mtime_ns == made
    assert sampler.volumes[-1].partitions[0].labels.shape == (20, 20, 20)


def test_a_run_may_be_purely_synthetic_or_purely_real(corpus: Path) -> None:
    """But not neither."""
    synthetic = training_sampler(corpus, [], tiny_recipe())
    assert [v.modality for v in synthetic.volumes] == ["synthetic"]
    real = training_sampler(corpus, ["body"], tiny_recipe(synthetic_volumes=0))
    assert [v.name for v in real.volumes] == ["body"]
    with pytest.raises(ConfigError, match="positive weight"):
        training_sampler(corpus, [], tiny_recipe(synthetic_volumes=0))


def test_another_process_makes_the_same_batches_and_ends_with_them(corpus: Path) -> None:
    """From the step asked for to the recipe's last one; stopped when nobody listens any more."""
    recipe = tiny_recipe()
    sampler = sampler_of(corpus)
    made = batches(corpus, ["body", "slice"], recipe, 3)
    for step in (3, 4):
        assert same(next(made), batch_at(sampler, recipe, step))
    assert len(multiprocessing.active_children()) == 1
    made.close()
    assert multiprocessing.active_children() == []


def test_a_finished_run_starts_no_process(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing left to make."""
    monkeypatch.setattr(multiprocessing, "get_context", None)
    assert list(batches(corpus, ["body"], tiny_recipe(), 6)) == []
    assert list(batches(corpus, ["body"], tiny_recipe(), 7)) == []


def test_a_process_that_dies_ends_the_run_in_words(
    corpus: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Instead of a wait for ever; its own error is on the error stream."""
    recipe: Recipe = tiny_recipe()
    with pytest.raises(ResourceError, match=r"ended early \(exit code 1\)"):
        next(batches(corpus, ["no such volume"], recipe, 0))
    assert "no such volume.npz" in capfd.readouterr().err
    assert multiprocessing.active_children() == []
