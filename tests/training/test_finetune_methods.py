"""Tests of vesal.training.finetune_methods."""

import pytest

from tests.networks import random_network, tiny_config
from vesal.errors import ConfigError
from vesal.models.sam_config import SamConfig
from vesal.models.segmenter import Segmenter
from vesal.training.finetune_methods import chosen, freeze


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


def test_our_own_model_has_no_adapters() -> None:
    """Whoever asks for them is told who has."""
    with pytest.raises(ConfigError, match="has no adapters, SAM-Med2D has"):
        chosen("adapters", random_network(tiny_config()), 3)


def test_of_sam_the_decoder_is_tuned() -> None:
    """However many structures there are; other methods are refused with what does them."""
    assert chosen("auto", tiny_sam(), 999).name == chosen("decoder", tiny_sam(), 1).name
    for name, model, message in (
        ("full", tiny_sam(), "vesal train has recipes"),
        ("lora", tiny_sam(), "vesal train has recipes"),
        ("adapters", tiny_sam(), "it has no adapters"),
        ("adapters", tiny_sam(adapters=True), "its recipe does"),
    ):
        with pytest.raises(ConfigError, match=f"--method decoder; got {name} .{message}"):
            chosen(name, model, 3)


@pytest.mark.parametrize("method", ["decoder", "lora", "full"])
def test_only_what_the_method_says_learns(method: str) -> None:
    """The decoder's weights but not the encoder's; corrections but no weight; everything."""
    model = random_network(tiny_config())
    names = set(model.state_dict())
    freeze(model, method)
    learns = {name for name, p in model.named_parameters() if p.requires_grad}
    assert learns
    if method == "decoder":
        assert not any(name.startswith("image_") for name in learns)
        assert {"head.2.weight", "compare.0.weight"} <= learns
    elif method == "lora":
        assert all(name.endswith(("up", "down")) and "parametrizations" in name for name in learns)
    else:
        assert learns == names


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
