"""vesal-mini's lesson: encode a window once, click on several targets, learn from every click."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vesal.errors import ConfigError
from vesal.models.build import Model
from vesal.models.nd import fast_layout
from vesal.models.promptable_unet import PromptableUNet
from vesal.models.shapes import Images, MaskLogits, TargetMasks
from vesal.training.clicks import rough_hints, with_click
from vesal.training.lesson import Lesson, Taught
from vesal.training.loss import dice_focal


@dataclass(frozen=True, slots=True, kw_only=True)
class Clicks:
    """Several clicks on each target, a loss after each.

    Raises:
        ConfigError: a number out of range.
    """

    rounds: tuple[int, ...] = (1, 2, 2, 3, 4)
    """Numbers of clicks an object gets; each step draws one."""
    hint_share: float = 0.25
    """Share of the targets whose first click comes with a rough mask, as after zooming."""

    def __post_init__(self) -> None:
        if not self.rounds or min(self.rounds) < 1:
            msg = f"rounds of a lesson must be one or more numbers from 1 on, got {self.rounds}"
            raise ConfigError(msg)
        if not 0 <= self.hint_share <= 1:
            msg = f"hint_share of a lesson must be 0 to 1, got {self.hint_share}"
            raise ConfigError(msg)

    def lesson(self, model: Model) -> "ClickLesson":
        """The lesson for that model, whose weights get the layout in which they learn fastest.

        Raises:
            ConfigError: the model is no vesal-mini.
        """
        if not isinstance(model, PromptableUNet):
            msg = f"this lesson is for networks like vesal-mini, got one of {model.config.family}"
            raise ConfigError(msg)
        for parameter in model.parameters():
            parameter.data = fast_layout(parameter.data)
        return ClickLesson(model.requires_grad_(True), self)


class ClickLesson(Lesson):
    """What `Clicks` says."""

    model: PromptableUNet

    def __init__(self, model: PromptableUNet, settings: Clicks) -> None:
        super().__init__(model)
        self.settings = settings

    def forward(
        self,
        images: Images,
        targets: TargetMasks,
        turn: int,
        memory: tuple[Tensor, ...],
        seed: tuple[int, ...],
    ) -> Taught:
        """Learn from one to a few clicks on each target."""
        del turn, memory
        rng = np.random.default_rng(seed)
        embedding = self.model.encode(images).expanded(targets.shape[1])
        truth = targets.float().flatten(0, 1)[:, None]
        prompts, losses, dices = None, [], []
        logits = rough_hints(truth, self.settings.hint_share, rng)
        for _ in range(int(rng.choice(self.settings.rounds))):
            prompts = with_click(prompts, truth, logits, rng)
            answer = self.model.decode(embedding, prompts).logits.float()
            losses.append(dice_focal(answer, truth))
            logits = answer.detach()
            dices.append(mean_dice(logits, truth))
        return Taught(loss=torch.stack(losses).mean(), dices=dices, logits=answer.detach())


def mean_dice(logits: MaskLogits, truth: MaskLogits) -> float:
    """The mean Dice over the batch of the masks at logit 0."""
    mask, inside = logits > 0, truth > 0
    axes = tuple(range(1, mask.ndim))
    overlap = 2 * (mask & inside).sum(axes)
    return float((overlap / (mask.sum(axes) + inside.sum(axes)).clamp(min=1)).mean())
