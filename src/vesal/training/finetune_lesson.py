"""Teaches our own model by a simulated user, on windows of a user's scans."""

import numpy as np
import torch
from torch import Tensor

from vesal.models.promptable_unet import PromptableUNet
from vesal.models.shapes import Images, TargetMasks
from vesal.training.clicks import rough_hints, with_click
from vesal.training.lesson import Lesson, Taught
from vesal.training.loss import dice_focal

_ROUNDS = (1, 1, 2, 3)  # clicks that an object gets; each turn draws one of these numbers
MOST_CLICKS = max(_ROUNDS)
"""Clicks that an object gets in a turn at most."""
_HINT_SHARE = 0.3  # of the objects whose first click comes with a rough mask, as after a look


class ClickLesson(Lesson):
    """A window is encoded once, several objects are clicked on, every answer is judged.

    Args:
        model: learns.
    """

    def __init__(self, model: PromptableUNet) -> None:
        super().__init__(model)
        self.network = model

    def forward(
        self,
        images: Images,
        targets: TargetMasks,
        turn: int,
        memory: tuple[Tensor, ...],
        seed: tuple[int, ...],
    ) -> Taught:
        """The mean loss over all clicks (see `Lesson.forward`)."""
        rng = np.random.default_rng(seed)
        count = targets.shape[1]
        wanted = targets.float().flatten(0, 1)[:, None]
        embedding = self.network.encode(images).expanded(count)
        prompts, losses, dices = None, [], []
        logits = rough_hints(wanted, _HINT_SHARE, rng)
        for _ in range(int(rng.choice(_ROUNDS))):
            prompts = with_click(prompts, wanted, logits, rng)
            answer = self.network.decode(embedding, prompts).logits
            losses.append(dice_focal(answer, wanted))
            logits = answer.detach()
            dices.append(_mean_dice(logits > 0, wanted > 0))
        assert logits is not None  # noqa: S101  # there is at least one round
        return Taught(
            loss=torch.stack(losses).mean(),
            dices=dices,
            logits=logits.unflatten(0, (len(images), count))[:, :, 0],
        )


def _mean_dice(mask: Tensor, truth: Tensor) -> float:
    axes = tuple(range(1, mask.ndim))
    overlap = 2 * (mask & truth).sum(axes)
    return float((overlap / (mask.sum(axes) + truth.sum(axes)).clamp(min=1)).mean())
