"""Tests of vesal.training.train: from a recipe to weights."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.networks import tiny_config
from tests.volumes import tiny_recipe
from vesal.checkpoints.load import load_model, save_model
from vesal.errors import CheckpointError
from vesal.models.promptable_unet import PromptableUNet
from vesal.training.recipe import Material
from vesal.training.sources.windows import Windows, WindowSource
from vesal.training.train import train


def own_data(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let recipes of windows find the tiny corpus instead of fetching scans."""

    def material(self: Windows, data: object, cache: object, model: object, seed: int, *_: object):  # type: ignore[no-untyped-def]
        return Material(source=WindowSource(corpus, ["body"], self, seed), validation=None)

    monkeypatch.setattr(Windows, "material", material)


def test_a_training_starts_the_same_and_leaves_the_random_numbers_alone(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seed decides the first weights; nobody else's numbers change."""
    own_data(corpus, monkeypatch)
    before = torch.random.get_rng_state()
    made = [
        train(tiny_recipe(steps=1, seed=seed), tmp_path / name, cache=tmp_path, workers=0)
        for seed, name in ((5, "a"), (5, "b"), (6, "c"))
    ]
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(path.name == "last.safetensors" for path in made)  # nothing to validate on
    assert made[0].read_bytes() == made[1].read_bytes()
    assert made[0].read_bytes() != made[2].read_bytes()


def test_a_run_can_begin_with_the_weights_of_another(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the folder has a checkpoint, that counts."""
    own_data(corpus, monkeypatch)
    known = PromptableUNet(tiny_config())
    weights = tmp_path / "known.safetensors"
    save_model(known, weights)
    recipe = tiny_recipe(steps=1, rate=1e-9, weight_decay=0.0)
    for _ in range(2):
        path = train(recipe, tmp_path / "run", cache=tmp_path, start=weights, workers=0)
        for name, tensor in load_model(path).state_dict().items():
            expected = known.state_dict()[name]
            torch.testing.assert_close(tensor, expected, atol=1e-3, rtol=1e-3)  # kept as float16
        weights.unlink(missing_ok=True)


def test_weights_of_another_network_are_no_start(tmp_path: Path) -> None:
    """One sentence."""
    weights = tmp_path / "other.safetensors"
    save_model(PromptableUNet(replace(tiny_config(), window=32)), weights)
    with pytest.raises(CheckpointError, match="not of this recipe's network"):
        train(tiny_recipe(), tmp_path / "run", cache=tmp_path, start=weights)


def test_a_run_does_not_go_on_with_other_data_or_first_weights(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its record says what it was; nothing said of the weights is no other weights."""
    own_data(corpus, monkeypatch)
    known = tmp_path / "known.safetensors"
    save_model(PromptableUNet(tiny_config()), known)
    run = tmp_path / "run"

    def trained(**changes: object) -> None:
        words = {"data": tmp_path / "a", "start": known} | changes
        train(tiny_recipe(steps=1), run, cache=tmp_path, workers=0, **words)  # type: ignore[arg-type]

    trained()
    trained(start=None)
    for changes, word in (
        ({"data": tmp_path / "b"}, "learnt_from"),
        ({"start": "none"}, "begun_with"),
    ):
        with pytest.raises(CheckpointError, match=rf"of another kind \(it differs in {word}\)"):
            trained(**changes)
    trained()
