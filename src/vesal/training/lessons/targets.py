"""The targets of a batch one by one, and how well they were found."""

from vesal.models.shapes import MaskLogits, TargetMasks


def one_each(targets: TargetMasks) -> MaskLogits:
    """``(image * target, 1, *space)``, 0 or 1, the targets of an image side by side."""
    return targets.flatten(0, 1).unsqueeze(1).float()


def mean_dice(logits: MaskLogits, masks: MaskLogits) -> float:
    """The mean over targets of the Dice of what is above 0; 1 where nothing is and was found."""
    found, truth = (logits > 0).flatten(1), (masks > 0).flatten(1)
    sizes = found.sum(1) + truth.sum(1)
    overlap = 2 * (found & truth).sum(1)
    return float((overlap / sizes.clamp(min=1)).where(sizes > 0, 1.0).mean())
