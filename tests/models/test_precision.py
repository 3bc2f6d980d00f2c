"""Tests of vesal.models.precision, and of an encoder in half the bits."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from tests.models.test_segmenter import TINY, image_of, points_of, tiny
from vesal.errors import ConfigError
from vesal.models.precision import encoding_type, has_bfloat16


def test_bfloat16_that_is_emulated_is_not_chosen() -> None:
    """The rule: only hardware that has it makes "auto" leave float32."""
    assert encoding_type("auto", native=False) is torch.float32
    assert encoding_type("auto", native=True) is torch.bfloat16
    assert encoding_type("float32", native=True) is torch.float32
    assert encoding_type("bfloat16", native=False) is torch.bfloat16
    with pytest.raises(ConfigError, match="one of float32, auto, bfloat16, got 'half'"):
        encoding_type("half")


@pytest.mark.parametrize(("amx", "avx"), [(True, False), (False, True), (False, False)])
def test_either_instruction_set_is_enough(
    monkeypatch: pytest.MonkeyPatch, amx: bool, avx: bool
) -> None:
    """AMX or AVX-512 BF16."""

    def says(value: bool) -> Callable[..., Any]:
        return lambda: value

    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", says(amx))
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", says(avx))
    assert has_bfloat16() == (amx or avx)


@pytest.mark.parametrize("name", TINY)
def test_an_encoder_in_bfloat16_says_nearly_the_same(name: str) -> None:
    """The embedding is float32 again, a little off, and the decoder takes it."""
    config = TINY[name]
    network = tiny(config)
    exact = network.encode(image_of(config)).levels[0]
    network.encoding_type = torch.bfloat16
    embedding = network.encode(image_of(config))
    found = embedding.levels[0]
    assert found.dtype is torch.float32
    assert 0 < float((found - exact).abs().max()) < 0.2 * float(exact.abs().max())
    assert torch.isfinite(network.decode(embedding, points_of(config, 1, 2)).logits).all()
