"""Tests of vesal.checkpoints.identity: what tells one loaded model from another."""

from pathlib import Path

import pytest
import torch

from tests.checkpoints.files import family_file, small, weights_of
from tests.fakes import BrightModel
from tests.networks import random_network, tiny_config
from vesal.checkpoints.identity import identity
from vesal.checkpoints.load import load_model, save_model
from vesal.checkpoints.write import write_safetensors
from vesal.models.build import build


def test_one_model_has_one_identity_whatever_its_file(tmp_path: Path) -> None:
    """safetensors, the family's own container, and the tensors in memory."""
    config = small("sam-med2d")
    weights = weights_of(config)
    write_safetensors(tmp_path / "a.safetensors", config, weights)
    torch_file = family_file(tmp_path / "a.pth", "sam-med2d", weights)
    model = build(config)
    model.load_state_dict(weights)
    found = {
        identity(load_model(tmp_path / "a.safetensors")),
        identity(load_model(torch_file, family="sam-med2d", image_size=config.image_size)),
        identity(model),
    }
    assert len(found) == 1
    assert len(found.pop()) == 64


def test_weights_in_the_fast_layout_are_the_same_weights(tmp_path: Path) -> None:
    """How kernels lie in memory changes no number."""
    network = random_network(tiny_config()).half().float()
    save_model(network, tmp_path / "a.safetensors")
    assert identity(load_model(tmp_path / "a.safetensors")) == identity(network)


@pytest.mark.parametrize("what", ["weight", "buffer", "config", "precision"])
def test_another_weight_config_or_precision_is_another_model(what: str) -> None:
    """Each of them alone changes what the model makes of an image."""
    config = small("sam")
    one, other = build(config), build(small("medsam") if what == "config" else config)
    one.load_state_dict(weights_of(config))
    other.load_state_dict(weights_of(config))
    assert what == "config" or identity(one) == identity(other)
    tensors = other.parameters() if what == "weight" else other.buffers()
    if what == "precision":
        other.encoding_type = torch.bfloat16
    elif what != "config":
        with torch.no_grad():
            next(tensors).view(-1)[0] += 1e-3
    assert identity(one) != identity(other)


def test_what_is_no_network_has_no_identity() -> None:
    """Nothing tells it from another."""
    assert identity(BrightModel()) == ""
