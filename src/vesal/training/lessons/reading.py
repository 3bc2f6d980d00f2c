"""Which of a decoder's masks is the answer, while it learns."""

import torch
from torch import Tensor
from torch.func import vmap

from vesal.models import nd
from vesal.models.promptable import Decoded
from vesal.models.shapes import AnyMaskLogits, MaskLogits, MasksLogits, TargetScores
from vesal.training.lessons.losses import Loss


def first_of(decoded: Decoded) -> tuple[AnyMaskLogits, TargetScores | None]:
    """Logits and score of mask 0."""
    scores = None if decoded.scores is None else decoded.scores[:, :1]
    return decoded.logits[:, :1], scores


def best_of(
    decoded: Decoded, masks: MaskLogits, loss: Loss | None = None
) -> tuple[AnyMaskLogits, TargetScores | None]:
    """Logits and score of the best of the other masks, of each target.

    Args:
        decoded: with scores, unless the model has one mask, which is the best then.
        masks: the targets.
        loss: by which a mask is the best (SAM); by the scores if not given (SAM-Med2D).
    """
    if decoded.scores is None:
        return first_of(decoded)
    logits, scores = decoded.logits[:, 1:], decoded.scores[:, 1:]
    chosen = scores.argmax(dim=1) if loss is None else _lowest(logits.detach(), masks, loss)
    rows = torch.arange(len(logits), device=logits.device)
    return logits[rows, chosen].unsqueeze(1), scores[rows, chosen].unsqueeze(1)


def _lowest(logits: MasksLogits, masks: MaskLogits, loss: Loss) -> Tensor:
    """The number of the mask with the lowest loss of each target."""
    fine = nd.resized(logits.float(), tuple(masks.shape[2:]))

    def one(candidate: Tensor, target: Tensor) -> Tensor:
        return loss(candidate[None, None], target[None, None], None)

    over_masks = vmap(one, in_dims=(0, None))
    losses: Tensor = vmap(over_masks)(fine, masks[:, 0])  # (batch, mask)
    return losses.argmin(dim=1)
