"""The papers' losses in one form: of logits, target and maybe the scores."""

from collections.abc import Callable

from vesal.models.shapes import MaskLogits, Scalar, TargetScores
from vesal.training.paper_losses import (
    sam_mask_loss,
    sam_med2d_loss,
    sam_med3d_loss,
    sam_unet_loss,
    squared_dice,
)

Loss = Callable[[MaskLogits, MaskLogits, TargetScores | None], Scalar]
"""How wrong the answers to a batch of targets are; without scores only their masks count."""


def sam(
    logits: MaskLogits, target: MaskLogits, scores: TargetScores | None, *, joint: bool = False
) -> Scalar:
    """20 focal + Dice + the error of the scores: SAM, SAM-Med2D; ``joint`` as the latter's code."""
    if scores is None:
        return sam_mask_loss(logits, target, joint=joint)
    return sam_med2d_loss(logits, target, scores, joint=joint)


def sam_unet(
    logits: MaskLogits, target: MaskLogits, _scores: TargetScores | None, *, joint: bool = False
) -> Scalar:
    """Focal + 20 Dice; ``joint`` as published."""
    return sam_unet_loss(logits, target, joint=joint)


def sam_med3d(
    logits: MaskLogits, target: MaskLogits, _scores: TargetScores | None, *, dice_only: bool = False
) -> Scalar:
    """Dice + cross-entropy, or the former alone."""
    return squared_dice(logits, target) if dice_only else sam_med3d_loss(logits, target)
