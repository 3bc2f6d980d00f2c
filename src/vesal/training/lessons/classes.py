"""Automatic segmentation: the number of the class of each voxel, all classes at once."""

import math
from typing import cast

import torch
from monai.losses.dice import DiceCELoss
from torch import Tensor

from vesal.errors import ConfigError
from vesal.models.automatic import Automatic
from vesal.models.shapes import Images, MasksLogits, TargetMasks
from vesal.training.lesson import Group, Lesson, Taught


class ClassLesson(Lesson):
    """Dice and cross-entropy of an automatic model's answer to a window.

    Dice is taken over the batch as a whole, as nnU-Net does: in a single window most classes are
    absent. The background counts in the cross-entropy alone.

    Args:
        model: to be taught.
        encoder_rate: times the rate of the run, for the encoder; 0 leaves it as it is. A
            pre-trained one has less to learn than a decoder that begins at random.

    Raises:
        ConfigError: a rate that is negative or not finite.
    """

    def __init__(self, model: Automatic, *, encoder_rate: float = 1.0) -> None:
        super().__init__(model)
        if not 0 <= encoder_rate < math.inf:
            msg = f"encoder_rate must be 0 or above, got {encoder_rate}"
            raise ConfigError(msg)
        self.encoder_rate = encoder_rate
        model.encoder.requires_grad_(encoder_rate > 0)
        self.loss = DiceCELoss(include_background=False, to_onehot_y=True, softmax=True, batch=True)

    def groups(self) -> list[Group]:
        """The decoder, and the encoder at a rate of its own unless it stays as it is."""
        model = cast("Automatic", self.model)
        decoder = Group(name="decoder", parameters=list(model.decoder.parameters()))
        if not self.encoder_rate:
            return [decoder]
        encoder = list(model.encoder.parameters())
        return [decoder, Group(name="encoder", parameters=encoder, rate=self.encoder_rate)]

    def forward(
        self,
        images: Images,
        targets: TargetMasks,
        turn: int,
        memory: tuple[Tensor, ...],
        seed: tuple[int, ...],
    ) -> Taught:
        """The loss of a batch, and the mean Dice over the classes that are in it.

        Args:
            images: ``(image, 1, *window)``, normalised as the model's config says.
            targets: numbers of classes, ``(image, 1, *window)``; 0 is the background.
            turn: of no meaning: one answer is all.
            memory: of no meaning.
            seed: of no meaning: nothing is drawn.
        """
        logits: Tensor = self.model(images)
        loss: Tensor = self.loss(logits, targets.long())
        said = logits.detach()
        found = [dice for dice in class_dices(said, targets) if not math.isnan(dice)]
        mean = sum(found) / len(found) if found else 1.0
        return Taught(loss=loss, dices=[mean], logits=said)


def class_dices(logits: MasksLogits, targets: TargetMasks) -> list[float]:
    """Dice of each class but the background over a batch; NaN for those that are not in it."""
    classes = logits.shape[1]
    truth = targets.long().reshape(-1)
    answer = logits.argmax(1).reshape(-1)
    sizes = torch.bincount(answer, minlength=classes) + torch.bincount(truth, minlength=classes)
    hits = torch.bincount(truth[answer == truth], minlength=classes)
    present = torch.bincount(truth, minlength=classes) > 0
    dices = torch.where(present, 2 * hits / sizes, math.nan)
    return [float(dice) for dice in dices[1:].tolist()]
