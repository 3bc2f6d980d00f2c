"""Tests of vesal.checkpoints.summary: what a file is, without its model."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.checkpoints.files import family_file, small, weights_of
from vesal.checkpoints.convert import convert
from vesal.checkpoints.locate import weights_path
from vesal.checkpoints.summary import summarised
from vesal.errors import CheckpointError
from vesal.models.zoo import ZOO


def test_the_facts_of_a_family_file(tmp_path: Path) -> None:
    """Without what lies beside the weights."""
    weights = weights_of(small("sam-unet"))
    path = family_file(tmp_path / "a.pth", "sam-unet", weights, optimizer=torch.ones(999))
    summary = summarised(path)
    assert summary.config == small("sam-unet")
    assert summary.container == "model"
    assert summary.tensors == len(weights)
    assert summary.parameters == sum(tensor.numel() for tensor in weights.values())
    assert summary.size_bytes == sum(tensor.nbytes for tensor in weights.values())
    assert summary.kinds == ("float32", "int64")
    assert summary.licence == "none published"
    assert summary.notes == ()


def test_the_digest_is_the_same_for_each_form_and_another_for_other_weights(
    tmp_path: Path,
) -> None:
    """It is one of the tensors, not of the file."""
    weights = weights_of(small("sam-unet"))
    family_file(tmp_path / "a.pth", "sam-unet", weights)
    convert(tmp_path / "a.pth", tmp_path / "b.safetensors")
    convert(tmp_path / "b.safetensors", tmp_path / "c.pth")
    digests = {summarised(tmp_path / n).sha256 for n in ("a.pth", "b.safetensors", "c.pth")}
    assert len(digests) == 1
    weights["embedding_encoder.0.bias"][0] += 1
    assert summarised(family_file(tmp_path / "d.pth", "sam-unet", weights)).sha256 not in digests


def test_notes_and_the_licence_are_told(tmp_path: Path) -> None:
    """What was done to the weights stays with them."""
    family_file(tmp_path / "a.pth", "sam-med3d", weights_of(small("sam-med3d")))
    convert(tmp_path / "a.pth", tmp_path / "b.safetensors", image_size=32)
    summary = summarised(tmp_path / "b.safetensors")
    assert "resized from 8 to 4" in summary.notes[0]
    assert summary.licence == "Apache-2.0"


def test_our_own_model_is_summarised_too() -> None:
    """With its config from the header."""
    summary = summarised(weights_path("vesal-mini"))
    assert summary.config == ZOO["vesal-mini"]
    assert summary.kinds == ("float16",)
    assert summary.licence == "Apache-2.0, as vesal"


def test_damage_is_found_though_no_model_is_built(tmp_path: Path) -> None:
    """Every tensor is read once."""
    weights = weights_of(small())
    weights["mask_decoder.iou_token.weight"][0, 0] = float("inf")
    with pytest.raises(CheckpointError, match="infinite"):
        summarised(family_file(tmp_path / "a.pth", "sam", weights))


def test_a_summary_needs_no_torch(tmp_path: Path) -> None:
    """Of either kind of file."""
    family_file(tmp_path / "a.pth", "sam", weights_of(small()))
    convert(tmp_path / "a.pth", tmp_path / "b.safetensors")
    code = """
import pathlib, sys
from vesal.checkpoints.summary import summarised
for path in sys.argv[1:]:
    summarised(pathlib.Path(path))
sys.exit("torch" in sys.modules)
"""
    paths = [str(tmp_path / name) for name in ("a.pth", "b.safetensors")]
    run = subprocess.run([sys.executable, "-c", code, *paths], check=False)  # noqa: S603
    assert run.returncode == 0
