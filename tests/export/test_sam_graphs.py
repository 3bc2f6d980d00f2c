"""Tests of vesal.export.sam_graphs: SAM's decoder against the reference's export, and our own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.export.tiny import in_onnxruntime, tiny
from tests.goldens import arrays, assert_entry, normal, record
from vesal.export.agreement import TOLERANCE, check
from vesal.export.graph import Arguments, Asked
from vesal.export.halves import halves
from vesal.export.onnx_file import converted, save
from vesal.export.sam_graphs import PlaneDecoder, SamEncoder, VolumeDecoder
from vesal.models.promptable import PromptTensors
from vesal.models.segmenter import Segmenter

if TYPE_CHECKING:
    from tests.export.conftest import Files

GOLDEN: dict[str, Any] = record("sam_med2d/onnx_decoder")
CASES = [name for name in GOLDEN if "__" in name]
SIZE = (300.0, 200.0)
ATOL = 1e-4  # as the golden's README states
IN_ONNXRUNTIME = 1e-3


@pytest.fixture(scope="module")
def network() -> Segmenter:
    """SAM-Med2D with its golden weights, but for a small image encoder."""
    network = tiny("sam-med2d")
    assert isinstance(network, Segmenter)
    return network


def arguments(case: str) -> Arguments:
    """What the reference's export was given."""
    flag = float(case.endswith("1"))
    return (
        (torch.from_numpy(arrays("sam_med2d/embedding")["embedding_adapter"]),),
        torch.tensor(GOLDEN[case]["point_coords"]),
        torch.tensor(GOLDEN[case]["point_labels"]),
        normal(1, 1, 1, 64, 64) * flag,
        torch.tensor([flag]),
        torch.tensor(SIZE),
    )


def assert_golden(case: str, masks: Tensor, scores: Tensor, low: Tensor, atol: float) -> None:
    """Shapes, scores and low-resolution logits are those of the reference."""
    wanted = GOLDEN[case]
    assert list(masks.shape) == wanted["masks_shape"]
    np.testing.assert_allclose(scores.numpy(), np.array(wanted["scores"]), rtol=0, atol=atol)
    assert_entry(low, wanted["lowres"], atol=atol)


@pytest.mark.parametrize("case", CASES)
def test_the_decoder_gives_what_the_export_of_the_reference_gives(
    network: Segmenter, case: str
) -> None:
    """One mask or four; points, a box, both; with a mask prompt and without."""
    decoder = PlaneDecoder(network, single_mask="__single1" in case)
    masks, scores, low = decoder(*arguments(case))
    assert_golden(case, masks, scores, low, ATOL)


def test_the_longest_side_is_cut_as_in_the_reference(network: Segmenter) -> None:
    """The reference's option of that name; SAM's rule at 256."""
    golden = GOLDEN["point3_longest_side_post"]
    decoder = PlaneDecoder(network, single_mask=False)
    decoder.config = replace(network.config, family="sam")
    assert_entry(decoder(*arguments("point3__single0__hasmask0"))[0], golden["masks"], ATOL)


def test_the_file_gives_in_onnxruntime_what_the_reference_gives(
    network: Segmenter, files: Files
) -> None:
    """The golden weights, all cases of four masks."""
    _, graph = halves(network)
    for case in (name for name in CASES if "__single0" in name):
        found = in_onnxruntime(graph, files("sam-med2d")[1].path, arguments(case))
        masks, scores, low = (torch.from_numpy(found[name]) for name in graph.outputs)
        assert_golden(case, masks, scores, low, IN_ONNXRUNTIME)


def test_the_file_of_one_mask_gives_in_onnxruntime_what_torch_gives(tmp_path: Path) -> None:
    """By SAM's rule, for 1, 2 and 5 points: torch's numbers, which are those of the reference."""
    _, graph = halves(tiny("sam"), single_mask=True)
    save(converted(graph, 20), tmp_path / "decoder.onnx", {})
    assert check(graph, tmp_path / "decoder.onnx") < TOLERANCE / 50


def asked(family: str, points: int) -> tuple[Segmenter, Arguments]:
    """A tiny network, and prompts for it without padding."""
    network = tiny(family)
    assert isinstance(network, Segmenter)
    _, graph = halves(network)
    levels, coords, labels, *rest = graph.random(
        Asked(sets=2, points=points), torch.Generator().manual_seed(5)
    )
    assert isinstance(labels, Tensor)
    return network, (levels, coords, labels.abs(), *rest)


@pytest.mark.parametrize("family", ["sam", "medsam", "sam-unet", "sam-med2d"])
def test_a_padded_picture_prompt_is_our_own_prompt(family: str) -> None:
    """(x, y), the last point labelled -1: what `Segmenter.decode` makes of the rest."""
    network, (_, coords, labels, mask, _, size) = asked(family, 3)
    assert isinstance(coords, Tensor)
    assert isinstance(labels, Tensor)
    assert isinstance(mask, Tensor)
    image = torch.randn(1, 3, *[network.config.image_size] * 2)
    embedding = network.encode(image)
    padded = torch.cat([coords, torch.zeros(2, 1, 2)], 1), torch.cat([labels, -torch.ones(2, 1)], 1)
    found = PlaneDecoder(network, single_mask=False)(
        SamEncoder(network)(image), *padded, mask, torch.ones(1), size
    )[-1]
    prompts = PromptTensors(points=coords.flip(-1), labels=labels.long(), previous=mask)
    wanted = network.decode(embedding, prompts).logits
    torch.testing.assert_close(found, wanted[:, : found.shape[1]], rtol=0, atol=1e-5)


def test_corners_of_a_box_are_points_labelled_2_and_3() -> None:
    """The same as a box given to `Segmenter.decode`; no mask prompt."""
    network, (_, _, _, mask, _, size) = asked("sam", 1)
    image = torch.randn(1, 3, 80, 80)
    corners = torch.tensor([[[10.0, 20.0], [50.0, 70.0]]])
    found = PlaneDecoder(network, single_mask=False)(
        SamEncoder(network)(image),
        corners,
        torch.tensor([[2.0, 3.0]]),
        mask[:1],
        torch.zeros(1),
        size,
    )[-1]
    prompts = PromptTensors(
        points=torch.zeros(1, 0, 2), labels=torch.zeros(1, 0).long(), boxes=corners.flip(-1)
    )
    wanted = network.decode(network.encode(image), prompts).logits
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize("flag", [0.0, 1.0])
def test_a_volume_prompt_is_our_own_prompt(flag: float) -> None:
    """Array order, nothing to pad; no mask prompt is a mask of zeros, as trained."""
    network, (_, coords, labels, mask, _) = asked("sam-med3d", 3)
    assert isinstance(coords, Tensor)
    assert isinstance(labels, Tensor)
    assert isinstance(mask, Tensor)
    image = torch.randn(1, 1, 64, 64, 64)
    masks, low = VolumeDecoder(network)(
        SamEncoder(network)(image), coords, labels, mask, torch.tensor([flag])
    )
    prompts = PromptTensors(points=coords, labels=labels.long(), previous=mask * flag)
    wanted = network.decode(network.encode(image), prompts).logits[:, :1]
    torch.testing.assert_close(low, wanted, rtol=0, atol=1e-5)
    upsampled = torch.nn.functional.interpolate(low, (64, 64, 64), mode="trilinear")
    torch.testing.assert_close(masks, upsampled, rtol=0, atol=1e-6)
