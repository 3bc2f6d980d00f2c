"""Tests of vesal.training.lessons.losses: the papers' losses in one form."""

import pytest
import torch

from vesal.training import paper_losses
from vesal.training.lessons import losses

GENERATOR = torch.Generator().manual_seed(0)
LOGITS = torch.randn(3, 1, 6, 5, 4, generator=GENERATOR)
TARGET = (torch.rand(3, 1, 6, 5, 4, generator=GENERATOR) > 0.6).float()
SCORES = torch.rand(3, 1, generator=GENERATOR)


@pytest.mark.parametrize("joint", [False, True])
def test_sams_loss_is_that_of_the_mask_and_of_the_scores(joint: bool) -> None:
    """Without scores their error is left out."""
    whole = losses.sam(LOGITS, TARGET, SCORES, joint=joint)
    error = paper_losses.score_error(LOGITS, TARGET, SCORES, joint=joint)
    assert whole == paper_losses.sam_med2d_loss(LOGITS, TARGET, SCORES, joint=joint)
    mask = losses.sam(LOGITS, TARGET, None, joint=joint)
    assert float(whole - error) == pytest.approx(float(mask), rel=1e-6)


def test_other_losses_ask_for_no_scores() -> None:
    """And have the papers' options."""
    unet = losses.sam_unet(LOGITS, TARGET, SCORES, joint=True)
    assert unet == paper_losses.sam_unet_loss(LOGITS, TARGET, joint=True)
    assert losses.sam_unet(LOGITS, TARGET, None) == paper_losses.sam_unet_loss(LOGITS, TARGET)
    volumes = losses.sam_med3d(LOGITS, TARGET, SCORES)
    assert volumes == paper_losses.sam_med3d_loss(LOGITS, TARGET)
    dice = losses.sam_med3d(LOGITS, TARGET, None, dice_only=True)
    assert dice == paper_losses.squared_dice(LOGITS, TARGET)
    assert dice < volumes
