"""Tests of vesal.models.config."""

import dataclasses
import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vesal.errors import ConfigError
from vesal.models.capabilities import Capabilities
from vesal.models.config import from_json, to_json
from vesal.models.unet_config import PromptableUNetConfig

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def configs(draw: st.DrawFn) -> PromptableUNetConfig:
    """Draw any config that makes a network."""
    groups = draw(st.integers(1, 16))
    widths = draw(st.lists(st.integers(1, 9), min_size=2, max_size=6))
    step = 2 ** len(widths)
    return PromptableUNetConfig(
        ndim=draw(st.sampled_from([2, 3])),
        widths=tuple(groups * w for w in widths),
        groups=groups,
        similarity=draw(st.integers(1, 32)),
        window=step * draw(st.integers(1, 9)),
        slice_window=step * draw(st.integers(1, 9)),
        capabilities=Capabilities(
            image_ndims=tuple(draw(st.lists(st.sampled_from([2, 3]), max_size=2))),
            prompts=tuple(draw(st.lists(st.text(max_size=8), max_size=3))),
            trained_score=draw(st.booleans()),
        ),
    )


@settings(deadline=None, max_examples=40)
@given(config=configs())
def test_a_config_comes_back_from_json_as_it_was(config: PromptableUNetConfig) -> None:
    """Equal in value and type: tuples do not come back as lists."""
    again = from_json(to_json(config))
    assert again == config
    assert hash(again) == hash(config)


@pytest.mark.parametrize("where", ["top", "capabilities"])
def test_an_unknown_key_is_refused_by_name(where: str) -> None:
    """At every level: a key that this version does not know may change what the model is."""
    record = json.loads(to_json(PromptableUNetConfig()))
    (record if where == "top" else record["capabilities"])["dropout"] = 1
    with pytest.raises(ConfigError, match=r"unknown keys.*: dropout"):
        from_json(json.dumps(record))


@pytest.mark.parametrize("key", ["image_ndims", "prompts", "trained_score"])
def test_a_missing_capability_is_refused_by_name(key: str) -> None:
    """Nothing is assumed about what a model was trained for."""
    record = json.loads(to_json(PromptableUNetConfig()))
    del record["capabilities"][key]
    with pytest.raises(ConfigError, match=f"missing keys.*: {key}"):
        from_json(json.dumps(record))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("ndim", True),
        ("ndim", 3.0),
        ("groups", True),
        ("widths", 24),
        ("widths", "24, 48"),
        ("widths", [24, 48.0]),
        ("widths", [24, [48]]),
        ("window", "64"),
        ("window", None),
        ("capabilities", []),
        ("capabilities", None),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(key: str, value: object) -> None:
    """Also where Python would have made something of it: true is not 1, 3.0 is not 3."""
    record = json.loads(to_json(PromptableUNetConfig()))
    record[key] = value
    with pytest.raises(ConfigError):
        from_json(json.dumps(record))


@pytest.mark.parametrize(
    "change",
    [
        {"family": "vit"},
        {"ndim": 1},
        {"ndim": 4},
        {"groups": 0},
        {"groups": -8},
        {"similarity": 0},
        {"image_channels": 1},
        {"image_channels": 3},
        {"widths": (24,)},
        {"widths": (24, 44)},
        {"widths": (24, 0)},
        {"widths": (24, -48)},
        {"widths": (24,) * 9, "window": 512, "slice_window": 512},
        {"widths": (8, 8_000_000)},
        {"window": 0},
        {"window": -64},
        {"window": 40},
        {"slice_window": 120},
        {"window": 16 * 10**6},
    ],
    ids=str,
)
def test_sizes_that_make_no_network_are_refused(change: dict[str, object]) -> None:
    """Before anything is built: too few, not divisible, negative, or asking for all memory."""
    with pytest.raises(ConfigError, match="got"):
        dataclasses.replace(PromptableUNetConfig(), **change)  # type: ignore[arg-type]


@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_damaged_json_gives_a_config_or_a_config_error(data: st.DataObject) -> None:
    """Whatever stands in a field: a header from elsewhere meets no other error."""
    record = json.loads(to_json(PromptableUNetConfig()))
    part = record if data.draw(st.booleans()) else record["capabilities"]
    part[data.draw(st.sampled_from(sorted(part)))] = data.draw(JSON_VALUES)
    with suppress(ConfigError):
        assert isinstance(from_json(json.dumps(record)), PromptableUNetConfig)


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '"x"', "null", "[" * 100_000, "{}}"])
def test_what_is_no_json_object_is_refused(text: str) -> None:
    """Also when it is nested so deep that Python's reader gives up."""
    with pytest.raises(ConfigError):
        from_json(text)


def test_windows_are_multiples_of_the_step() -> None:
    """Each level halves the window."""
    assert PromptableUNetConfig().step == 16
    assert PromptableUNetConfig(widths=(8, 8), window=4, slice_window=8).step == 4
