"""Tests of vesal.training.lessons.mini: vesal-mini's lesson teaches all that it can teach."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.networks import tiny_config
from tests.training.lessons.pupils import learnt, pupil
from vesal.errors import ConfigError
from vesal.images import open_image
from vesal.inference.appearance import linear_and_rank
from vesal.models.promptable import PromptTensors
from vesal.models.promptable_unet import PromptableUNet
from vesal.prompts.simulate import error_click
from vesal.training.lessons.mini import Clicks

SCANS = Path(__file__).parents[3] / "src/vesal/assets/scans"
SIDE = 16


def network(seed: int = 0) -> PromptableUNet:
    """A tiny one with random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return PromptableUNet(tiny_config())


def organs() -> tuple[Tensor, Tensor]:
    """A window of a real CT at 9 mm with two organs: spleen and left kidney, as it is shown."""
    image, labels = (
        open_image(SCANS / name).array[::3, ::3, ::3]
        for name in ("example_ct.nii.gz", "example_seg_fast_force_split.nii.gz")
    )
    middle = np.argwhere((labels == 1) | (labels == 3)).mean(0).round().astype(int)
    starts = np.clip(middle - SIDE // 2, 0, np.array(labels.shape) - SIDE)
    window = tuple(slice(a, a + SIDE) for a in starts)
    shown = linear_and_rank(np.ascontiguousarray(image[window], np.float32))
    masks = np.stack([labels[window] == value for value in (1, 3)]).astype(np.float32)
    return torch.from_numpy(shown)[None], torch.from_numpy(masks)[None]


def test_two_organs_of_a_real_ct_are_learnt_from_clicks() -> None:
    """Which of them is meant, only the click says; a correction does no harm."""
    image, targets = organs()
    model = network()
    learnt(Clicks(rounds=(1, 2), hint_share=0.0).lesson(model), image, targets, 300, 5e-3)
    for target in targets[0].numpy() > 0:
        assert target.any()
        points: list[tuple[int, ...]] = []
        labels: list[int] = []
        mask, logits = np.zeros_like(target), None
        for _ in range(2):
            click = error_click(target, mask)
            if click is not None:
                points.append(click[0])
                labels.append(int(click[1]))
            prompts = PromptTensors(
                points=torch.tensor([points], dtype=torch.float32),
                labels=torch.tensor([labels]),
                previous=logits,
            )
            with torch.no_grad():
                logits = model.eval().decode(model.encode(image), prompts).logits
            mask = logits[0, 0].numpy() > 0
            assert 2 * (mask & target).sum() / (mask.sum() + target.sum()) > 0.95


def test_every_weight_that_learns_gets_a_gradient() -> None:
    """And none that does not: a bias that cancels out where two codes are compared."""
    image, targets = organs()
    model = network()
    lesson = Clicks(rounds=(2,), hint_share=1.0).lesson(model)
    lesson(image, targets, 0, (), (1,)).loss.backward()
    frozen = {name for name, p in model.named_parameters() if not p.requires_grad}
    assert frozen == {f"compare.{level}.bias" for level in range(3)}
    for name, parameter in model.named_parameters():
        reached = parameter.grad is not None and bool(parameter.grad.any())
        assert reached == (name not in frozen), name


def test_early_clicks_only_set_the_scene() -> None:
    """Only the last ones are learnt from: the loss is the mean over so many."""
    image, targets = organs()
    model = network()
    few = Clicks(rounds=(4,), hint_share=0.0, learnt=1).lesson(model)(image, targets, 0, (), (1,))
    all_of_them = Clicks(rounds=(4,), hint_share=0.0, learnt=4).lesson(model)
    whole = all_of_them(image, targets, 0, (), (1,))
    assert len(few.dices) == len(whole.dices) == 4
    assert few.dices == whole.dices
    assert few.loss != whole.loss
    with pytest.raises(ConfigError, match="learnt of a lesson must be at least 1"):
        Clicks(learnt=0)


def test_what_cancels_out_changes_nothing() -> None:
    """Why that bias is frozen: no answer depends on it."""
    image, _ = organs()
    model = network()
    prompts = PromptTensors(points=torch.full((1, 1, 3), 8.0), labels=torch.ones(1, 1).long())
    with torch.no_grad():
        before = model.decode(model.encode(image), prompts).logits
        for name, parameter in model.named_parameters():
            if name.startswith("compare.") and name.endswith(".bias"):
                parameter.add_(0.5)
        after = model.decode(model.encode(image), prompts).logits
    torch.testing.assert_close(after, before, atol=1e-4, rtol=1e-4)


def test_a_seed_decides_what_is_clicked() -> None:
    """The same loss to the bit; another one for another seed."""
    image, targets = organs()
    lesson = Clicks().lesson(network())
    losses = [float(lesson(image, targets, 0, (), (seed,)).loss.detach()) for seed in (1, 1, 2)]
    assert losses[0] == losses[1] != losses[2]


def test_numbers_and_models_that_make_no_sense_are_refused() -> None:
    """In one sentence."""
    for wrong in ({"rounds": ()}, {"rounds": (1, 0)}, {"hint_share": 1.5}):
        with pytest.raises(ConfigError, match="got"):
            Clicks(**wrong)
    with pytest.raises(ConfigError, match="for networks like vesal-mini, got one of sam"):
        Clicks().lesson(pupil("sam"))
