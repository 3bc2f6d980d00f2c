"""Tests of vesal.export.unet_maps: the form that exports is the fast one."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.networks import random_prompts, random_window
from vesal.export import unet_maps
from vesal.models import prompt_maps
from vesal.models.promptable import PADDING_LABEL

SHAPES = [(7, 5, 6), (9, 8, 1), (6, 9), (24, 24, 24)]
ATOL = 1e-4  # float32 of ways up to some hundred voxels, over 10


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_ways_are_those_of_the_sweeps(shape: tuple[int, ...]) -> None:
    """The closed form and the sweeps round differently: a millionth of the longest ways."""
    image = random_window(shape)
    start = prompt_maps.faces(image)
    guided = prompt_maps.guide(image)
    torch.testing.assert_close(unet_maps.guide(image), guided, rtol=1e-5, atol=1e-3)
    assert torch.equal(start, prompt_maps.faces(image))  # nothing was written to


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 99), clicks=st.integers(1, 6), sets=st.integers(1, 2), pad=st.booleans())
def test_click_maps_are_those_that_the_network_was_trained_with(
    shape: tuple[int, ...], seed: int, clicks: int, sets: int, pad: bool
) -> None:
    """Any number of clicks and prompt sets, padding among them."""
    prompts = random_prompts(shape, clicks, seed=seed, batch=sets)
    labels = prompts.labels.clone()
    if pad:
        labels[:, -1] = PADDING_LABEL
    guided = prompt_maps.guide(random_window(shape, seed=seed, batch=sets))
    found = unet_maps.click_maps(guided, prompts.points, labels)
    wanted = prompt_maps.click_maps(guided, prompts.points, labels)
    torch.testing.assert_close(found, wanted, rtol=0, atol=ATOL)


def test_the_nearest_click_is_the_same_to_the_bit() -> None:
    """A minimum does not round."""
    generator = torch.Generator().manual_seed(0)
    distances = torch.rand(2, 3, 5, 4, 4, generator=generator)
    labels = torch.tensor([[1, 0, 1, -1, 0], [0, 0, -1, -1, 0]])
    found = unet_maps.nearest(distances, labels)
    assert torch.equal(found, prompt_maps.nearest(list(distances.unbind(2)), labels))
