"""Tests of vesal.export.unet_graphs: the halves are the network."""

import pytest
import torch

from tests.networks import random_network, random_prompts, random_window, tiny_config
from vesal.export.unet_graphs import UNetDecoder, UNetEncoder
from vesal.models.promptable import PromptTensors

SHAPE = (16, 16, 16)


@pytest.mark.parametrize("clicks", [1, 4])
@pytest.mark.parametrize("flag", [0.0, 1.0])
def test_both_halves_give_what_the_network_gives(clicks: int, flag: float) -> None:
    """Of one image for two prompt sets, with a mask to start from and without."""
    network = random_network(tiny_config()).requires_grad_(False)
    image = random_window(SHAPE)
    prompts = random_prompts(SHAPE, clicks, batch=2, previous=True)
    assert prompts.previous is not None
    levels = UNetEncoder(network)(image)
    (found,) = UNetDecoder(network)(
        levels, prompts.points, prompts.labels.float(), prompts.previous, torch.tensor([flag])
    )
    asked = PromptTensors(
        points=prompts.points,
        labels=prompts.labels,
        previous=prompts.previous if flag else None,
    )
    wanted = network.decode(network.encode(image).expanded(2), asked).logits
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-4)
