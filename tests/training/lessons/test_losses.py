"""Tests of vesal.training.lessons.losses, against the numbers of the published code."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vesal.training.lessons.losses import (
    focal,
    sam,
    sam_med3d,
    sam_unet,
    score_error,
    soft_dice,
    squared_dice,
)

GOLDEN = Path(__file__).parents[2] / "golden"
MED2D: dict[str, Any] = json.loads((GOLDEN / "sam_med2d/losses.json").read_text())
MED3D: dict[str, Any] = json.loads((GOLDEN / "sam_med3d/preprocess_clicks_loss.json").read_text())[
    "loss"
]
UNET: dict[str, Any] = json.loads((GOLDEN / "sam_unet/loss_metrics_boxes.json").read_text())

# float32 sums of 4096 voxels in another order differ by about this much
CLOSE = 2e-6


def med2d_inputs(case: str) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Logits, target and predicted IoU as the README of the goldens makes them."""
    logits = np.random.default_rng(0).standard_normal((4, 1, 32, 32)) * 2
    target = np.random.default_rng(1).random((4, 1, 32, 32)) < 0.3
    scores = np.random.default_rng(2).random((4, 1))
    if case == "empty_mask":
        target = np.zeros_like(target)
    if case == "full_mask":
        target = np.ones_like(target)
    if case.startswith("saturated"):
        logits = np.where(target, 100.0, -100.0) * (1 if case == "saturated_right" else -1)
    tensors = (torch.from_numpy(np.float32(a)) for a in (logits, target, scores))
    logits_, target_, scores_ = tensors
    return logits_.requires_grad_(), target_, scores_.requires_grad_()


@pytest.mark.parametrize("case", [c for c in MED2D if c != "metrics"])
def test_the_loss_of_sam_med2d_is_the_published_one_in_value_and_gradient(case: str) -> None:
    """Also of nothing, of everything, and of answers that are sure."""
    expected = MED2D[case]
    logits, target, scores = med2d_inputs(case)
    total = sam(logits, target, scores, joint=True)
    parts = {
        "focal": focal(logits, target),
        "dice": soft_dice(logits, target, joint=True),
        "mask_iou": score_error(logits, target, scores, joint=True),
        "total": total,
    }
    for name, value in parts.items():
        assert value.item() == pytest.approx(expected[name], rel=CLOSE, abs=CLOSE), name
    by_logits, by_scores = torch.autograd.grad(total, (logits, scores), retain_graph=True)
    golden = expected["grad_pred"]
    assert by_logits.abs().max().item() == pytest.approx(golden["absmax"], rel=1e-4, abs=1e-9)
    assert by_logits.mean().item() == pytest.approx(golden["mean"], rel=1e-4, abs=1e-9)
    spread = by_logits.std(correction=0).item()
    assert spread == pytest.approx(golden["std"], rel=1e-4, abs=1e-9)
    found = by_logits.flatten()[golden["idx"]].numpy()
    np.testing.assert_allclose(found, golden["val"], rtol=1e-4, atol=1e-9)
    np.testing.assert_allclose(by_scores.flatten().numpy(), expected["grad_iou"], rtol=1e-4)
    (through_mask,) = torch.autograd.grad(parts["mask_iou"], logits)
    norm = expected["grad_norm_of_iou_term_wrt_pred"]
    assert through_mask.norm().item() == pytest.approx(norm, rel=1e-4, abs=1e-9)


@pytest.mark.parametrize("empty", [False, True])
def test_the_loss_of_sam_unet_is_the_published_one_in_value_and_gradient(empty: bool) -> None:
    """Its parts, and the sum of SAM that its file holds and never uses."""
    arrays = np.load(GOLDEN / "sam_unet/loss.npz")
    logits = torch.from_numpy(arrays["pred"]).requires_grad_()
    target, scores = torch.from_numpy(arrays["mask"]), torch.from_numpy(arrays["pred_iou"])
    if empty:
        target = torch.zeros_like(target)
    expected = UNET["empty_mask"] if empty else UNET
    parts = {
        "focal": focal(logits, target),
        "dice_loss": soft_dice(logits, target, joint=True),
        "mask_iou_mse": score_error(logits, target, scores, joint=True),
    }
    total = sam_unet(logits, target, joint=True)
    if not empty:
        parts["sam_unet_total_focal_plus_20dice"] = total
        parts["sam_style_20focal_dice_iou"] = sam(logits, target, scores, joint=True)
        (gradient,) = torch.autograd.grad(total, logits, retain_graph=True)
        np.testing.assert_allclose(gradient.numpy(), arrays["grad_total"], rtol=1e-4, atol=1e-7)
    for name, value in parts.items():
        assert value.item() == pytest.approx(expected[name], rel=CLOSE), name


@pytest.mark.parametrize("case", [c for c in MED3D if c != "how_random_made"])
def test_the_loss_of_sam_med3d_is_the_published_one(case: str) -> None:
    """Dice of each target with squares below, and cross-entropy, as MONAI has them."""
    rng = np.random.default_rng(2)
    logits = torch.from_numpy((2 * rng.standard_normal((2, 1, 6, 5, 4))).astype(np.float32))
    target = torch.from_numpy((rng.random((2, 1, 6, 5, 4)) > 0.7).astype(np.float32))
    if case == "empty_target":
        target = torch.zeros_like(target)
    if case == "full_target":
        target = torch.ones_like(target)
    if case == "zero_logits":
        logits = torch.zeros_like(logits)
    if case == "confident_right":
        logits = 20 * (2 * target - 1)
    expected = MED3D[case]
    dice = squared_dice(logits, target).item()
    total = sam_med3d(logits, target).item()
    assert dice == pytest.approx(expected["dice"], abs=CLOSE)
    assert total == pytest.approx(expected["dice_ce"], abs=CLOSE)
    assert total - dice == pytest.approx(expected["bce"], abs=CLOSE)
    for i, one in enumerate(expected["dice_per_sample_f64"]):
        alone = squared_dice(logits[i : i + 1].double(), target[i : i + 1].double())
        assert alone.item() == pytest.approx(one, abs=1e-12)


@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 999),
    size=st.sampled_from([(6, 5), (4, 3, 5)]),
    share=st.floats(0, 1),
)
def test_the_loss_of_a_batch_is_the_mean_of_its_targets(
    seed: int, size: tuple[int, ...], share: float
) -> None:
    """In 2D and 3D, unless the published sum over the batch is asked for."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn((3, 1, *size), generator=generator)
    target = (torch.rand((3, 1, *size), generator=generator) < share).float()
    scores = torch.rand((3, 1), generator=generator)
    losses: list[tuple[Callable[..., torch.Tensor], tuple[torch.Tensor, ...]]] = [
        (sam, (logits, target, scores)),
        (sam_unet, (logits, target)),
        (sam_med3d, (logits, target)),
    ]
    for loss, given_ in losses:
        alone = [loss(*(tensor[i : i + 1] for tensor in given_)).item() for i in range(3)]
        assert loss(*given_).item() == pytest.approx(sum(alone) / 3, rel=1e-5)


def test_one_ratio_for_the_whole_batch_hides_a_lost_small_object() -> None:
    """The published Dice hardly notices it, the one over targets does."""
    target = torch.zeros((2, 1, 32, 32))
    target[0, :, :, :30] = 1
    target[1, :, 3:5, 3:5] = 1
    logits = torch.full((2, 1, 32, 32), -20.0)
    logits[0][target[0] > 0] = 20.0
    assert soft_dice(logits, target, joint=True).item() < 0.01
    assert soft_dice(logits, target).item() == pytest.approx(0.4, abs=1e-5)  # 1 - 1 / (4 + 1), half


def test_scores_are_compared_with_the_iou_of_each_mask_and_leave_the_mask_alone() -> None:
    """Half of one target found, all of the other; only the scores are taught."""
    target = torch.zeros((2, 1, 8, 8))
    target[:, :, 2:6] = 1
    logits = 3 * (2 * target - 1)
    logits[0, :, 2:4] = -3
    logits.requires_grad_()
    scores = torch.tensor([[0.5], [0.6]], requires_grad=True)
    error = score_error(logits, target, scores)
    assert error.item() == pytest.approx(0.4**2 / 2, rel=1e-5)
    (gradient,) = torch.autograd.grad(error, scores)
    assert gradient.flatten().tolist() == pytest.approx([0.0, -0.4], abs=1e-6)
    assert torch.autograd.grad(sam(logits, target, scores), logits)[0].abs().sum() > 0
    assert not score_error(logits, target, scores.detach()).requires_grad


def test_finding_nothing_where_nothing_is_has_an_iou_of_one() -> None:
    """Not of 0 / 0."""
    target = torch.zeros((1, 1, 4, 4))
    score = torch.ones((1, 1))
    assert score_error(target - 3, target, score).item() == 0


def test_the_focal_term_teaches_nothing_to_answers_that_are_wrong_and_very_sure() -> None:
    """The effect that its docstring names; cross-entropy alone still has a gradient there."""
    target = torch.tensor([[[[0.0, 0.0, 1.0, 1.0]]]])
    logits = torch.tensor([[[[16.0, 18.0, -24.0, -60.0]]]], requires_grad=True)
    (gradient,) = torch.autograd.grad(focal(logits, target), logits)
    assert (gradient.flatten().abs() > 1e-3).tolist() == [True, False, True, False]


@pytest.mark.parametrize("joint", [False, True])
def test_without_scores_their_error_is_left_out(joint: bool) -> None:
    """Of SAM's loss the mask's part stays; SAM-Med3D's may be Dice alone."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(3, 1, 6, 5, 4, generator=generator)
    target = (torch.rand(3, 1, 6, 5, 4, generator=generator) > 0.6).float()
    scores = torch.rand(3, 1, generator=generator)
    error = sam(logits, target, scores, joint=joint) - sam(logits, target, None, joint=joint)
    assert float(error) == pytest.approx(
        float(score_error(logits, target, scores, joint=joint)), rel=1e-5
    )
    assert sam_med3d(logits, target, dice_only=True) == squared_dice(logits, target)
