"""Tests of vesal.models.promptable."""

import torch

from tests.networks import random_window
from vesal.models.promptable import Embedding


def test_an_expanded_embedding_repeats_each_image_for_its_own_prompts() -> None:
    """Images outermost: prompts 0 to 2 belong to the first image, 3 to 5 to the second."""
    image = random_window((4, 6, 2), batch=2)
    levels = (random_window((2, 3, 1), seed=5, batch=2), random_window((1, 2, 1), seed=6, batch=2))
    expanded = Embedding(image=image, levels=levels, guide=levels[0]).expanded(3)
    assert expanded.image is not None
    assert expanded.guide is not None
    repeated = (expanded.image, *expanded.levels, expanded.guide)
    for given, more in zip((image, *levels, levels[0]), repeated, strict=True):
        assert torch.equal(more, given[[0, 0, 0, 1, 1, 1]])
    bare = Embedding(levels=levels).expanded(3)
    assert bare.guide is None
    assert bare.image is None
