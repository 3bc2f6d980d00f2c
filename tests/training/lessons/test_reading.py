"""Tests of vesal.training.lessons.reading: which mask is the answer."""

from functools import partial

import pytest
import torch

from vesal.models import nd
from vesal.models.promptable import Decoded
from vesal.training.lessons.losses import sam
from vesal.training.lessons.reading import best_of, first_of


def decoded(ndim: int) -> Decoded:
    """Four random masks of three targets, and scores."""
    generator = torch.Generator().manual_seed(ndim)
    return Decoded(
        logits=torch.randn(3, 4, *[4] * ndim, generator=generator),
        scores=torch.rand(3, 4, generator=generator),
    )


@pytest.mark.parametrize("ndim", [2, 3])
def test_the_first_mask_has_the_first_score(ndim: int) -> None:
    """SAM's mask for a clear prompt."""
    found = decoded(ndim)
    logits, scores = first_of(found)
    assert torch.equal(logits, found.logits[:, :1])
    assert found.scores is not None
    assert scores is not None
    assert torch.equal(scores, found.scores[:, :1])


@pytest.mark.parametrize("ndim", [2, 3])
def test_the_best_by_score_is_never_the_first(ndim: int) -> None:
    """SAM-Med2D: of the other three, each target its own."""
    found = decoded(ndim)
    assert found.scores is not None
    found.scores[:, 0] = 9
    for row, mask in enumerate((2, 1, 3)):
        found.scores[row, mask] = 5
    logits, scores = best_of(found, torch.zeros(3, 1, *[8] * ndim))
    assert torch.equal(
        logits[:, 0], torch.stack([found.logits[i, m] for i, m in ((0, 2), (1, 1), (2, 3))])
    )
    assert scores is not None
    assert scores.flatten().tolist() == [5, 5, 5]


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("joint", [False, True])
def test_the_best_by_loss_is_what_a_loop_finds(ndim: int, joint: bool) -> None:
    """On the targets' grid, one target and mask at a time; the gradient goes to the chosen."""
    found = decoded(ndim)
    found.logits.requires_grad_()
    loss = partial(sam, joint=joint)
    generator = torch.Generator().manual_seed(9)
    masks = (torch.rand(3, 1, *[8] * ndim, generator=generator) > 0.5).float()
    logits, _ = best_of(found, masks, loss)
    (gradient,) = torch.autograd.grad(logits.sum(), found.logits)
    for row in range(3):
        fine = nd.resized(found.logits[row : row + 1].detach(), tuple(masks.shape[2:]))
        own = masks[row : row + 1]
        losses = [float(loss(fine[:, mask : mask + 1], own, None)) for mask in (1, 2, 3)]
        best = 1 + losses.index(min(losses))
        assert torch.equal(logits[row, 0], found.logits[row, best])
        assert gradient[row].flatten(1).sum(1).nonzero().flatten().tolist() == [best]


def test_the_only_mask_is_the_best() -> None:
    """SAM-UNet has no scores."""
    only = Decoded(logits=torch.randn(2, 1, 4, 4))
    logits, scores = best_of(only, torch.zeros(2, 1, 8, 8))
    assert torch.equal(logits, only.logits)
    assert scores is None
