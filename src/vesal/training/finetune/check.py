"""How well a model does on whole scans while it is fine-tuned: asked as a user asks the product."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vesal.arrays import MaskArray
from vesal.datasets import Opened, Target
from vesal.images import Image
from vesal.inference.answer import Answer
from vesal.inference.clicks import Clicks
from vesal.inference.predictor import predictor_for
from vesal.inference.request import Request
from vesal.models.build import Model
from vesal.prompts.simulate import error_click

CLICKS = (1, 3)
"""After so many clicks the Dice is taken."""

_MOST = 8
"""Structures that are clicked on, spread over all: each takes seconds on a CPU."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Checked:
    """Structures that a model is asked for now and then."""

    structures: tuple[tuple[Image, Target], ...]
    seen: bool
    """Whether the model learns from them, because there are no others."""

    @classmethod
    def of(cls, opened: Sequence[Opened], *, least: int, seen: bool = False) -> "Checked":
        """At most eight structures of scans, the largest and the smallest among them.

        Args:
            opened: the scans.
            least: voxels of a structure.
            seen: whether they are learnt from.
        """
        every = [(one.image, t) for one in opened for t in one.targets if t.patch.count >= least]
        if len(every) > _MOST:
            order = sorted(range(len(every)), key=lambda i: every[i][1].patch.count)
            picks = np.linspace(0, len(every) - 1, _MOST).round().astype(int)
            every = [every[i] for i in sorted(order[pick] for pick in picks)]
        return cls(structures=tuple(every), seen=seen)


def checked(model: Model, what: Checked) -> tuple[float, ...]:
    """Mean Dice after each number of `CLICKS`, first clicks in the middle of a structure.

    The whole image is shown, and further clicks go to the middle of the largest error, as in
    `vesal evaluate`. Nothing to check gives no numbers.
    """
    training = model.training
    model.eval()
    curves = [_curve(model, image, target) for image, target in what.structures]
    model.train(training)
    return tuple(float(value) for value in np.mean(curves, axis=0)) if curves else ()


def _curve(model: Model, image: Image, target: Target) -> list[float]:
    predictor = predictor_for(image, model)
    truth = target.patch.full()
    mask = np.zeros_like(truth)
    voxels: list[tuple[int, ...]] = []
    positive: list[bool] = []
    answer: Answer | None = None
    dices: list[float] = []
    for _ in range(max(CLICKS)):
        click = error_click(truth, mask, image.grid.spacing_mm)
        if click is not None:
            voxels.append(click[0])
            positive.append(click[1])
            points = image.grid.to_world(np.array(voxels, np.float64))
            clicks = Clicks(points_mm=points, positive=np.array(positive))
            answer = predictor.predict(Request(clicks=clicks), previous=answer)
            mask = answer.mask.full()
        dices.append(_dice(mask, truth))
    return [dices[number - 1] for number in CLICKS]


def _dice(mask: MaskArray, truth: MaskArray) -> float:
    both = np.count_nonzero(mask) + np.count_nonzero(truth)
    return 2 * np.count_nonzero(mask & truth) / both if both else 1.0
