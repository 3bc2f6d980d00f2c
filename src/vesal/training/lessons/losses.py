"""The losses of the papers whose models vesal loads, for training as they were trained.

Sums that the published code takes over a whole batch are taken over each target here, unless
``joint`` asks for the published form. Logits and targets have the same shape, targets are 0 or 1.
"""

from collections.abc import Callable

import torch
from torch.nn import functional

from vesal.models.shapes import MaskLogits, Scalar, TargetScores, TargetSums

Loss = Callable[[MaskLogits, MaskLogits, TargetScores | None], Scalar]
"""How wrong the answers to a batch of targets are; without scores only their masks count."""

_FOREGROUND = 0.25  # share of the focal term that goes to the object: alpha of Lin et al. (2017)
_FOCUS = 2  # its exponent: gamma of Lin et al. (2017)
_LOG_FLOOR = 1e-12  # SAM-Med2D, SAM-UNet: added inside the logarithm
_DICE_SMOOTHING = 1.0  # SAM-Med2D, SAM-UNet
_SQUARED_DICE_SMOOTHING = 1e-5  # SAM-Med3D: MONAI's default
_IOU_SMOOTHING = 1e-7  # SAM-Med2D
_HEAVY = 20.0  # SAM-Med2D weighs focal so (as SAM does), SAM-UNet Dice


def focal(logits: MaskLogits, target: MaskLogits) -> Scalar:
    """The mean over all voxels of focal cross-entropy, Lin et al. (2017): SAM-Med2D, SAM-UNet.

    The logarithm's floor takes the gradient away where an answer is wrong and very sure: in float32
    above a logit of 17 outside the object, and below -28 inside it.
    """
    inside = torch.sigmoid(logits)
    hit = _FOREGROUND * (1 - inside) ** _FOCUS * torch.log(inside + _LOG_FLOOR)
    miss = (1 - _FOREGROUND) * inside**_FOCUS * torch.log(1 - inside + _LOG_FLOOR)
    return -(target * hit + (1 - target) * miss).mean()


def soft_dice(logits: MaskLogits, target: MaskLogits, *, joint: bool = False) -> Scalar:
    """The mean over targets of 1 - soft Dice, 1 added above and below: SAM-Med2D, SAM-UNet.

    ``joint``: their published code takes one ratio over the whole batch, so that a large object
    outvotes a small one.
    """
    inside = torch.sigmoid(logits)
    overlap = 2 * _sums(inside * target, joint) + _DICE_SMOOTHING
    return (1 - overlap / (_sums(inside, joint) + _sums(target, joint) + _DICE_SMOOTHING)).mean()


def squared_dice(logits: MaskLogits, target: MaskLogits) -> Scalar:
    """The mean over targets of 1 - soft Dice with squares below: SAM-Med3D, Milletari (2016).

    Alone it is what SAM-Med3D's first published weights were probably trained with: for a single
    channel, MONAI before 1.3 had a cross-entropy that is always 0.
    """
    inside = torch.sigmoid(logits)
    overlap = 2 * _sums(inside * target) + _SQUARED_DICE_SMOOTHING
    sizes = _sums(inside.square()) + _sums(target.square()) + _SQUARED_DICE_SMOOTHING
    return (1 - overlap / sizes).mean()


def score_error(
    logits: MaskLogits, target: MaskLogits, scores: TargetScores, *, joint: bool = False
) -> Scalar:
    """The mean squared error of predicted IoUs, against the IoU of each mask at logit 0.

    ``joint``: SAM-Med2D's published code compares every score with one soft IoU of the whole batch,
    and lets the gradient into the mask, so that masks also learn to have the IoU that is expected.
    """
    inside = torch.sigmoid(logits) if joint else (logits > 0).to(logits.dtype)
    overlap = _sums(inside * target, joint)
    union = _sums(inside, joint) + _sums(target, joint) - overlap
    found = (overlap + _IOU_SMOOTHING) / (union + _IOU_SMOOTHING)
    return (found.unsqueeze(1) - scores).square().mean()


def sam(
    logits: MaskLogits, target: MaskLogits, scores: TargetScores | None, *, joint: bool = False
) -> Scalar:
    """20 focal + Dice + the error of the scores: SAM, SAM-Med2D; ``joint`` as the latter's code."""
    mask = _HEAVY * focal(logits, target) + soft_dice(logits, target, joint=joint)
    return mask if scores is None else mask + score_error(logits, target, scores, joint=joint)


def sam_unet(
    logits: MaskLogits,
    target: MaskLogits,
    _scores: TargetScores | None = None,
    *,
    joint: bool = False,
) -> Scalar:
    """Focal + 20 Dice, ``joint`` as published. In SAM focal weighs 20."""
    return focal(logits, target) + _HEAVY * soft_dice(logits, target, joint=joint)


def sam_med3d(
    logits: MaskLogits,
    target: MaskLogits,
    _scores: TargetScores | None = None,
    *,
    dice_only: bool = False,
) -> Scalar:
    """The loss of one interaction, Dice + cross-entropy or Dice alone; a step sums it over all."""
    dice = squared_dice(logits, target)
    if dice_only:
        return dice
    return dice + functional.binary_cross_entropy_with_logits(logits, target)


def _sums(values: MaskLogits, joint: bool = False) -> TargetSums:
    """Sums over each target, or one sum over all of them."""
    return values.sum().view(1) if joint else values.flatten(1).sum(1)
