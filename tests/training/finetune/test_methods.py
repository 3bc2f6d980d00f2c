"""Tests of vesal.training.finetune.methods."""

import pytest
import torch

from tests.networks import random_network, tiny_config, tiny_sam
from vesal.errors import ConfigError
from vesal.training.finetune.methods import chosen, freeze, sam_lesson
from vesal.training.freeze import parts_of
from vesal.training.lora import plain


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


def test_of_sam_more_structures_let_more_learn_too() -> None:
    """Adapters where there are any, corrections where there are none; slower than our own."""
    for model, some in ((tiny_sam(), "lora"), (tiny_sam(adapters=True), "adapters")):
        names = [chosen("auto", model, count).name for count in range(1, 200)]
        assert list(dict.fromkeys(names)) == ["decoder", some, "full"]
    with pytest.raises(ConfigError, match="has no adapters, SAM-Med2D has"):
        chosen("adapters", tiny_sam(), 3)
    assert chosen("full", tiny_sam(), 3).rate < chosen("decoder", tiny_sam(), 3).rate


@pytest.mark.parametrize("method", ["decoder", "lora", "adapters", "full"])
def test_of_sam_what_the_method_says_gets_a_gradient_and_nothing_else(method: str) -> None:
    """The decoder always; the encoder's weights in full alone."""
    model = tiny_sam(adapters=True)
    lesson = sam_lesson(model, method, rounds=2)
    images, targets = torch.randn(1, 3, 64, 64), torch.zeros(1, 1, 64, 64)
    targets[..., 10:40, 20:50] = 1
    for seed in range(6):  # a box or a click first
        lesson(images, targets, 0, (), (seed,)).loss.backward()
        if method == "lora" and seed == 0:  # one of the two factors begins at nothing
            with torch.no_grad():
                for name, parameter in model.named_parameters():
                    if name.endswith(".up"):
                        parameter.add_(0.01)
    reached = {name for name, p in model.named_parameters() if p.grad is not None and p.grad.any()}
    assert reached <= {name for name, p in model.named_parameters() if p.requires_grad}
    # Which of several masks learns is a matter of luck; every part that is to learn must.
    for part, parameters in parts_of(model).items():
        learning = [p for p in parameters if p.requires_grad]
        assert not learning or any(p.grad is not None and p.grad.any() for p in learning), part
    encoder = {name for name in reached if name.startswith("image_encoder.")}
    adapters = {name for name in encoder if ".Adapter." in name}
    corrections = {name for name in encoder if ".parametrizations." in name}
    assert any(name.startswith("mask_decoder.") for name in reached)
    assert bool(adapters) == (method in ("adapters", "full"))
    assert bool(corrections) == (method == "lora")
    assert bool(encoder - adapters - corrections) == (method == "full")
    assert {p for group in lesson.groups() for p in group.parameters} == {
        p for p in model.parameters() if p.requires_grad
    }


def test_corrections_of_a_vit_end_in_plain_weights() -> None:
    """The same answers, the same tensors as before."""
    model = tiny_sam()
    names = set(model.state_dict())
    sam_lesson(model, "lora", rounds=1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith(".up"):
                parameter.add_(0.02)
    made = plain(model)
    assert set(made.state_dict()) == names
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        expected = model.encode(image).levels[0]
        torch.testing.assert_close(made.encode(image).levels[0], expected, atol=1e-5, rtol=1e-4)


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
