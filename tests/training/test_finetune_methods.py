"""Tests of vesal.training.finetune_methods."""

import pytest

from tests.networks import random_network, tiny_config
from vesal.errors import ConfigError
from vesal.models.sam_config import SamConfig
from vesal.models.segmenter import Segmenter
from vesal.training.finetune_methods import chosen, freeze
from vesal.training.lora import merge


def tiny_sam(*, adapters: bool = False) -> Segmenter:
    """SAM with two blocks."""
    return Segmenter(
        SamConfig(
            family="sam-med2d" if adapters else "sam",
            ndim=2,
            image_channels=3,
            image_size=64,
            width=16,
            depth=2,
            heads=2,
            prompt_width=16,
            global_blocks=(1,),
            adapters=adapters,
        )
    )


def learning(model: Segmenter) -> set[str]:
    """Names of all that learns."""
    return {name for name, p in model.named_parameters() if p.requires_grad}


def test_more_structures_let_more_of_the_model_learn() -> None:
    """In this order, whatever the thresholds are."""
    model = random_network(tiny_config())
    names = [chosen("auto", model, count).name for count in range(1, 200)]
    assert list(dict.fromkeys(names)) == ["decoder", "lora", "full"]
    assert chosen("lora", model, 500).name == "lora"


@pytest.mark.parametrize("name", ["Full", "", "lora8"])
def test_an_unknown_method_is_refused(name: str) -> None:
    """With the names that there are."""
    with pytest.raises(ConfigError, match="auto, decoder, lora, adapters, full"):
        chosen(name, random_network(tiny_config()), 3)


def test_adapters_need_a_model_that_has_them() -> None:
    """SAM-Med2D has; ours has not."""
    with pytest.raises(ConfigError, match="has no adapters"):
        chosen("adapters", random_network(tiny_config()), 3)
    model = tiny_sam(adapters=True)
    assert chosen("adapters", model, 3).name == "adapters"
    freeze(model, "adapters")
    inside = {name for name in learning(model) if name.startswith("image_encoder.")}
    assert inside
    assert all(".Adapter." in name for name in inside)


def test_the_decoder_of_sam_learns_alone() -> None:
    """Mask decoder and prompt encoder, nothing of the image encoder."""
    model = tiny_sam()
    freeze(model, "decoder")
    assert {name.split(".")[0] for name in learning(model)} == {"mask_decoder", "prompt_encoder"}


def test_corrections_of_sam_sit_in_its_blocks_beside_a_free_decoder() -> None:
    """And come out again: the tensors are those of before."""
    model = tiny_sam()
    names = set(model.state_dict())
    freeze(model, "lora", seed=1)
    inside = {name for name in learning(model) if name.startswith("image_encoder.")}
    assert inside
    assert all(name.endswith(("up", "down")) for name in inside)
    assert any(name.startswith("mask_decoder.") for name in learning(model))
    merge(model)
    assert set(model.state_dict()) == names


def test_corrections_follow_from_their_seed() -> None:
    """So that a run can be repeated."""
    states = []
    for seed in (1, 1, 2):
        model = random_network(tiny_config())
        freeze(model, "lora", seed=seed)
        name = "image_stem.parametrizations.weight.0.down"
        states.append(model.state_dict()[name].flatten().tolist())
    assert states[0] == states[1]
    assert states[0] != states[2]
