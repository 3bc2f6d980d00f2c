"""Tests of vesal.models.vit: attention without padding is the padded one."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.golden.weight_rule import value
from tests.goldens import arrays, normal, sam_config
from tests.oracle import reference_attention
from vesal.models.sam_config import SamConfig
from vesal.models.vit import Attention, Block, ImageEncoder

PLAIN = replace(sam_config("sam-vit-b"), width=12, heads=2, depth=2, global_blocks=(1,))
SOLID = replace(sam_config("sam-med3d"), width=12, heads=2, depth=2, global_blocks=(1,))


def attention_of(config: SamConfig, *, is_global: bool = False, seed: int = 0) -> Attention:
    """With weights so large that a wrongly wired bias shows."""
    torch.manual_seed(seed)
    attention = Attention(config, is_global=is_global)
    for parameter in attention.parameters():
        parameter.data.normal_(std=0.5)
    return attention.requires_grad_(False).double()


@settings(max_examples=15, deadline=None)
@given(
    rule=st.sampled_from(["plane", "solid", "solid, textbook"]),
    sides=st.tuples(*[st.integers(1, 4)] * 3),
    window=st.integers(2, 3),
    seed=st.integers(0, 100),
)
def test_a_window_that_is_partly_real_needs_no_padding(
    rule: str, sides: tuple[int, ...], window: int, seed: int
) -> None:
    """Grids of any sides, in two and three axes, by both rules: equal to the padded attention."""
    config = replace(PLAIN if rule == "plane" else SOLID, window=window)
    if rule == "solid, textbook":
        config = replace(config, relative_positions="decomposed")
    attention = attention_of(config, seed=seed)
    x = normal(seed, 2, *sides[: config.ndim], 12).double()
    torch.testing.assert_close(attention(x), reference_attention(attention, x))


@pytest.mark.parametrize("config", [PLAIN, SOLID], ids=["plane", "solid"])
def test_a_global_block_sees_every_token(config: SamConfig) -> None:
    """One window over the whole grid, by both rules."""
    config = replace(config, image_size=48)
    attention = attention_of(config, is_global=True)
    x = normal(3, 2, *[3] * config.ndim, 12).double()
    torch.testing.assert_close(attention(x), reference_attention(attention, x))


def test_the_published_rule_is_not_the_textbook_one() -> None:
    """Quirk Q1: weights trained by one rule and run by the other give something else."""
    attention = attention_of(replace(SOLID, window=4))
    x = normal(1, 1, 3, 3, 3, 12).double()
    published = attention(x)
    attention.published_rule = False
    assert (attention(x) - published).abs().max() > 0.1


def test_padding_takes_part_in_attention() -> None:
    """Quirk Q4: a window of which a part is real does not equal attention among the real tokens."""
    attention = attention_of(replace(PLAIN, window=4))
    x = normal(1, 1, 3, 3, 12).double()
    tables = [getattr(attention, name) for name in attention.axes]
    alone = attention_of(replace(PLAIN, window=3))
    alone.load_state_dict(
        attention.state_dict()
        | {name: table[1:-1] for name, table in zip(alone.axes, tables, strict=True)}
    )
    assert (attention(x) - alone(x)).abs().max() > 0.01


@pytest.mark.parametrize("kind", ["windowed", "global"])
def test_a_tiny_block_is_the_reference(kind: str) -> None:
    """SAM-Med3D's block: a padded window of 6 on a grid of 4, and a global one."""
    config = replace(SOLID, width=24, heads=3, window=6, image_size=64, patch=16)
    block = Block(config, 1 if kind == "global" else 0).eval()
    weights = {
        key: torch.from_numpy(np.array(value(f"tiny_{kind}.{key}", tuple(tensor.shape))))
        for key, tensor in block.state_dict().items()
    }
    block.load_state_dict(weights)
    with torch.inference_mode():
        found = block(normal(12, 2, 4, 4, 4, 24))
    wanted = arrays("sam_med3d/relative_position")[f"block_{kind}_out"]
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-4)


def test_a_tiny_block_of_another_source_is_the_reference() -> None:
    """A window of 5 on a grid of 3, large weights; its norms have torch's default eps."""
    golden = arrays("sam_unet/sam_med3d_quirks")
    config = replace(SOLID, width=8, heads=2, window=5, image_size=48)
    block = Block(config, 0).eval()
    block.norm1.eps = block.norm2.eps = 1e-5
    prefix = "block_sd."
    block.load_state_dict(
        {k[len(prefix) :]: torch.from_numpy(v) for k, v in golden.items() if prefix in k}
    )
    with torch.inference_mode():
        found = block(torch.from_numpy(golden["block_x"]))
    np.testing.assert_allclose(found, golden["block_y"], rtol=0, atol=1e-5)


@pytest.mark.parametrize("ndim", [2, 3])
def test_what_is_added_enters_before_global_blocks_alone(ndim: int) -> None:
    """A branch's features change nothing before its block; tokens come out after each."""
    config = replace(PLAIN if ndim == 2 else SOLID, image_size=32, patch=8, window=3)
    torch.manual_seed(0)
    encoder = ImageEncoder(replace(config, depth=3, global_blocks=(0, 2))).eval()
    image = normal(5, 1, config.image_channels, *[32] * ndim)
    grid = [4] * ndim
    with torch.inference_mode():
        plain, seen = encoder(image)
        zeros = torch.zeros(1, *grid, 12)
        same, _ = encoder(image, (zeros, zeros))
        late, late_seen = encoder(image, (zeros, zeros + 1))
    assert len(seen) == 2
    torch.testing.assert_close(same, plain)
    torch.testing.assert_close(late_seen[0], seen[0])
    assert (late - plain).abs().max() > 1e-3


def test_patches_of_a_volume_are_taken_in_the_order_of_a_kernel() -> None:
    """The product equals the convolution that its weights were trained as."""
    for ndim, (channels, side) in product((2, 3), ((1, 4), (3, 2))):
        config = replace(PLAIN if ndim == 2 else SOLID, image_channels=channels, patch=side)
        encoder = ImageEncoder(replace(config, image_size=8))
        image = normal(1, 2, channels, *[8] * ndim)
        with torch.inference_mode():
            wanted = encoder.patch_embed.proj(image).movedim(1, -1)
            torch.testing.assert_close(encoder.patch_embed(image), wanted)
