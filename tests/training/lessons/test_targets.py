"""Tests of vesal.training.lessons.targets."""

import pytest
import torch

from vesal.training.lessons.targets import mean_dice, one_each


def test_targets_of_an_image_stay_side_by_side() -> None:
    """Images outermost, as an expanded embedding has them."""
    targets = torch.arange(12).reshape(2, 3, 1, 2)
    found = one_each(targets)
    assert found.dtype == torch.float32
    assert found.shape == (6, 1, 1, 2)
    assert found[:, 0, 0, 0].tolist() == [0, 2, 4, 6, 8, 10]


def test_dice_is_the_mean_over_targets_and_one_for_nothing_found_where_nothing_is() -> None:
    """Half, whole, nothing of something, nothing of nothing."""
    masks = torch.zeros(4, 1, 4)
    masks[:3, :, :2] = 1
    logits = torch.full((4, 1, 4), -1.0)
    logits[0, :, 1:3] = 1
    logits[1, :, :2] = 1
    assert mean_dice(logits, masks) == pytest.approx((0.5 + 1 + 0 + 1) / 4)
