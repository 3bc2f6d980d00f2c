"""SAM-Med3D with the golden weights against its reference, stage by stage."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from tests.goldens import Stages, arrays, assert_sampled, golden_network, normal, record
from vesal.models import nd
from vesal.models.promptable import Embedding, PromptTensors
from vesal.models.segmenter import Segmenter

ATOL = 1e-4
STAGES = {
    "block_0_attn": "image_encoder.blocks.0.attn",
    "block_0": "image_encoder.blocks.0",
    "block_1": "image_encoder.blocks.1",
    "block_2_attn_global": "image_encoder.blocks.2.attn",
    "block_2": "image_encoder.blocks.2",
    "block_3": "image_encoder.blocks.3",
    "block_11": "image_encoder.blocks.11",
    "patch_embed": "image_encoder.patch_embed",
    "neck_ln1": "image_encoder.neck.1",
    "neck_out": "image_encoder.neck",
}
POINTS = [[40.0, 70.0, 100.0], [20.0, 90.0, 64.0], [110.0, 15.0, 33.0], [5.0, 6.0, 7.0]]
LABELS = [1, 0, 1, -1]
CASES = {
    "one_pos_zero_mask": (1, "zero"),
    "one_pos_no_mask": (1, "none"),
    "three_mixed_zero_mask": (3, "zero"),
    "three_mixed_prev_mask": (3, "prev"),
    "three_mixed_plus_pad_prev_mask": (4, "prev"),
    "no_points_prev_mask": (0, "prev"),
    "second_step_all_clicks": (3, "answer"),
}


@pytest.fixture(scope="module")
def network() -> Segmenter:
    """The published architecture."""
    return golden_network("sam-med3d")


@pytest.fixture(scope="module")
def encoded(network: Segmenter) -> Iterator[tuple[Embedding, dict[str, torch.Tensor]]]:
    """The golden input's embedding, and what the stages gave on the way."""
    with torch.inference_mode(), Stages(network, list(STAGES.values())) as stages:
        yield network.encode(normal(0, 1, 1, 128, 128, 128)), stages


def prompts_of(case: str) -> PromptTensors:
    """The prompts of a golden case."""
    if case == "batch2_one_point_zero_mask":
        points = torch.tensor([[POINTS[0]], [POINTS[1]]])
        zeros = torch.zeros(2, 1, 32, 32, 32)
        return PromptTensors(points=points, labels=torch.tensor([[1], [0]]), previous=zeros)
    count, mask = CASES[case]
    answer = arrays("sam_med3d/mask_decoder")["one_pos_zero_mask__low_res_single"]
    previous = {
        "zero": torch.zeros(1, 1, 32, 32, 32),
        "none": None,
        "prev": 3 * normal(1, 1, 1, 32, 32, 32),
        "answer": torch.from_numpy(answer),
    }[mask]
    return PromptTensors(
        points=torch.tensor([POINTS[:count]]).reshape(1, count, 3),
        labels=torch.tensor([LABELS[:count]], dtype=torch.int64).reshape(1, count),
        previous=previous,
    )


def test_every_stage_of_the_encoder_is_the_reference(
    encoded: tuple[Embedding, dict[str, torch.Tensor]],
) -> None:
    """Patches, windowed and global blocks, neck; the whole embedding."""
    golden = arrays("sam_med3d/encoder_intermediates")
    for name, module in STAGES.items():
        if name == "block_0_attn":  # stored with its padding: the next test
            continue
        stage = encoded[1][module]
        assert_sampled(stage, golden[f"{name}__idx"], golden[f"{name}__val"], ATOL)
    wanted = arrays("sam_med3d/encoder_output")["image_embedding"]
    np.testing.assert_allclose(encoded[0].levels[0].numpy(), wanted, rtol=0, atol=ATOL)


def test_a_padded_window_is_the_reference_where_its_tokens_are_real(
    encoded: tuple[Embedding, dict[str, torch.Tensor]],
) -> None:
    """The reference's window has 14 tokens an axis, of which 8 are real; the rest is cut away."""
    golden = arrays("sam_med3d/encoder_intermediates")
    name = "block_0_attn_windowed_padded"
    places = np.stack(np.unravel_index(golden[f"{name}__idx"], (1, 14, 14, 14, 768)), axis=1)
    real = (places[:, 1:4] < 8).all(axis=1)
    assert real.sum() >= 5
    stage = encoded[1]["image_encoder.blocks.0.attn"].numpy()
    found = stage[tuple(places[real].T)]
    np.testing.assert_allclose(found, golden[f"{name}__val"][real], rtol=0, atol=ATOL)


def test_positions_of_tokens_are_added(network: Segmenter) -> None:
    """The sum of patches and positions is what enters the first block."""
    golden = arrays("sam_med3d/encoder_intermediates")
    with torch.inference_mode():
        patches = network.image_encoder.patch_embed(normal(0, 1, 1, 128, 128, 128))
        x = patches + network.image_encoder.pos_embed
    assert_sampled(x, golden["after_pos_embed__idx"], golden["after_pos_embed__val"], ATOL)


def test_the_code_of_the_grid_has_its_first_two_axes_exchanged(network: Segmenter) -> None:
    """Quirk Q2: as published, and therefore as every weight was trained."""
    golden = arrays("sam_med3d/prompt_encoder")
    code = network.prompt_encoder.grid_code()
    assert_sampled(code, golden["dense_pe__idx"], golden["dense_pe__val"], ATOL)
    corners = [code[0, :, a, b, c] for a, b, c in ((0, 0, 0), (7, 0, 0), (0, 7, 0), (0, 0, 7))]
    wanted = golden["dense_pe_corner_columns"]
    np.testing.assert_allclose(torch.stack(corners).numpy(), wanted, rtol=0, atol=ATOL)


@pytest.mark.parametrize("case", [*CASES, "batch2_one_point_zero_mask"])
def test_prompts_are_encoded_as_in_the_reference(network: Segmenter, case: str) -> None:
    """Sparse tokens with their padding point, and the map of the mask."""
    golden, prompts = arrays("sam_med3d/prompt_encoder"), prompts_of(case)
    sparse = network.prompt_encoder.sparse(prompts)
    np.testing.assert_allclose(sparse.numpy(), golden[f"{case}__sparse"], rtol=0, atol=ATOL)
    dense = network.prompt_encoder.dense(prompts.previous)
    batch = prompts.points.shape[0]
    whole = dense.expand(batch, -1, 8, 8, 8)
    assert_sampled(whole, golden[f"{case}__dense_idx"], golden[f"{case}__dense_val"], ATOL)
    if f"{case}__dense_full" in golden:
        np.testing.assert_allclose(whole, golden[f"{case}__dense_full"], rtol=0, atol=ATOL)


@pytest.mark.parametrize("case", [*CASES, "batch2_one_point_zero_mask"])
def test_masks_and_scores_are_those_of_the_reference(
    network: Segmenter, encoded: tuple[Embedding, object], case: str
) -> None:
    """The first mask and the three others; one embedding serves two prompt sets."""
    with torch.inference_mode():
        decoded = network.decode(encoded[0], prompts_of(case))
    golden = arrays("sam_med3d/mask_decoder")
    compare = {
        f"{case}__low_res_single": decoded.logits[:, :1],
        f"{case}__low_res_single_sub4": decoded.logits[:, :1, ::4, ::4, ::4],
        f"{case}__low_res_multi_sub4": decoded.logits[:, 1:, ::4, ::4, ::4],
    }
    assert decoded.scores is not None
    compare |= {
        f"{case}__iou_single": decoded.scores[:, :1],
        f"{case}__iou_multi": decoded.scores[:, 1:],
    }
    found = [name for name in compare if name in golden]
    assert len(found) >= 4
    for name in found:
        np.testing.assert_allclose(compare[name].numpy(), golden[name], rtol=0, atol=ATOL)


def test_logits_are_enlarged_as_in_the_reference() -> None:
    """Trilinear, faces aligned, before any threshold."""
    golden = arrays("sam_med3d/mask_decoder")
    logits = torch.from_numpy(golden["one_pos_zero_mask__low_res_single"])
    large = nd.resized(logits, (128, 128, 128))[..., 3::8, 3::8, 3::8]
    wanted = golden["one_pos_zero_mask__upsampled_sub8"]
    np.testing.assert_allclose(large.numpy(), wanted, rtol=0, atol=ATOL)


def test_a_point_without_a_mask_is_not_the_same_as_a_zero_mask(
    network: Segmenter, encoded: tuple[Embedding, object]
) -> None:
    """Why a first click must carry zeros: what stands for no mask was never trained."""
    with torch.inference_mode():
        zero = network.decode(encoded[0], prompts_of("one_pos_zero_mask")).logits
        none = network.decode(encoded[0], prompts_of("one_pos_no_mask")).logits
    assert (zero - none).abs().max() > 0.01


def test_the_reference_counts_as_many_parameters(network: Segmenter) -> None:
    """100.5 million, of which the encoder has 92.9."""
    counts = record("sam_med3d/stats")["parameters"]
    parts = ("image_encoder", "prompt_encoder", "mask_decoder")
    for part in parts:
        module = network.get_submodule(part)
        assert sum(p.numel() for p in module.parameters()) == counts[part]
    assert len(network.state_dict()) == counts["keys"]
