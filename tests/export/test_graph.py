"""Tests of vesal.export.graph: what a half is asked with."""

import torch

from vesal.export.graph import Asked, random_prompts


def test_random_prompts_have_every_label_and_lie_in_the_model() -> None:
    """Inside, outside and padding; a flag of one number."""
    generator = torch.Generator().manual_seed(0)
    asked = Asked(sets=2, points=50)
    points, labels, mask, flag = random_prompts(asked, 3, (4, 4, 4), 16, generator)
    assert points.shape == (2, 50, 3)
    assert 0 <= float(points.min()) < float(points.max()) <= 16
    assert set(labels.flatten().tolist()) == {-1, 0, 1}
    assert mask.shape == (2, 1, 4, 4, 4)
    assert flag.tolist() == [0]
