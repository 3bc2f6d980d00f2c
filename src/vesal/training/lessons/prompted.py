"""The lesson of all promptable families: prompt, answer, correction, in 2D and 3D."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple, ParamSpec, TypeVar, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

from vesal.arrays import MaskArray
from vesal.models import nd
from vesal.models.promptable import Embedding, PromptTensors
from vesal.models.segmenter import Segmenter
from vesal.models.shapes import AnyMaskLogits, Images, MaskLogits, Scalar, TargetMasks
from vesal.prompts.simulate import mask_only_rounds
from vesal.training.freeze import learn, leaves, parts_of
from vesal.training.lesson import Group, Lesson, Taught
from vesal.training.lessons.dialogue import Dialogue
from vesal.training.lessons.reading import best_of, first_of
from vesal.training.lessons.targets import mean_dice, one_each
from vesal.training.lessons.user import (
    in_numpy,
    nothing_said,
    together,
    told,
    with_boxes,
    with_error_clicks,
    with_first_clicks,
)

_P = ParamSpec("_P")
_T = TypeVar("_T")


class _Answer(NamedTuple):
    coarse: AnyMaskLogits
    """Logits as the decoder has them."""
    fine: MaskLogits
    """On the targets' grid, detached."""
    loss: Scalar


class PromptedLesson(Lesson):
    """A model that is prompted by a simulated user, answers, and is corrected.

    The image is encoded once. In one turn not every part need be used (a box or a click, with or
    without a mask), and other processes may use other parts: DistributedDataParallel must look for
    unused parameters. What no turn can use is frozen. On several GPUs, batch norms should become
    `nn.SyncBatchNorm` before the lesson is handed out: SAM-UNet was trained so.

    Args:
        model: to be taught.
        dialogue: how.
        learning: the parts that learn (see `vesal.training.freeze`), and at how many times the
            run's rate; less what the dialogue leaves idle.
        frozen_statistics: whether batch norms keep the means and variances that they have. Those
            of frozen parts always do.

    Raises:
        ConfigError: a part that the model does not have.
    """

    model: Segmenter

    def __init__(
        self,
        model: Segmenter,
        dialogue: Dialogue,
        learning: Mapping[str, float],
        *,
        frozen_statistics: bool = False,
    ) -> None:
        super().__init__(model)
        self.dialogue = dialogue
        self.turns = dialogue.answers if dialogue.apart else 1
        self.frozen_statistics = frozen_statistics
        self._rates = {part: rate for name, rate in learning.items() for part in leaves(name)}
        learn(model, tuple(learning), but=dialogue.idle)
        self.train()

    def groups(self) -> list[Group]:
        """What learns, by rate."""
        rates: dict[float, list[nn.Parameter]] = {}
        for part, parameters in parts_of(self.model).items():
            learning = [p for p in parameters if p.requires_grad]
            if learning:
                rates.setdefault(self._rates.get(part, 1.0), []).extend(learning)
        return [Group(name=f"rate {r:g}", parameters=p, rate=r) for r, p in rates.items()]

    def train(self, mode: bool = True) -> "PromptedLesson":
        """The lesson in training mode, or not; batch norms that are to stay as they are do not."""
        super().train(mode)
        for module in self.model.modules():
            frozen = self.frozen_statistics or not any(
                p.requires_grad for p in module.parameters(recurse=False)
            )
            if isinstance(module, _BatchNorm) and frozen:
                module.eval()
        return self

    def forward(
        self,
        images: Images,
        targets: TargetMasks,
        turn: int,
        memory: tuple[Tensor, ...],
        seed: tuple[int, ...],
    ) -> Taught:
        """Teach one turn (see `Lesson.forward`)."""
        rng = np.random.default_rng(list(seed))
        masks = one_each(targets)
        truths = in_numpy(masks)
        last, quiet, *levels = memory if memory else self._begun(images, len(masks), rng)
        embedding = Embedding(levels=tuple(levels)).expanded(targets.shape[1])
        said = nothing_said(len(masks), masks.ndim - 2)
        answers: list[_Answer] = []
        for number in [turn] if self.dialogue.apart else range(self.dialogue.answers):
            if number == 0:
                said = self._opening(truths, rng)
            else:
                seen = answers[-1].fine if answers else nd.resized(last, tuple(masks.shape[2:]))
                said = self._correction(said, truths, seen, rng)
            heard = nothing_said(len(masks), masks.ndim - 2) if number in quiet.tolist() else said
            prompts = told(heard, self._previous(last, number), masks.device)
            answers.append(self._again(self._answer, embedding, prompts, masks))
            last = answers[-1].coarse
        losses = torch.stack([answer.loss for answer in answers])
        remembered = (last, quiet, *levels) if self.dialogue.apart else ()
        return Taught(
            loss=losses.sum() if self.dialogue.summed else losses.mean(),
            dices=tuple(mean_dice(answer.fine, masks) for answer in answers),
            logits=answers[-1].fine,
            memory=tuple(tensor.detach() for tensor in remembered),
        )

    def _begun(self, images: Images, batch: int, rng: np.random.Generator) -> tuple[Tensor, ...]:
        """Logits of zero, the answers before which nothing will be said, and the embedding."""
        config, dialogue = self.model.config, self.dialogue
        size = [config.mask_size] * config.ndim
        empty = torch.zeros(batch, 1, *size, device=images.device)
        drawn = mask_only_rounds(dialogue.answers, *dialogue.quiet, rng) if dialogue.quiet else ()
        quiet = torch.tensor(sorted(drawn), dtype=torch.int64)
        return empty, quiet, *self._again(self.model.encode, images).levels

    def _opening(self, truths: Sequence[MaskArray], rng: np.random.Generator) -> PromptTensors:
        if rng.random() < self.dialogue.point_share:
            return with_first_clicks(truths, 1, rng)
        return with_boxes(truths, rng, shifted=self.dialogue.shifted_boxes)

    def _correction(
        self,
        said: PromptTensors,
        truths: Sequence[MaskArray],
        seen: MaskLogits,
        rng: np.random.Generator,
    ) -> PromptTensors:
        """What the user says to an answer."""
        guesses = in_numpy(seen - self.dialogue.click_logit)
        count = int(rng.choice(self.dialogue.clicks))
        new = with_error_clicks(truths, guesses, count, rng)
        return together(said, new) if self.dialogue.keeps else new

    def _previous(self, last: AnyMaskLogits, number: int) -> AnyMaskLogits | None:
        """What the model is told of its last answer."""
        dialogue = self.dialogue
        if number == 0:
            return last if dialogue.empty_mask else None
        if dialogue.previous == "none":
            return None
        known = last.detach() if dialogue.detached else last
        return known.sigmoid() if dialogue.previous == "probabilities" else known

    def _answer(self, embedding: Embedding, prompts: PromptTensors, masks: MaskLogits) -> _Answer:
        """What the model says to the prompts, and how wrong it is."""
        dialogue = self.dialogue
        decoded = self.model.decode(embedding, prompts)
        alone = prompts.points.shape[1] == 1 and prompts.boxes is None and prompts.previous is None
        if dialogue.reading == "best" or (dialogue.reading == "best alone" and alone):
            by = dialogue.loss if dialogue.lowest_loss else None
            logits, scores = best_of(decoded, masks, by)
        else:
            logits, scores = first_of(decoded)
        # the losses' floors and sums need more than 16 bits
        coarse = logits.float()
        fine = nd.resized(coarse, tuple(masks.shape[2:]))
        expected = scores.float() if dialogue.scored and scores is not None else None
        return _Answer(coarse, fine.detach(), dialogue.loss(fine, masks, expected))

    def _again(self, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """What the function returns; what lies between is computed anew on the way back, if so."""
        if not self.dialogue.checkpointing:
            return function(*args, **kwargs)
        made = checkpoint(
            partial(function, *args, **kwargs), use_reentrant=False, preserve_rng_state=False
        )
        return cast("_T", made)
