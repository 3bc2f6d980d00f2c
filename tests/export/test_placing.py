"""Tests of vesal.export.placing: which mask, and where it lies on the picture."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.export.tiny import tiny
from vesal.export.placing import choose, place
from vesal.inference.fit import fit_of
from vesal.inference.habits import HABITS
from vesal.models.sam_config import SamConfig

SIZES = [(50, 30), (30, 90), (1, 7), (64, 64), (300, 200)]


def low(masks: int = 4, sets: int = 2) -> torch.Tensor:
    """Logits on a grid of 16."""
    return torch.randn(sets, masks, 16, 16, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("points", [1, 2, 3, 7])
def test_few_points_take_the_best_of_the_other_masks_and_more_take_the_first(points: int) -> None:
    """SAM's rule: corners of a box and padding count as points."""
    masks, scores = low(), torch.tensor([[0.9, 0.2, 0.8, 0.3], [0.1, 0.7, 0.2, -0.4]])
    mask, score = choose(masks, scores, torch.ones(2, points))
    wanted = [2, 1] if points < 3 else [0, 0]
    for row, best in enumerate(wanted):
        assert torch.equal(mask[row, 0], masks[row, best])
        assert score[row, 0] == scores[row, best]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("family", ["sam", "sam-unet"])
def test_masks_lie_on_the_picture_as_in_our_own_predictor(
    family: str, size: tuple[int, int]
) -> None:
    """Cut to what the picture fills of the square, for families that keep its aspect."""
    config = replace(sam(), family=family, image_size=64)
    placed = place(low(), torch.tensor(size, dtype=torch.float32), config)
    fit = fit_of(HABITS[family], size, 64)
    for row in range(2):
        wanted = fit.from_square(low()[row, 1].numpy())
        np.testing.assert_allclose(placed[row, 1], wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_stretched_pictures_get_the_whole_square(size: tuple[int, int]) -> None:
    """SAM-Med2D: linear to the square, then to the picture, nothing cut off."""
    config = replace(sam(), family="sam-med2d", image_size=64)
    placed = place(low(), torch.tensor(size, dtype=torch.float32), config)
    stretched = replace(HABITS["sam-med2d"], fit="stretched")
    wanted = fit_of(stretched, size, 64).from_square(low()[0, 2].numpy())
    np.testing.assert_allclose(placed[0, 2], wanted, rtol=0, atol=1e-5)


def test_medsam_resizes_probabilities() -> None:
    """The border lies where the resized probability is a half, not where the logit is 0."""
    config = replace(sam(), family="medsam")
    logits = torch.tensor([[[[9.0, -1.0]]]])
    placed = place(logits, torch.tensor([1.0, 8.0]), config)[0, 0, 0]
    between = torch.nn.functional.interpolate(logits.sigmoid(), (1, 8), mode="bilinear")[0, 0, 0]
    assert ((placed > 0) == (between > 0.5)).all()
    assert torch.isfinite(placed).all()
    torch.testing.assert_close(placed.sigmoid(), between, rtol=0, atol=1e-5)


def sam() -> SamConfig:
    """The tiny config of SAM."""
    config = tiny("sam").config
    assert isinstance(config, SamConfig)
    return config
