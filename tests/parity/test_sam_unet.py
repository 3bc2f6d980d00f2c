"""SAM-UNet of both sizes with the golden weights against its reference, stage by stage."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from tests.goldens import Stages, arrays, assert_sampled, golden_network, normal
from vesal.models import nd
from vesal.models.promptable import Embedding, PromptTensors
from vesal.models.segmenter import Segmenter

ATOL = 2e-4
CASES = (
    "point1",
    "points3",
    "box",
    "two_boxes",
    "box_points3",
    "mask_only",
    "box_mask",
    "none",
)
STAGES = {
    "cnn_stem": "resnet.stage0",
    **{f"cnn_stage{i}": f"resnet.stage{i}" for i in range(1, 5)},
    **{f"vit_block{i:02d}": f"image_encoder.blocks.{i}" for i in range(12)},
    **{f"bridge{i}": f"adapters_bridge.{i}" for i in range(3)},
    **{f"adapter_in{i}": f"adapters_in.{i}" for i in range(4)},
    "embedding_encoder": "embedding_encoder",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A network and what it makes of the golden input."""

    suffix: str
    network: Segmenter
    embedding: Embedding
    stages: dict[str, torch.Tensor]


@pytest.fixture(scope="module", params=["34", "50"])
def run(request: pytest.FixtureRequest) -> Run:
    """Of each size."""
    network = golden_network(f"sam-unet-{request.param}")
    with torch.inference_mode(), Stages(network, list(STAGES.values())) as stages:
        embedding = network.encode(normal(0, 1, 3, 256, 256))
    return Run(suffix=f"res{request.param}", network=network, embedding=embedding, stages=stages)


def prompts_of(case: str) -> PromptTensors:
    """The prompts of a golden case; its points and boxes are (x, y)."""
    given = arrays("sam_unet/inputs")
    points, labels, boxes, previous = torch.zeros(1, 0, 2), torch.zeros(1, 0), None, None
    for name in ("point1", "points3"):
        if name in case:
            points = torch.from_numpy(given[f"{name}_coords"]).float().flip(-1)
            labels = torch.from_numpy(given[f"{name}_labels"])
    if case == "two_boxes":
        points, labels = points.expand(2, 0, 2), labels.expand(2, 0)
    if "box" in case:
        name = "two_boxes" if case == "two_boxes" else "box"
        boxes = torch.from_numpy(given[name]).float().reshape(-1, 2, 2).flip(-1)
    if "mask" in case:
        previous = torch.from_numpy(given["prev_mask"])
    return PromptTensors(points=points, labels=labels.long(), boxes=boxes, previous=previous)


def test_the_input_is_the_golden_one() -> None:
    """A check of the check."""
    image = normal(0, 1, 3, 256, 256)[..., ::8, ::8]
    np.testing.assert_array_equal(image, arrays("sam_unet/inputs")["image_s8"])


def test_every_stage_of_the_encoder_is_the_reference(run: Run) -> None:
    """Both branches, where they meet, the bridges, and what the decoder is given."""
    golden = arrays(f"sam_unet/encoder_{run.suffix}")
    for name, module in STAGES.items():
        assert_sampled(run.stages[module], golden[f"{name}.idx"], golden[f"{name}.val"], ATOL)
    for branch, block in enumerate((2, 5, 8, 11)):
        before = run.stages[f"image_encoder.blocks.{block - 1}"]
        fused = before + run.stages[f"adapters_in.{branch}"].movedim(1, -1)
        name = f"fused_before_block{block:02d}"
        assert_sampled(fused, golden[f"{name}.idx"], golden[f"{name}.val"], ATOL)
    for level, name in zip(
        run.embedding.levels, ("image_embedding", "multi_scale_feature"), strict=True
    ):
        np.testing.assert_allclose(level, golden[name], rtol=0, atol=ATOL)


def test_the_vit_alone_is_the_reference(run: Run) -> None:
    """Without the branch, and its patches with their positions; the code of the grid."""
    golden = arrays(f"sam_unet/encoder_{run.suffix}")
    encoder, image = run.network.image_encoder, normal(0, 1, 3, 256, 256)
    with torch.inference_mode():
        alone = encoder(image)[0]
        tokens = encoder.patch_embed(image) + encoder.pos_embed
        code = run.network.prompt_encoder.grid_code()
    wanted = golden["vit_only_embedding_s4"]
    np.testing.assert_allclose(alone[:, ::4], wanted, rtol=0, atol=ATOL)
    np.testing.assert_allclose(code[:, ::4], golden["dense_pe_s4"], rtol=0, atol=ATOL)
    for x, name in (
        (alone, "vit_only_embedding"),
        (tokens, "vit_patch_embed_plus_pos"),
        (code, "dense_pe"),
    ):
        assert_sampled(x, golden[f"{name}.idx"], golden[f"{name}.val"], ATOL)


@pytest.mark.parametrize("case", CASES)
def test_the_decoder_is_the_reference(run: Run, case: str) -> None:
    """Tokens out, filter, features, logits; one mask and no score."""
    golden, prompts = arrays(f"sam_unet/decoder_{run.suffix}"), prompts_of(case)
    decoder = "mask_decoder"
    modules = [f"{decoder}.{name}" for name in ("transformer", "hf_mlp", "output_upscaling")]
    modules.append(f"{decoder}.embedding_maskfeature")
    with torch.inference_mode(), Stages(run.network, modules) as stages:
        sparse = run.network.prompt_encoder.sparse(prompts)
        dense = run.network.prompt_encoder.dense(prompts.previous)
        decoded = run.network.decode(run.embedding, prompts)
    assert decoded.scores is None
    for module, name in (("output_upscaling", "up"), ("embedding_maskfeature", "maskfeature")):
        x = stages[f"{decoder}.{module}"]
        assert_sampled(x, golden[f"{case}.{name}.idx"], golden[f"{case}.{name}.val"], ATOL)
    compare: dict[str, Any] = {
        "sparse": sparse,
        "tokens_out": stages[f"{decoder}.transformer:0"],
        "hyper": stages[f"{decoder}.hf_mlp"][:, 0],
        "low_res_logits": decoded.logits,
        "logits_256_s4": nd.resized(decoded.logits, (256, 256))[..., ::4, ::4],
    }
    if prompts.previous is not None:
        compare["dense_s4"] = dense[:, ::4]
    for name, x in compare.items():
        np.testing.assert_allclose(x, golden[f"{case}.{name}"], rtol=0, atol=ATOL)
