"""Tests of vesal.models.segmenter: what holds whatever the weights are."""

from dataclasses import replace

import pytest
import torch

from tests.goldens import normal, sam_config
from vesal.errors import ConfigError
from vesal.models.promptable import Embedding, Promptable, PromptTensors
from vesal.models.sam_config import SamConfig
from vesal.models.segmenter import Segmenter

TINY = {
    name: replace(
        sam_config(name), image_size=32, width=24, heads=2, window=3, prompt_width=48, patch=8
    )
    for name in ("sam-vit-b", "sam-med2d", "sam-med3d")
}
TINY["sam-unet-34"] = replace(TINY["sam-vit-b"], family="sam-unet", branch_depth=34, patch=16)


def tiny(config: SamConfig) -> Segmenter:
    """A network with random weights."""
    torch.manual_seed(0)
    return Segmenter(config).requires_grad_(False).eval()


def image_of(config: SamConfig, seed: int = 0) -> torch.Tensor:
    """A random image of the model's size."""
    return normal(seed, 1, config.image_channels, *[config.image_size] * config.ndim)


def points_of(config: SamConfig, batch: int, count: int) -> PromptTensors:
    """Random points, the first positive and the others negative."""
    points = normal(7, batch, count, config.ndim).abs() * 5
    labels = torch.zeros(batch, count, dtype=torch.int64)
    labels[:, 0] = 1
    return PromptTensors(points=points, labels=labels)


@pytest.mark.parametrize("name", TINY)
def test_one_embedding_serves_many_prompt_sets(name: str) -> None:
    """Decoded together or alone: the same masks, on a quarter of the image's grid."""
    config = TINY[name]
    network = tiny(config)
    assert isinstance(network, Promptable)
    embedding = network.encode(image_of(config))
    prompts = points_of(config, 3, 2)
    together = network.decode(embedding, prompts)
    masks = 1 if config.branch_depth else 4
    side = config.mask_size
    assert tuple(together.logits.shape) == (3, masks, *[side] * config.ndim)
    assert (together.scores is None) == bool(config.branch_depth)
    for i in range(3):
        alone = PromptTensors(points=prompts.points[i : i + 1], labels=prompts.labels[i : i + 1])
        found = network.decode(embedding, alone).logits
        torch.testing.assert_close(found, together.logits[i : i + 1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", TINY)
def test_several_images_do_not_see_each_other(name: str) -> None:
    """A batch of two embeddings, one prompt set each."""
    config = TINY[name]
    network = tiny(config)
    images = torch.cat([image_of(config, 1), image_of(config, 2)])
    prompts = points_of(config, 2, 1)
    both = network.decode(network.encode(images), prompts).logits
    for i in range(2):
        one = PromptTensors(points=prompts.points[i : i + 1], labels=prompts.labels[i : i + 1])
        found = network.decode(network.encode(images[i : i + 1]), one).logits
        torch.testing.assert_close(found, both[i : i + 1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", TINY)
def test_gradients_reach_every_weight_that_a_prompt_uses(name: str) -> None:
    """The forward pass is one for training and use: nothing is detached on the way."""
    config = TINY[name]
    network = tiny(config).requires_grad_()
    decoded = network.decode(network.encode(image_of(config)), points_of(config, 1, 2))
    total = decoded.logits.sum() + (0 if decoded.scores is None else decoded.scores.sum())
    total.backward()  # type: ignore[no-untyped-call]
    unused = {
        key for key, p in network.named_parameters() if p.grad is None and "mask_down" not in key
    }
    corners = {f"prompt_encoder.point_embeddings.{i}.weight" for i in (2, 3)}
    assert unused == (corners if config.point_embeddings == 4 else set())


def test_prompts_are_in_array_order_and_a_box_is_its_two_corners() -> None:
    """The first axis is the row: a point moved along it changes what its row says."""
    config = TINY["sam-vit-b"]
    network = tiny(config)
    code = network.prompt_encoder.pe_layer
    place = torch.tensor([[(3 + 0.5) / 32, (20 + 0.5) / 32]])
    point = PromptTensors(points=torch.tensor([[[20.0, 3.0]]]), labels=torch.tensor([[1]]))
    wanted = code(place) + network.prompt_encoder.point_embeddings[1].get_parameter("weight")
    torch.testing.assert_close(network.prompt_encoder.sparse(point)[:, 0], wanted)


def test_an_image_of_another_size_is_refused() -> None:
    """No silent resizing inside a model."""
    network = tiny(TINY["sam-vit-b"])
    with pytest.raises(ConfigError, match=r"images of \(3, 32, 32\), got \(3, 32, 40\)"):
        network.encode(normal(0, 1, 3, 32, 40))


def test_an_embedding_of_another_model_is_refused() -> None:
    """One sentence, not a crash in the middle."""
    config = TINY["sam-vit-b"]
    for shape in ((48, 4, 5), (24, 4, 4), (48, 4, 4, 4)):
        foreign = Embedding(levels=(normal(0, 1, *shape),))
        with pytest.raises(ConfigError, match="another model"):
            tiny(config).decode(foreign, points_of(config, 1, 1))


def test_an_embedding_holds_nothing_but_what_the_image_gave() -> None:
    """The code of its places belongs to the model: kept with each slice, it was half of it."""
    config = TINY["sam-vit-b"]
    embedding = tiny(config).encode(image_of(config))
    assert embedding.guide is None
    assert [level.shape for level in embedding.levels] == [(1, 48, 4, 4)]
