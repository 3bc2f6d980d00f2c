"""Tests of vesal.models.relative against the golden numbers of the references."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.goldens import arrays, sam_config
from vesal.models.prompt_encoder import PositionCode
from vesal.models.relative import as_published_in_3d, table_rows


def test_the_published_bias_of_sam_med3d_is_the_reference() -> None:
    """Quirk Q1, without padding: two goldens of different sizes, exact but for rounding."""
    for name, side in (("sam_med3d/relative_position", 4), ("sam_unet/sam_med3d_quirks", 3)):
        golden = arrays(name)
        letters = "dhw"
        prefix = "rel_pos_" if side == 4 else "rel_"
        tables = [torch.from_numpy(golden[f"{prefix}{letter}"]) for letter in letters]
        q = torch.from_numpy(golden["q" if side == 4 else "rel_q"])
        heads, _, channels = q.shape
        grid = q.reshape(1, heads, side, side, side, channels)
        bias, beyond = as_published_in_3d(grid, tables, side, torch.zeros(heads, channels))
        assert beyond is None
        wanted = golden["bias" if side == 4 else "rel_bias"]
        np.testing.assert_allclose(bias.reshape(wanted.shape), wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize("real", [(3, 3, 2), (3, 2, 3), (2, 3, 3), (2, 3, 2), (2, 2, 2)])
def test_windows_padded_along_any_axes_have_a_gradient(real: tuple[int, int, int]) -> None:
    """That of the padding is right too; along the last axis alone it was not a number once."""
    generator = torch.Generator().manual_seed(0)
    q, own = (
        torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True)
        for shape in ((1, 1, *real, 2), (1, 2))
    )
    tables = [
        torch.randn(5, 2, generator=generator, dtype=torch.float64, requires_grad=True)
        for _ in range(3)
    ]

    def padding(*tensors: torch.Tensor) -> torch.Tensor:
        beyond = as_published_in_3d(tensors[0], list(tensors[2:]), 3, tensors[1])[1]
        assert beyond is not None
        return beyond

    assert torch.autograd.gradcheck(padding, (q, own, *tables))


def test_positions_in_3d_repeat_the_sine_and_exchange_two_axes() -> None:
    """Quirks Q2 and Q3 on a grid of 3."""
    golden = arrays("sam_unet/sam_med3d_quirks")
    config = replace(sam_config("sam-med3d"), prompt_width=48)
    code = PositionCode(config)
    code.register_buffer(
        "positional_encoding_gaussian_matrix", torch.from_numpy(golden["pe_gauss"])
    )
    middles = (torch.arange(3) + 0.5) / 3
    places = torch.stack(torch.meshgrid(middles, middles, middles, indexing="ij"), dim=-1)
    dense = code(places[..., list(config.dense_axes)]).movedim(-1, 0)
    np.testing.assert_allclose(dense, golden["pe_dense"], rtol=0, atol=1e-5)
    points = (torch.from_numpy(golden["pe_points"]).float() + 0.5) / 3
    found = code(points[..., list(config.point_axes)])
    np.testing.assert_allclose(found, golden["pe_points_encoded"], rtol=0, atol=1e-5)


@pytest.mark.parametrize(("queries", "keys"), [(16, 16), (14, 14), (20, 20), (16, 8), (8, 16)])
def test_a_table_of_another_length_is_interpolated_as_in_the_reference(
    queries: int, keys: int
) -> None:
    """27 rows for sides from 8 to 20, also where there are more keys than queries."""
    golden = arrays("sam_med2d/resize_1024_to_256")
    table = torch.from_numpy(golden["rel_pos_input_27x64"])
    found = table_rows(table, queries, keys)[::3, ::3, ::8]
    wanted = golden[f"get_rel_pos_27_q{queries}_k{keys}__::3_::3_::8"]
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-6)
