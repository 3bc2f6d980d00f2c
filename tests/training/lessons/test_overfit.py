"""Each lesson teaches: a small model learns one real case, asked as its paper asks.

In the picture there are four nuclei, of which three are targets: their masks are only found by what
the prompts say.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tests.training.lessons.pupils import learnt, nuclei, pupil, spleen
from vesal.models import nd
from vesal.models.promptable import PromptTensors
from vesal.models.segmenter import Segmenter
from vesal.prompts.simulate import error_click
from vesal.training.lessons.sam_decoder import SamDecoder
from vesal.training.lessons.sam_med2d import SamMed2D
from vesal.training.lessons.sam_med3d import SamMed3D
from vesal.training.lessons.sam_unet import SamUNet
from vesal.training.lessons.targets import mean_dice, one_each
from vesal.training.lessons.user import nothing_said, together, with_boxes

LEARNT = 0.95
"""Dice."""


def in_numpy(logits: Tensor) -> list[NDArray[np.bool_]]:
    """What is above 0, an array a target."""
    return list((logits[:, 0] > 0).numpy())


def clicked(masks: Tensor, logits: Tensor) -> PromptTensors:
    """A click in the middle of what is wrong, for each target."""
    pairs = zip(in_numpy(masks), in_numpy(logits), strict=True)
    clicks = [error_click(truth, guess) or ((0,) * truth.ndim, True) for truth, guess in pairs]
    return PromptTensors(
        points=torch.tensor([[voxel] for voxel, _ in clicks], dtype=torch.float32),
        labels=torch.tensor([[int(inside)] for _, inside in clicks]),
    )


def boxed(masks: Tensor) -> PromptTensors:
    """The box of each target, just where it is."""
    return with_boxes(in_numpy(masks), np.random.default_rng(0), shifted=False)


def asked(
    model: Segmenter, image: Tensor, said: PromptTensors, previous: Tensor | None, *, best: bool
) -> Tensor:
    """The coarse logits of the mask that counts."""
    prompts = PromptTensors(
        points=said.points, labels=said.labels, boxes=said.boxes, previous=previous
    )
    with torch.no_grad():
        decoded = model.eval().decode(model.encode(image), prompts)
    if not best or decoded.scores is None:
        return decoded.logits[:, :1]
    chosen = 1 + decoded.scores[:, 1:].argmax(1)
    return decoded.logits[torch.arange(len(chosen)), chosen].unsqueeze(1)


def found(logits: Tensor, masks: Tensor) -> float:
    """The mean Dice."""
    return mean_dice(nd.resized(logits, tuple(masks.shape[2:])), masks)


def test_sam_med3d_learns_the_spleen_from_clicks() -> None:
    """From the first one on, with a mask of zeros before it."""
    image, targets = spleen()
    model = pupil("sam-med3d")
    learnt(SamMed3D(interactions=4).lesson(model), image, targets, steps=100, rate=3e-3)
    masks = one_each(targets)
    logits = torch.zeros(1, 1, *[model.config.mask_size] * 3)
    for _ in range(3):
        said = clicked(masks, nd.resized(logits, tuple(masks.shape[2:])))
        logits = asked(model, image, said, logits, best=False)
        assert found(logits, masks) > LEARNT


def test_sam_med2d_learns_nuclei_from_boxes_and_clicks() -> None:
    """And keeps them when they are corrected, the last mask given as probabilities."""
    image, targets = nuclei()
    model = pupil("sam-med2d")
    learnt(SamMed2D(corrections=3).lesson(model), image, targets, steps=100, rate=2e-3)
    masks = one_each(targets)
    empty = torch.zeros_like(masks)
    for said in (boxed(masks), clicked(masks, empty)):
        first = asked(model, image, said, None, best=True)
        assert found(first, masks) > LEARNT
        again = clicked(masks, nd.resized(first, tuple(masks.shape[2:])))
        for correction in (again, nothing_said(3, 2)):
            logits = asked(model, image, correction, first.sigmoid(), best=True)
            assert found(logits, masks) > LEARNT


def test_sam_unet_learns_nuclei_from_boxes() -> None:
    """Through a ViT that is frozen at random weights, with the running statistics it gathered."""
    image, targets = nuclei()
    model = pupil("sam-unet")
    learnt(SamUNet().lesson(model), image, targets, steps=80, rate=2e-3)
    masks = one_each(targets)
    assert found(asked(model, image, boxed(masks), None, best=False), masks) > LEARNT


def test_the_decoder_alone_learns_nuclei_from_boxes_and_clicks() -> None:
    """With an encoder and a prompt encoder of random weights."""
    image, targets = nuclei()
    model = pupil("sam")
    learnt(SamDecoder(rounds=2).lesson(model), image, targets, steps=260, rate=2e-3)
    masks = one_each(targets)
    said = boxed(masks)
    first = asked(model, image, said, None, best=False)
    assert found(first, masks) > LEARNT
    one = clicked(masks, torch.zeros_like(masks))
    assert found(asked(model, image, one, None, best=True), masks) > LEARNT
    corrected = together(said, clicked(masks, nd.resized(first, tuple(masks.shape[2:]))))
    assert found(asked(model, image, corrected, first, best=False), masks) > LEARNT
