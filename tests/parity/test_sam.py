"""SAM ViT-B at 1024 with the golden weights against its reference, stage by stage."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from tests.goldens import Stages, arrays, assert_entry, golden_network, normal, record
from vesal.models.promptable import Embedding, PromptTensors
from vesal.models.segmenter import Segmenter

ATOL = 1e-4
STAGES = {
    "patch_embed_out_before_pos__BHWC": "image_encoder.patch_embed",
    **{f"block_{i:02d}_out__BHWC": f"image_encoder.blocks.{i}" for i in range(12)},
    **{f"neck_{i}__BCHW": f"image_encoder.neck.{i}" for i in range(4)},
}
DECODED: dict[str, Any] = record("sam/decoder")
CASES = sorted({name.split("__")[0] for name in DECODED if "__" in name})


@pytest.fixture(scope="module")
def network() -> Segmenter:
    """The published architecture."""
    return golden_network("sam-vit-b")


@pytest.fixture(scope="module")
def encoded(network: Segmenter) -> Iterator[tuple[Embedding, dict[str, torch.Tensor]]]:
    """The golden input's embedding, and what the stages gave on the way."""
    with torch.inference_mode(), Stages(network, list(STAGES.values())) as stages:
        yield network.encode(normal(0, 1, 3, 1024, 1024)), stages


def prompts_of(case: str) -> PromptTensors:
    """The prompts of a golden case; its points and boxes are (x, y)."""
    given = DECODED[f"{case}__multi"]
    batch = len(given["points"] or given["box"])
    points, labels, boxes = torch.zeros(batch, 0, 2), torch.zeros(batch, 0), None
    if given["points"] is not None:
        points, labels = torch.tensor(given["points"]).flip(-1), torch.tensor(given["labels"])
    if given["box"] is not None:
        boxes = torch.tensor(given["box"]).reshape(-1, 2, 2).flip(-1)
    previous = normal(1, 1, 1, 256, 256) if case.endswith("mask") else None
    return PromptTensors(
        points=points.float(), labels=labels.long(), boxes=boxes, previous=previous
    )


def test_every_stage_of_the_encoder_is_the_reference(
    encoded: tuple[Embedding, dict[str, torch.Tensor]],
) -> None:
    """Windows that are whole and partial, global attention over 4,096 tokens."""
    golden = record("sam/encoder_stats")
    for name, module in STAGES.items():
        assert_entry(encoded[1][module], golden[name])
    assert_entry(encoded[0].levels[0], golden["embedding"], atol=ATOL)
    part = encoded[0].levels[0][:, ::4, ::4, ::4].numpy()
    wanted = arrays("sam/decoder")["embedding__:_::4_::4_::4"]
    np.testing.assert_allclose(part, wanted, rtol=0, atol=ATOL)


def test_the_code_of_the_grid_is_that_of_the_reference(network: Segmenter) -> None:
    """A slice of it."""
    wanted = arrays("sam/decoder")["dense_pe__:_::4_::4_::4"]
    found = network.prompt_encoder.grid_code()[:, ::4, ::4, ::4]
    np.testing.assert_allclose(found, wanted, rtol=0, atol=ATOL)


@pytest.mark.parametrize("case", CASES)
def test_masks_and_scores_are_those_of_the_reference(
    network: Segmenter, encoded: tuple[Embedding, object], case: str
) -> None:
    """The first mask, and the three others; prompts on the way."""
    prompts, golden = prompts_of(case), arrays("sam/decoder")
    with torch.inference_mode():
        sparse = network.prompt_encoder.sparse(prompts)
        dense = network.prompt_encoder.dense(prompts.previous)
        decoded = network.decode(encoded[0], prompts)
    np.testing.assert_allclose(sparse, golden[f"{case}__sparse"], rtol=0, atol=ATOL)
    whole = dense.expand(prompts.points.shape[0], -1, 64, 64)
    assert_entry(whole, DECODED[f"{case}__multi"]["dense"], atol=ATOL)
    assert decoded.scores is not None
    for kind, masks in (("single", slice(0, 1)), ("multi", slice(1, 4))):
        entry = DECODED[f"{case}__{kind}"]
        assert_entry(decoded.logits[:, masks], entry["lowres"], atol=ATOL)
        part = decoded.logits[:, masks, ::4, ::4]
        wanted = golden[f"{case}__{kind}__lowres_::4_::4"]
        np.testing.assert_allclose(part, wanted, rtol=0, atol=ATOL)
        np.testing.assert_allclose(decoded.scores[:, masks], entry["iou"], rtol=0, atol=ATOL)
