"""Tests of vesal.training.lessons.sam_med3d: the paper's interactions."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.training.lessons.classroom import drawn, frozen, overheard
from tests.training.lessons.pupils import pupil
from vesal.errors import ConfigError
from vesal.models import nd
from vesal.models.promptable import Decoded, Embedding, PromptTensors
from vesal.training.lessons.sam_med3d import SamMed3D


def test_what_sam_med3d_never_shows_is_frozen() -> None:
    """Its scores, the masks after the first, and "no mask": untouched in the published weights."""
    wanted = ("iou_prediction_head", "output_hypernetworks_mlps", "no_mask_embed")
    keys = frozen("SAM-Med3D")
    assert all(any(word in key for word in wanted) for key in keys)
    assert not any("mlps.0" in key for key in keys)
    assert {word for word in wanted if any(word in key for key in keys)} == set(wanted)


@pytest.mark.parametrize("keeps", [False, True])
def test_the_interactions_of_sam_med3d_are_the_papers(keeps: bool) -> None:
    """Eleven from a mask of zeros; one click more each but in two; logits go on with a gradient."""
    model = pupil("sam-med3d", image_size=16, window=2)
    lesson = SamMed3D(all_clicks=keeps).lesson(model)
    images, targets = drawn(model, targets=1)
    quiets = set()
    for seed in range(6):
        with overheard(model) as heard:
            taught = lesson(images, targets, 0, (), (seed,))
        counts = [prompts.points.shape[1] for prompts, _ in heard]
        quiet = [number for number, count in enumerate(counts) if not count]
        assert len(heard) == 11
        assert len(quiet) == 2
        assert quiet[1] == 10
        quiets.add(quiet[0])
        wanted = [number + 1 if keeps else 1 for number in range(11)]
        assert counts == [0 if number in quiet else wanted[number] for number in range(11)]
        assert not heard[0][0].previous.any()  # type: ignore[union-attr]
        for (_, answer), (prompts, _) in pairwise(heard):
            assert prompts.previous is not None
            assert torch.equal(prompts.previous, answer.logits[:, :1])
            assert prompts.previous.requires_grad
    assert quiets <= set(range(2, 9))
    assert len(quiets) > 1
    losses = [by_hand(answer, targets) for _, answer in heard]
    assert float(taught.loss.detach()) == pytest.approx(sum(losses), rel=1e-5)


def by_hand(answer: Decoded, targets: Tensor) -> float:
    """Dice and cross-entropy of each target of SAM-Med3D, by loops in double precision."""
    fine = nd.resized(answer.logits[:, :1].detach(), tuple(targets.shape[2:])).double()
    found = []
    for logits, truth in zip(fine[:, 0].numpy(), targets[:, 0].double().numpy(), strict=True):
        p = 1 / (1 + np.exp(-logits))
        dice = 1 - (2 * (p * truth).sum() + 1e-5) / ((p**2).sum() + truth.sum() + 1e-5)
        found.append(dice - np.where(truth > 0, np.log(p), np.log1p(-p)).mean())
    return float(np.mean(found))


def test_clicks_of_sam_med3d_lie_where_its_last_answer_was_wrong() -> None:
    """Positive where it missed something."""
    model = pupil("sam-med3d", image_size=16, window=2)
    lesson = SamMed3D(interactions=5).lesson(model)
    images, targets = drawn(model, targets=1)
    with overheard(model) as heard:
        lesson(images, targets, 0, (), (1,))
    guess = torch.zeros_like(targets, dtype=torch.bool)
    for prompts, answer in heard:
        for row in range(len(prompts.points) if prompts.points.shape[1] else 0):
            place = tuple(prompts.points[row, 0].long().tolist())
            truth = bool(targets[row, 0][place])
            assert truth != bool(guess[row, 0][place])
            assert int(prompts.labels[row, 0]) == truth
        guess = nd.resized(answer.logits[:, :1].detach(), tuple(targets.shape[2:])) > 0


def test_perfect_answers_get_padding_and_no_error() -> None:
    """Where SAM-Med3D's code ends."""

    def right(embedding: Embedding, prompts: PromptTensors) -> Decoded:
        heard.append(prompts)
        sure = (20 * (2 * nd.pooled(targets, (16, 16, 16)) - 1)).requires_grad_()
        return Decoded(logits=sure)

    model = pupil("sam-med3d", image_size=16, window=2)
    lesson = SamMed3D().lesson(model)
    images, targets = drawn(model, targets=1)
    heard: list[PromptTensors] = []
    model.decode = right  # type: ignore[method-assign]
    taught = lesson(images, targets, 0, (), (0,))
    assert all((prompts.labels == -1).all() for prompts in heard[1:])
    assert taught.dices == (1.0,) * 11
    assert taught.loss.isfinite()


def test_the_rest_of_sam_med3d_learns_at_a_tenth() -> None:
    """The image encoder at the whole rate."""
    model = pupil("sam-med3d")
    rates = {g.rate: {id(p) for p in g.parameters} for g in SamMed3D().lesson(model).groups()}
    assert set(rates) == {1.0, 0.1}
    assert rates[1.0] == {id(p) for p in model.image_encoder.parameters()}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SamMed3D(interactions=3), "interactions must be at least 4"),
        (lambda: SamMed3D(rest_rate=0.0), "rest_rate must be above 0"),
        (lambda: SamMed3D().lesson(pupil("sam")), "SAM-Med3D lesson teaches models of sam-med3d"),
    ],
)
def test_what_cannot_be_taught_is_an_error(make: Callable[[], object], message: str) -> None:
    """One sentence each."""
    with pytest.raises(ConfigError, match=message):
        make()
