"""Tests of vesal.training.validate."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Pixels

from tests.fakes import BrightModel
from tests.volumes import ball_labels, ball_volume, tiny_corpus
from vesal.images.panel import PREDICTED
from vesal.models.promptable import Decoded, Embedding, PromptTensors
from vesal.training.sample import Sample
from vesal.training.validate import ClickValidation, validation_windows
from vesal.training.volume import Partition


class CarefulModel(BrightModel):
    """Takes the voxels that were clicked, and nothing else; leaves out those clicked negative."""

    def decode(self, embedding: Embedding, prompts: PromptTensors) -> Decoded:
        """The clicks so far."""
        super().decode(embedding, prompts)
        logits = torch.full_like(embedding.levels[0][:, :1], -1.0)
        for point, label in zip(prompts.points[0].long(), prompts.labels[0], strict=True):
            logits[(0, 0, *point)] = 1.0 if label == 1 else -1.0
        return Decoded(logits=logits)


def scored(model: BrightModel, validation: ClickValidation) -> dict[str, float]:
    """The scores, without a picture."""
    return validation.scores(model, None).scores


def seen_target(target: np.ndarray) -> Sample:
    """A window whose first channel is the target itself."""
    channel = np.where(target, 1, -1).astype(np.float32)
    return Sample(image=np.stack([channel, channel]), targets=np.stack([target, target]))


def test_a_model_that_knows_scores_one_and_an_idle_one_nothing() -> None:
    """After 1, 3 and 5 clicks, by the name of the volume."""
    target = ball_labels((12, 11, 10)) > 0
    validation = ClickValidation(samples={"a": [seen_target(target)], "b": [seen_target(~target)]})
    names = {f"{name}@{clicks}" for name in "ab" for clicks in (1, 3, 5)}
    assert scored(BrightModel(), validation) == dict.fromkeys(names, 1.0)
    blind = ClickValidation(
        samples={"a": [dataclasses.replace(seen_target(target), targets=~target[None])]}
    )
    assert set(scored(BrightModel(), blind).values()) == {0.0}


def test_each_click_is_shown_with_those_before_and_the_last_answer() -> None:
    """Five times a target, the window encoded once for all of its targets."""
    model = CarefulModel()
    target = np.zeros((8, 8, 8), np.bool_)
    target[2:5, 2:5, 2:5] = True
    scores = scored(model, ClickValidation(samples={"a": [seen_target(target)]}))
    assert model.encoded == 1
    assert [p.points.shape[1] for p in model.prompts] == [1, 2, 3, 4, 5] * 2
    assert [p.previous is None for p in model.prompts] == [True, *[False] * 4] * 2
    for clicks in (1, 3, 5):
        assert scores[f"a@{clicks}"] == pytest.approx(2 * clicks / (27 + clicks))


def test_a_user_stops_clicking_where_all_is_right() -> None:
    """One voxel is found by one click, and no other is asked for."""
    model = CarefulModel()
    target = np.zeros((4, 4, 4), np.bool_)
    target[1, 2, 3] = True
    scores = scored(model, ClickValidation(samples={"a": [seen_target(target)]}))
    assert scores == {"a@1": 1.0, "a@3": 1.0, "a@5": 1.0}
    assert len(model.prompts) == 2


def test_validation_windows_are_the_same_every_time(tmp_path: Path) -> None:
    """Fixed by the seed: the curve of a run compares like with like."""
    tiny_corpus(tmp_path)
    one, two, other = (
        validation_windows(tmp_path, ["body"], side=16, each=3, seed=seed) for seed in (1, 1, 2)
    )
    assert list(one.samples) == ["body"]
    assert len(one.samples["body"]) == 3
    for a, b in zip(one.samples["body"], two.samples["body"], strict=True):
        np.testing.assert_array_equal(a.image, b.image)
        np.testing.assert_array_equal(a.targets, b.targets)
        assert a.targets.shape == (2, 16, 16, 16)
    assert not np.array_equal(one.samples["body"][0].image, other.samples["body"][0].image)


def test_validation_targets_are_drawn_by_people(tmp_path: Path) -> None:
    """Supervoxels are never a target: here they would be bright ones."""
    halves = np.zeros((24, 24, 24), np.uint16)
    halves[:, :, :12] = 1
    partitions = (
        Partition(labels=halves, learnt=True),
        Partition(labels=2 * (1 - halves), learnt=False),
    )
    image = (1 - halves).astype(np.float16)
    dataclasses.replace(ball_volume(), image=image, partitions=partitions).save(tmp_path / "b.npz")
    windows = validation_windows(tmp_path, ["b"], side=16, each=30, seed=0).samples["b"]
    seen = [w.image[0][t].mean() for w in windows if np.ptp(w.image[0]) for t in w.targets]
    assert len(seen) > 20
    assert max(seen) < 0


def test_examples_are_drawn_where_a_picture_is_asked_for(tmp_path: Path) -> None:
    """A window and a slice, with what is right and what was answered."""
    target = ball_labels((12, 11, 10)) > 0
    flat = ball_labels((20, 22, 1)) > 0
    samples = {"volume": [seen_target(target)], "slice": [seen_target(flat)]}
    model = BrightModel()
    validated = ClickValidation(samples=samples).scores(model, tmp_path / "examples.png")
    assert validated.score == 1.0
    with Pixels.open(tmp_path / "examples.png") as picture:
        colours = np.asarray(picture.convert("RGB")).reshape(-1, 3)
    turquoise = (np.abs(colours.astype(int) - PREDICTED).max(1) < 20).sum()
    assert turquoise > 100


def test_a_score_without_validation_is_nothing() -> None:
    """And no division by zero."""
    assert ClickValidation(samples={}).scores(BrightModel(), None).score == 0
