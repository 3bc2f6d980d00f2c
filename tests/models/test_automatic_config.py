"""Tests of vesal.models.automatic_config."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.automatics import automatic_config, tiny_sam
from vesal.errors import ConfigError
from vesal.images.normalisation import Normalisation
from vesal.models.automatic_config import AutomaticConfig
from vesal.models.config import from_json, to_json
from vesal.models.zoo import PUBLISHED

SPACINGS = st.floats(0.01, 100)


@given(
    kind=st.sampled_from(["unet", "sam"]),
    ndim=st.sampled_from([2, 3]),
    spacing=SPACINGS,
    names=st.lists(st.text("abc -_1", min_size=1).filter(str.strip), min_size=1, unique=True),
    low=st.floats(-2000, 0),
    kinds=st.sampled_from(["ct", "zscore"]),
)
def test_a_config_comes_back_from_json_as_it_was(  # noqa: D103
    kind: str, ndim: int, spacing: float, names: list[str], low: float, kinds: str
) -> None:
    scale = Normalisation(kind=kinds, low=low, high=low + 1, mean=low, deviation=spacing)
    classes = tuple(name[:64] for name in names)
    if len(set(classes)) < len(classes) or not all(name.strip() for name in classes):
        return
    config = automatic_config(kind, ndim=ndim, spacing_mm=spacing, normalisation=scale)
    config = replace(config, classes=classes)
    again = from_json(to_json(config))
    assert again == config
    assert hash(again) == hash(config)


@pytest.mark.parametrize("where", ["top", "encoder", "normalisation"])
def test_an_unknown_key_is_refused_at_every_level(where: str) -> None:
    """It may change what the model is."""
    record = json.loads(to_json(automatic_config()))
    (record if where == "top" else record[where])["dropout"] = 1
    with pytest.raises(ConfigError, match=r"unknown keys.*: dropout"):
        from_json(json.dumps(record))


def test_an_automatic_model_is_no_encoder_of_another() -> None:
    """A config cannot be nested without end."""
    record = json.loads(to_json(automatic_config()))
    record["encoder"] = json.loads(to_json(automatic_config()))
    with pytest.raises(ConfigError, match="unknown keys"):
        from_json(json.dumps(record))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"family": "sam"}, "family must be 'automatic'"),
        ({"classes": ()}, "needs 1 to 255 classes"),
        ({"classes": ("a", "a")}, "different names"),
        ({"classes": ("a\n",)}, "one line of 1 to 64 characters"),
        ({"window": (32, 32)}, "needs 3 sides"),
        ({"window": (32, 32, 20)}, "multiples of 8"),
        ({"spacing_mm": (1.0, 1.0)}, "needs 3 numbers"),
        ({"spacing_mm": (1.0, 1.0, -1.0)}, "from 0 on"),
        ({"features": 0}, "features must be"),
        ({"encoder": tiny_sam(), "window": (48, 48, 48)}, "must be the encoder's, 32"),
        ({"encoder": replace(tiny_sam(), global_blocks=(1, 3))}, "4 global blocks"),
        ({"encoder": replace(tiny_sam(), patch=8)}, "patches of 16"),
        (
            {
                "encoder": replace(PUBLISHED["sam-unet-34"], image_size=32),
                "window": (32, 32),
                "spacing_mm": (1.0, 1.0),
            },
            "takes a ViT alone",
        ),
    ],
)
def test_sizes_that_make_no_model_are_refused(changes: dict[str, Any], told: str) -> None:
    """In one sentence that says what would be right."""
    with pytest.raises(ConfigError, match=told):
        replace(automatic_config(), **changes)


def test_an_automatic_model_takes_no_prompts() -> None:
    """Its capabilities say so to all that list models."""
    config: AutomaticConfig = automatic_config(ndim=2)
    assert config.capabilities.prompts == ()
    assert config.capabilities.image_ndims == (2,)
    assert config.outputs == 3
