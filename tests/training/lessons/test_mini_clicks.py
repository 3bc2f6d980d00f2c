"""Tests of vesal.training.lessons.mini_clicks."""

import numpy as np
import pytest
import torch

from tests.volumes import ball_labels
from vesal.models.promptable import PADDING_LABEL, PromptTensors
from vesal.training.lessons.mini_clicks import rough_hints, with_click

SHAPES = pytest.mark.parametrize("shape", [(16, 15, 14), (24, 20, 1)], ids=["volume", "slice"])


def targets_of(shape: tuple[int, ...], count: int = 4) -> torch.Tensor:
    """As many different masks, none empty."""
    masks = [ball_labels(shape, seed) > 0 for seed in range(count)]
    return torch.from_numpy(np.stack(masks)[:, None].astype(np.float32))


def at(values: torch.Tensor, prompts: PromptTensors, click: int) -> torch.Tensor:
    """The values at the last click of each target."""
    points = prompts.points[:, click].long()
    return torch.stack([v[0][tuple(p)] for v, p in zip(values, points, strict=True)])


@SHAPES
@pytest.mark.parametrize("seed", range(5))
def test_the_first_click_lies_in_its_own_target(shape: tuple[int, ...], seed: int) -> None:
    """Positive, one for each target of the batch, nothing before it."""
    targets = targets_of(shape)
    prompts = with_click(None, targets, None, np.random.default_rng(seed))
    assert tuple(prompts.points.shape) == (4, 1, 3)
    assert prompts.labels.tolist() == [[1]] * 4
    assert (at(targets, prompts, 0) == 1).all()
    assert prompts.previous is None


@SHAPES
@pytest.mark.parametrize("seed", range(5))
def test_later_clicks_lie_where_the_answer_is_wrong_and_say_what_is_true(
    shape: tuple[int, ...], seed: int
) -> None:
    """The clicks before them stay; the answer becomes the previous mask."""
    targets = targets_of(shape)
    rng = np.random.default_rng(seed)
    prompts = with_click(None, targets, None, rng)
    for click in range(1, 4):
        generator = torch.Generator().manual_seed(10 * seed + click)
        logits = torch.randn(targets.shape, generator=generator)
        more = with_click(prompts, targets, logits, rng)
        assert torch.equal(more.points[:, :click], prompts.points)
        assert torch.equal(more.labels[:, :click], prompts.labels)
        assert more.previous is logits
        truth = at(targets, more, click)
        assert torch.equal(more.labels[:, click], truth.long())
        assert ((at(logits, more, click) > 0).float() != truth).all()
        prompts = more


@pytest.mark.parametrize("seed", range(6))
def test_a_target_without_an_error_gets_padding(seed: int) -> None:
    """The others of the batch get their clicks."""
    targets = targets_of((16, 15, 14))
    logits = 2 * targets - 1
    logits[1] = -1
    prompts = with_click(None, targets, logits, np.random.default_rng(seed))
    assert prompts.labels.tolist() == [[PADDING_LABEL], [1], [PADDING_LABEL], [PADDING_LABEL]]
    assert not prompts.points[0].any()


def test_some_clicks_are_central_and_some_are_anywhere() -> None:
    """Real users do not always hit the middle."""
    target = torch.zeros(1, 1, 21, 21, 21)
    target[0, 0, 5:16, 5:16, 5:16] = 1
    rng = np.random.default_rng(0)
    clicks = [with_click(None, target, None, rng).points[0, 0].tolist() for _ in range(100)]
    central = sum(click == [10, 10, 10] for click in clicks)
    assert 45 <= central <= 75
    assert len({tuple(click) for click in clicks}) > 20


@SHAPES
def test_clicks_and_hints_follow_from_the_seed(shape: tuple[int, ...]) -> None:
    """A resumed run clicks where the first one did."""
    targets = targets_of(shape)
    one, two = (with_click(None, targets, None, np.random.default_rng(3)) for _ in range(2))
    assert torch.equal(one.points, two.points)
    first, second = (rough_hints(targets, 0.5, np.random.default_rng(1)) for _ in range(2))
    assert first is not None
    assert second is not None
    assert torch.equal(first, second)


@pytest.mark.parametrize("shape", [(40, 38, 36), (24, 20, 1)], ids=["volume", "slice"])
def test_a_hint_is_a_rough_copy_of_its_own_target(shape: tuple[int, ...]) -> None:
    """Better than nothing, never exact, on the same window."""
    targets = targets_of(shape)
    for seed in range(5):
        hints = rough_hints(targets, 1.0, np.random.default_rng(seed))
        assert hints is not None
        assert hints.shape == targets.shape
        assert torch.isfinite(hints).all()
        for hint, target in zip(hints > 0, targets > 0, strict=True):
            dice = 2 * (hint & target).sum() / (hint.sum() + target.sum())
            assert 0.3 < dice < 1
        agreement = torch.corrcoef(torch.cat([hints, targets]).flatten(1))[:4, 4:]
        assert (agreement.argmax(dim=1) == torch.arange(4)).all()


def test_only_a_share_of_the_targets_gets_a_hint() -> None:
    """The rest has exactly 0, which says nothing; None where none has one."""
    targets = targets_of((12, 12, 12))
    rng = np.random.default_rng(0)
    assert rough_hints(targets, 0.0, rng) is None
    given = 0
    for _ in range(50):
        hints = rough_hints(targets, 0.5, rng)
        if hints is not None:
            given += int(hints.flatten(1).any(dim=1).sum())
    assert 70 <= given <= 130
