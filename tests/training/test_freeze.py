"""Tests of vesal.training.freeze: every parameter belongs to one part, and parts can learn."""

import pytest
from torch import nn

from tests.networks import random_network, tiny_config
from tests.training.lessons.pupils import CONFIGS, pupil
from vesal.errors import ConfigError
from vesal.training.freeze import learn, leaves, parts_of


@pytest.mark.parametrize("family", sorted(CONFIGS))
def test_every_parameter_belongs_to_one_part(family: str) -> None:
    """None is forgotten, none counted twice."""
    model = pupil(family)
    held = [id(p) for parameters in parts_of(model).values() for p in parameters]
    assert sorted(held) == sorted(id(p) for p in model.parameters())


def test_parts_are_those_of_the_family() -> None:
    """Adapters, the ResNet and box corners only where they are."""
    plain = set(parts_of(pupil("ft-sam")))
    assert set(parts_of(pupil("sam-med2d"))) - plain == {"adapters"}
    assert plain - set(parts_of(pupil("sam-med3d"))) == {"corners"}
    unet = set(parts_of(pupil("sam-unet")))
    assert unet - plain == {"branch", "bridges"}
    assert plain - unet == {"scores", "first mask", "other masks"}


def test_parts_of_vesal_mini() -> None:
    """The image's side is the encoder."""
    model = random_network(tiny_config())
    parts = parts_of(model)
    encoder = {id(p) for name, p in model.named_parameters() if name.startswith("image_")}
    assert {id(p) for p in parts["encoder"]} == encoder
    assert set(parts) == {"encoder", "clicks", "masks"}
    assert sum(map(len, parts.values())) == len(list(model.parameters()))


def test_only_the_named_parts_learn() -> None:
    """Less the exceptions, which may be parts of a named whole or none of the model's."""
    model = pupil("sam-med2d").requires_grad_(requires_grad=False)
    learn(model, ["adapters", "decoder"], but=["scores", "branch"])
    learning = {part for part, ps in parts_of(model).items() if any(p.requires_grad for p in ps)}
    assert learning == {"adapters", *leaves("decoder")} - {"scores"}
    adapters = [n for n, p in model.named_parameters() if p.requires_grad and "encoder" in n]
    assert adapters
    assert all(".Adapter." in name for name in adapters)


def test_a_part_that_is_not_there_is_an_error() -> None:
    """So that nobody believes to train adapters that there are not."""
    with pytest.raises(ConfigError, match="no 'adapters' to train; its parts are"):
        learn(pupil("ft-sam"), ["adapters"])
    with pytest.raises(ConfigError, match=r"weight belongs to no part"):
        parts_of(nn.Linear(1, 1))
