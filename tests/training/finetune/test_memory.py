"""Tests of vesal.training.finetune.memory: what is said to be needed is what is."""

import pytest
import torch

from tests.networks import random_network, tiny_config, tiny_sam
from vesal.errors import ResourceError
from vesal.models.promptable import PromptTensors
from vesal.training.finetune.memory import Need, check_room, free_bytes, kept_by, kept_while, needed
from vesal.training.finetune.methods import freeze


def test_what_the_way_back_keeps_is_counted_once() -> None:
    """A square keeps its input, the same one twice; a weight is not counted."""
    x = torch.zeros(1000, requires_grad=True)
    weight = torch.zeros(1000, requires_grad=True)

    def run() -> None:
        y = x * weight  # keeps both, which are weights here
        (y * y).sum()  # keeps y, as two of its arguments

    assert kept_while(run, (x, weight)) == 4000
    assert kept_while(run) == 12000


def test_a_ghost_keeps_what_the_network_does() -> None:
    """Counted without memory, and on a real run of the same shapes: equal to a few percent."""
    model = random_network(tiny_config()).train()
    freeze(model, "full")
    ghost = kept_by(model, windows=2, targets=3, clicks=2)

    def run() -> None:
        embedding = model.encode(torch.rand(2, 2, 16, 16, 16)).expanded(3)
        for click in (1, 2):
            prompts = PromptTensors(
                points=torch.ones(6, click, 3),
                labels=torch.ones(6, click, dtype=torch.int64),
                previous=torch.rand(6, 1, 16, 16, 16),
            )
            model.decode(embedding, prompts).logits.square().mean()

    real = kept_while(run, tuple(model.parameters()))
    assert ghost == pytest.approx(real, rel=0.05)


def test_more_of_everything_needs_more() -> None:
    """Windows, targets and clicks; and a decoder alone less than all."""
    model = random_network(tiny_config()).train()
    freeze(model, "full")
    least = kept_by(model, windows=1, targets=2, clicks=1)
    assert kept_by(model, windows=2, targets=2, clicks=1) == pytest.approx(2 * least, rel=0.01)
    assert kept_by(model, windows=1, targets=4, clicks=1) > 1.3 * least
    assert kept_by(model, windows=1, targets=2, clicks=2) > 1.3 * least
    whole = needed(model, least)
    freeze(model, "decoder")
    part = needed(model, kept_by(model, windows=1, targets=2, clicks=1))
    assert part.activations < whole.activations
    assert part.gradients < whole.gradients
    assert part.weights == whole.weights
    assert whole.optimiser == 2 * whole.gradients == 2 * sum(p.nbytes for p in model.parameters())


def test_models_of_the_sam_family_are_counted_too() -> None:
    """At the size of their masks."""
    model = tiny_sam().train()
    assert kept_by(model, windows=1, targets=2, clicks=1) > 100_000


def test_what_does_not_fit_is_refused_with_both_numbers() -> None:
    """And what may help; what is not known is no reason to refuse."""
    need = Need(weights=2**30, gradients=2**29, optimiser=2**30, activations=2**30)
    with pytest.raises(ResourceError, match=r"about 4\.\d GiB of memory and 2\.0 GiB are free"):
        check_room(need, 2 * 2**30)
    check_room(need, 8 * 2**30)
    check_room(need, None)
    free = free_bytes()
    assert free is None or free > 2**20
