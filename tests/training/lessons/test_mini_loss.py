"""Tests of vesal.training.lessons.mini_loss."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vesal.training.lessons.mini_loss import dice_focal

SHAPES = pytest.mark.parametrize("shape", [(6, 7, 8), (9, 8, 1), (10, 11)], ids=str)
SURE = 12.0


def random_target(shape: tuple[int, ...], share: float, seed: int = 0) -> torch.Tensor:
    """Two targets, about that share of their voxels inside."""
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand((2, 1, *shape), generator=generator) < share).float()


def random_logits(shape: tuple[int, ...], seed: int = 1) -> torch.Tensor:
    """Unsure answers, ready to be learned from."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn((2, 1, *shape), generator=generator).requires_grad_()


@SHAPES
@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 1.0])
def test_a_perfect_answer_costs_nothing_and_its_opposite_much(
    shape: tuple[int, ...], share: float
) -> None:
    """Also for nothing at all and for everything."""
    target = random_target(shape, share)
    perfect = (2 * target - 1) * SURE
    assert dice_focal(perfect, target).item() < 0.01
    assert dice_focal(-perfect, target).item() > 1


@settings(deadline=None, max_examples=30)
@given(share=st.floats(0, 1), seed=st.integers(0, 999))
def test_a_step_down_the_gradient_costs_less(share: float, seed: int) -> None:
    """However small or large the object; the gradient is finite, and points to the target."""
    target = random_target((6, 5, 4), share, seed)
    logits = random_logits((6, 5, 4), seed + 1)
    before = dice_focal(logits, target)
    (gradient,) = torch.autograd.grad(before, logits)
    assert torch.isfinite(gradient).all()
    assert gradient.abs().max() > 0
    assert dice_focal(logits - 0.5 * gradient, target) < before
    assert (gradient * (2 * target - 1)).sum() < 0


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize("size", [0.0, 100.0])
def test_empty_and_full_targets_have_a_finite_gradient(value: float, size: float) -> None:
    """Even under answers so sure that they saturate."""
    target = torch.full((1, 1, 4, 4, 4), value)
    for sign in (1, -1):
        logits = torch.full((1, 1, 4, 4, 4), sign * size, requires_grad=True)
        loss = dice_focal(logits, target)
        (gradient,) = torch.autograd.grad(loss, logits)
        assert torch.isfinite(loss)
        assert torch.isfinite(gradient).all()


@SHAPES
def test_the_loss_of_a_batch_is_the_mean_of_its_parts(shape: tuple[int, ...]) -> None:
    """A large object does not outvote a small one."""
    target = torch.cat([random_target(shape, 0.05)[:1], random_target(shape, 0.9)[:1]])
    logits = random_logits(shape)
    parts = [dice_focal(logits[i : i + 1], target[i : i + 1]).item() for i in range(2)]
    assert dice_focal(logits, target).item() == pytest.approx(sum(parts) / 2, rel=1e-5)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_value_is_that_of_the_formula(weighted: bool) -> None:
    """By hand, on four voxels; with weights one voxel of the object counts like three others."""
    logits = torch.tensor([0.0, 2.0, -1.0, 0.5])
    target = torch.tensor([0.0, 1.0, 0.0, 0.0])
    p = torch.sigmoid(logits)
    dice = (2 * p[1] + 1) / (p.square().sum() + 1 + 1)
    entropy = torch.stack([-(1 - p[0]).log(), -p[1].log(), -(1 - p[2]).log(), -(1 - p[3]).log()])
    weight = torch.tensor([1 / 0.75, 1 / 0.25, 1 / 0.75, 1 / 0.75]) if weighted else torch.ones(4)
    expected = 1 - dice + ((p - target).abs() * weight * entropy).mean()
    value = dice_focal(logits.view(1, 1, 2, 2), target.view(1, 1, 2, 2), weighted=weighted)
    assert value.item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_voxel_too_many_costs_what_a_missed_one_does() -> None:
    """Without weights; with them the missed one of a small object costs many times as much."""
    target = torch.zeros(1, 1, 20, 20)
    target[..., :2, :5] = 1
    slopes = []
    for weighted in (False, True):
        logits = torch.zeros(1, 1, 20, 20, requires_grad=True)
        entropy = dice_focal(logits, target, weighted=weighted)
        (gradient,) = torch.autograd.grad(entropy, logits)
        slopes.append(float(-gradient[0, 0, 0, 0] / gradient[0, 0, 10, 10]))
    assert slopes[1] > 5 * slopes[0]
