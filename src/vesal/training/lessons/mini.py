"""vesal-mini's lesson: encode a window once, click on several targets, learn from every click."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vesal.errors import ConfigError
from vesal.models.build import Model
from vesal.models.nd import fast_layout
from vesal.models.promptable_unet import PromptableUNet
from vesal.models.shapes import Images, TargetMasks
from vesal.training.lesson import Lesson, Taught
from vesal.training.lessons.mini_clicks import rough_hints, with_click
from vesal.training.lessons.mini_loss import dice_focal
from vesal.training.lessons.targets import mean_dice, one_each


@dataclass(frozen=True, slots=True, kw_only=True)
class Clicks:
    """Several clicks on each target, a loss after each.

    Raises:
        ConfigError: a number out of range.
    """

    rounds: tuple[int, ...] = (1, 2, 2, 3, 4)
    """Numbers of clicks an object gets; each step draws one."""
    learnt: int = 2
    """Of these clicks, the last ones, after which there is a loss: those before only set the
    scene, which costs a third."""
    hint_share: float = 0.25
    """Share of the targets whose first click comes with a rough mask, as after zooming."""
    weighted: bool = False
    """Whether the object and the rest count alike in the loss, see `dice_focal`."""

    def __post_init__(self) -> None:
        if not self.rounds or min(self.rounds) < 1:
            msg = f"rounds of a lesson must be one or more numbers from 1 on, got {self.rounds}"
            raise ConfigError(msg)
        if self.learnt < 1:
            msg = f"learnt of a lesson must be at least 1, got {self.learnt}"
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
        model.requires_grad_(True)
        for layer in model.compare:
            if layer.bias is not None:  # two codes are compared, so that it cancels out
                layer.bias.requires_grad_(False)
        return ClickLesson(model, self)


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
        truth = one_each(targets)
        prompts, losses, dices = None, [], []
        logits = rough_hints(truth, self.settings.hint_share, rng)
        rounds = int(rng.choice(self.settings.rounds))
        for left in reversed(range(rounds)):
            prompts = with_click(prompts, truth, logits, rng)
            with torch.set_grad_enabled(left < self.settings.learnt):
                answer = self.model.decode(embedding, prompts).logits.float()
            if left < self.settings.learnt:
                losses.append(dice_focal(answer, truth, weighted=self.settings.weighted))
            logits = answer.detach()
            dices.append(mean_dice(logits, truth))
        return Taught(loss=torch.stack(losses).mean(), dices=dices, logits=answer.detach())
