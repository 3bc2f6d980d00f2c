"""SAM-Med2D with the golden weights against its reference, stage by stage."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from tests.goldens import (
    Stages,
    arrays,
    assert_entry,
    golden_network,
    normal,
    record,
    sam_config,
)
from vesal.checkpoints.tensors import empty
from vesal.models.promptable import Embedding, PromptTensors
from vesal.models.segmenter import Segmenter

ATOL = 1e-4
CASES: dict[str, Any] = record("sam_med2d/prompt_cases")
BLOCK = "image_encoder.blocks.0"
STAGES = {
    "patch_embed_out_before_pos__BHWC": "image_encoder.patch_embed",
    "block_00_norm1__BHWC": f"{BLOCK}.norm1",
    "block_00_norm2__BHWC": f"{BLOCK}.norm2",
    "block_00_mlp__BHWC": f"{BLOCK}.mlp",
    "block_00_adapter__BHWC": f"{BLOCK}.Adapter",
    "block_02_attn_out_global__BHWC": "image_encoder.blocks.2.attn",
    **{f"block_{i:02d}_out__BHWC": f"image_encoder.blocks.{i}" for i in range(12)},
    **{f"neck_{i}__BCHW": f"image_encoder.neck.{i}" for i in range(4)},
}


@pytest.fixture(scope="module")
def network() -> Segmenter:
    """The published architecture."""
    return golden_network("sam-med2d")


@pytest.fixture(scope="module")
def encoded(network: Segmenter) -> Iterator[tuple[Embedding, dict[str, torch.Tensor]]]:
    """The golden input's embedding, and what the stages gave on the way."""
    with torch.inference_mode(), Stages(network, list(STAGES.values())) as stages:
        yield network.encode(normal(0, 1, 3, 256, 256)), stages


def prompts_of(case: str) -> PromptTensors:
    """The prompts of a golden case; its points and boxes are (x, y)."""
    given = CASES[case]
    batch = len(given["points"] or given["box"] or [0])
    points, labels, boxes, previous = torch.zeros(batch, 0, 2), torch.zeros(batch, 0), None, None
    if given["points"] is not None:
        points, labels = torch.tensor(given["points"]).flip(-1), torch.tensor(given["labels"])
    if given["box"] is not None:
        boxes = torch.tensor(given["box"]).reshape(-1, 2, 2).flip(-1)
    if given["mask"] is not None:
        previous = normal(1, 1, 1, 64, 64)
        if case == "mask_sigmoid_only":
            previous = previous.sigmoid()
    return PromptTensors(points=points, labels=labels.long(), boxes=boxes, previous=previous)


def test_every_stage_of_the_encoder_is_the_reference(
    encoded: tuple[Embedding, dict[str, torch.Tensor]],
) -> None:
    """Patches, the parts of the first block, all blocks, the neck."""
    golden = record("sam_med2d/encoder_stats")
    missing = [name for name in STAGES if name not in golden]
    assert not missing, sorted(golden)
    for name, module in STAGES.items():
        assert_entry(encoded[1][module], golden[name])


def test_the_embedding_is_the_reference_with_and_without_adapters(
    network: Segmenter, encoded: tuple[Embedding, object]
) -> None:
    """Without: the same weights in the network that has no place for them."""
    golden = arrays("sam_med2d/embedding")
    x = normal(0, 1, 3, 256, 256)
    np.testing.assert_array_equal(x[0, :, 0, :8].numpy(), golden["x_first_row"])
    wanted = golden["embedding_adapter"]
    np.testing.assert_allclose(encoded[0].levels[0].numpy(), wanted, rtol=0, atol=ATOL)
    plain = empty(sam_config("ft-sam"))
    weights = {k: v for k, v in network.state_dict().items() if ".Adapter." not in k}
    plain.load_state_dict(weights, assign=True)
    with torch.inference_mode():
        found = plain.eval().encode(x).levels[0].numpy()
    np.testing.assert_allclose(found, golden["embedding_no_adapter"], rtol=0, atol=ATOL)


@pytest.mark.parametrize("case", CASES)
def test_prompts_are_encoded_as_in_the_reference(network: Segmenter, case: str) -> None:
    """Points before corners, a padding point only without a box; the map of a mask."""
    golden, prompts = arrays("sam_med2d/prompt_encoder"), prompts_of(case)
    encoder = network.prompt_encoder
    wanted = golden[f"{case}__sparse"]
    np.testing.assert_allclose(encoder.sparse(prompts), wanted, rtol=0, atol=ATOL)
    dense = encoder.dense(prompts.previous)
    whole = dense.expand(prompts.points.shape[0], -1, 16, 16)
    assert_entry(whole, CASES[case]["dense"], atol=ATOL)
    if f"{case}__dense" in golden:
        np.testing.assert_allclose(whole, golden[f"{case}__dense"], rtol=0, atol=ATOL)


def test_the_code_of_the_grid_is_that_of_the_reference(network: Segmenter) -> None:
    """All of it."""
    wanted = arrays("sam_med2d/prompt_encoder")["dense_pe"]
    np.testing.assert_allclose(network.prompt_encoder.grid_code(), wanted, rtol=0, atol=ATOL)


@pytest.mark.parametrize("case", CASES)
def test_masks_and_scores_are_those_of_the_reference(network: Segmenter, case: str) -> None:
    """Of the golden embedding: the first mask, and the three others."""
    golden = arrays("sam_med2d/decoder")
    levels = (torch.from_numpy(arrays("sam_med2d/embedding")["embedding_adapter"]),)
    embedding = Embedding(levels=levels)
    with torch.inference_mode():
        decoded = network.decode(embedding, prompts_of(case))
    assert decoded.scores is not None
    for found, name in (
        (decoded.logits[:, :1], "lowres_single"),
        (decoded.logits[:, 1:], "lowres_multi"),
        (decoded.scores[:, :1], "iou_single"),
        (decoded.scores[:, 1:], "iou_multi"),
    ):
        np.testing.assert_allclose(found, golden[f"{case}__{name}"], rtol=1e-4, atol=ATOL)


def test_the_decoder_inside_is_the_reference(network: Segmenter) -> None:
    """Both layers, the last attention, upscaled features and the filters of the mask tokens."""
    golden = record("sam_med2d/decoder_internals_point1")
    levels = (torch.from_numpy(arrays("sam_med2d/embedding")["embedding_adapter"]),)
    embedding = Embedding(levels=levels)
    transformer, mlps = "mask_decoder.transformer", "mask_decoder.output_hypernetworks_mlps"
    names = {
        "upscaled_embedding__BCHW": "mask_decoder.output_upscaling",
        **{f"hyper_{i}": f"{mlps}.{i}" for i in range(4)},
    }
    for golden_name, module in (
        ("transformer_layer0", f"{transformer}.layers.0"),
        ("transformer_layer1", f"{transformer}.layers.1"),
        ("transformer_out", transformer),
    ):
        names |= {f"{golden_name}_queries": f"{module}:0", f"{golden_name}_keys": f"{module}:1"}
    modules = sorted({name.split(":")[0] for name in names.values()})
    with torch.inference_mode(), Stages(network, modules) as stages:
        decoded = network.decode(embedding, prompts_of("point1"))
    for name, module in names.items():
        assert_entry(stages[module], golden[name], atol=ATOL)
    assert_entry(decoded.logits, golden["all4_lowres"], atol=ATOL)
    assert decoded.scores is not None
    np.testing.assert_allclose(decoded.scores, golden["all4_iou"], rtol=0, atol=ATOL)


def test_the_adapter_weighs_channels_as_the_reference(
    network: Segmenter, encoded: tuple[Embedding, dict[str, torch.Tensor]]
) -> None:
    """The gate of the first block's adapter, and its two convolutions as layers."""
    golden = record("sam_med2d/encoder_stats")
    adapter = network.image_encoder.blocks[0].get_submodule("Adapter")
    normed = encoded[1][f"{BLOCK}.norm2"]
    with torch.inference_mode():
        gate = adapter.get_submodule("channel")(normed.mean((1, 2)))
        gated = (normed * gate[:, None, None]).movedim(-1, 1)
        spatial = adapter.get_submodule("spatial")(gated)
    assert_entry(gate, golden["block_00_adapter_channel_gate__BC"])
    assert_entry(spatial, golden["block_00_adapter_spatial__BCHW"])
