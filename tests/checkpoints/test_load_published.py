"""Tests of vesal.checkpoints.load with the files of the published families."""

import argparse
import logging
import multiprocessing
import resource
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from tests.checkpoints.files import CHANGES, family_file, small, weights_of
from tests.checkpoints.manifests import manifest
from vesal.checkpoints.families import foreign
from vesal.checkpoints.load import load_model
from vesal.checkpoints.write import write_safetensors
from vesal.errors import CheckpointError, ConfigError
from vesal.models.promptable import Promptable
from vesal.models.sam_config import SamConfig
from vesal.models.zoo import PUBLISHED

FAMILIES = sorted(CHANGES)


def expected(family: str) -> SamConfig:
    """What a file of the small model of this family is taken for."""
    return small("sam") if family == "medsam" else small(family)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_familys_file_is_recognised_and_loaded_exactly(family: str, tmp_path: Path) -> None:
    """With the optimiser beside it that its training script saves; the weights are all there."""
    config = small(family)
    weights = weights_of(config)
    beside = {"optimizer": torch.optim.Adam([torch.ones(1)]), "args": argparse.Namespace(lr=1)}
    model = load_model(family_file(tmp_path / "w.pth", family, weights, **beside))
    assert isinstance(model, Promptable)
    assert model.config == expected(family)
    state = model.state_dict()
    assert all(torch.equal(state[name], weights[name]) for name in weights)
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert not model.training


def test_medsam_is_what_the_caller_says_it_is(tmp_path: Path) -> None:
    """The file itself cannot tell."""
    path = family_file(tmp_path / "w.pth", "medsam", weights_of(small()))
    assert load_model(path, family="medsam").config == small("medsam")


@pytest.mark.parametrize("wrapped", [False, True], ids=["ours", "theirs"])
def test_safetensors_without_our_config_are_recognised(wrapped: bool, tmp_path: Path) -> None:
    """Under vesal's names or the family's own."""
    weights = weights_of(small("sam-unet"))
    save_file(foreign("sam-unet", weights) if wrapped else weights, tmp_path / "w.safetensors")
    assert load_model(tmp_path / "w.safetensors").config == small("sam-unet")


def test_half_precision_becomes_single(tmp_path: Path) -> None:
    """Each value as it is; counters stay whole numbers."""
    weights = weights_of(small("sam-unet"))
    halved = {
        name: tensor.half() if tensor.is_floating_point() else tensor
        for name, tensor in weights.items()
    }
    state = load_model(family_file(tmp_path / "w.pth", "sam-unet", halved)).state_dict()
    for name, tensor in halved.items():
        assert state[name].dtype in (torch.float32, torch.int64)
        assert torch.equal(state[name], tensor.to(state[name].dtype)), name


@pytest.mark.parametrize("family", ["sam", "sam-med3d"])
def test_another_image_size_resizes_positions_and_says_so(
    family: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The model takes images of that size; the log names what was changed."""
    path = family_file(tmp_path / "w.pth", family, weights_of(small(family)))
    with caplog.at_level(logging.INFO, logger="vesal"):
        model = load_model(path, image_size=96)
    assert model.config == small(family, image_size=96)
    assert "positions resized from 8 to 12 tokens an axis for images of 96" in caplog.text
    config = small(family)
    image = torch.zeros(1, config.image_channels, *[96] * config.ndim)
    assert model.encode(image).levels[0].shape[2:] == (12,) * config.ndim


def test_our_own_model_takes_no_image_size(tmp_path: Path) -> None:
    """Its window is not tied to its weights."""
    with pytest.raises(ConfigError, match="leave image_size 64 out"):
        load_model("vesal-mini", image_size=64)


def test_an_unknown_family_is_refused_before_the_file_is_read(tmp_path: Path) -> None:
    """The known ones are named."""
    with pytest.raises(ConfigError, match=r"sam-med3d.*got 'sam2'"):
        load_model(family_file(tmp_path / "w.pth", "sam", weights_of(small())), family="sam2")


@pytest.mark.parametrize(
    ("family", "asked"), [("sam-med3d", "sam"), ("sam-med2d", "medsam"), ("sam", "promptable-unet")]
)
def test_another_family_than_the_files_is_refused(family: str, asked: str, tmp_path: Path) -> None:
    """Its pictures would be prepared in the wrong way."""
    path = family_file(tmp_path / "w.pth", family, weights_of(small(family)))
    with pytest.raises(CheckpointError, match=f"family {family}, not {asked}"):
        load_model(path, family=asked)


def test_our_own_model_is_of_no_published_family() -> None:
    """The header says what it is."""
    with pytest.raises(CheckpointError, match="family promptable-unet, not sam"):
        load_model("vesal-mini", family="sam")


def _lose(weights: dict[str, Tensor]) -> None:
    del weights["mask_decoder.iou_token.weight"]


def _add(weights: dict[str, Tensor]) -> None:
    weights["image_encoder.blocks.0.extra"] = torch.zeros(1)


def _shrink(weights: dict[str, Tensor]) -> None:
    weights["mask_decoder.mask_tokens.weight"] = torch.zeros(3, 48)


def _count(weights: dict[str, Tensor]) -> None:
    weights["mask_decoder.iou_token.weight"] = torch.ones(1, 48, dtype=torch.int64)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_lose, r"1 tensors missing \['mask_decoder.iou_token.weight'\], 0 extra"),
        (_add, r"1 extra \['image_encoder.blocks.0.extra'\]"),
        (_shrink, r"1 of another shape \['mask_decoder.mask_tokens.weight'\]"),
        (_count, r"got torch.int64 for \['mask_decoder.iou_token.weight'\]"),
    ],
)
def test_nothing_is_loaded_in_part(
    change: object, words: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The sentence has the first names of each kind, the log has all."""
    weights = weights_of(small())
    assert callable(change)
    change(weights)
    path = family_file(tmp_path / "w.pth", "sam", weights)
    with (
        caplog.at_level(logging.INFO, logger="vesal"),
        pytest.raises(CheckpointError, match=words),
    ):
        load_model(path)
    assert len(caplog.records) == 1


def test_weights_of_something_else_are_refused(tmp_path: Path) -> None:
    """A classifier, say."""
    torch.save({"conv1.weight": torch.zeros(64, 3, 7, 7)}, tmp_path / "resnet.pth")
    with pytest.raises(CheckpointError, match="no family that vesal knows"):
        load_model(tmp_path / "resnet.pth")


def test_a_changed_tensor_of_ours_is_noticed(tmp_path: Path) -> None:
    """By the SHA-256 in the header; the format has no checksum of its own."""
    path = tmp_path / "w.safetensors"
    write_safetensors(path, small(), weights_of(small()))
    assert load_model(path).config == small()
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="SHA-256 in its header"):
        load_model(path)


def test_a_published_model_is_found_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the folder of weights, under its authors' name for it; the name says the family."""
    monkeypatch.setenv("VESAL_WEIGHTS", str(tmp_path))
    with pytest.raises(CheckpointError, match=r"medsam are missing: download .*medsam_vit_b.pth"):
        load_model("medsam")
    family_file(tmp_path / "medsam_vit_b.pth", "medsam", weights_of(small()))
    assert load_model("medsam").config == small("medsam")
    with pytest.raises(CheckpointError, match="vesal weights get sam-med3d-turbo"):
        load_model("sam-med3d-turbo")


def _growth(path: Path) -> float:
    """Memory that a process takes to load a file, as a part of the model's size."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    model = load_model(path)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float((peak - before) * 1024 / sum(t.nbytes for t in model.state_dict().values()))


@pytest.mark.parametrize("form", ["family", "ours"])
def test_loading_takes_little_more_memory_than_the_model(form: str, tmp_path: Path) -> None:
    """SAM's ViT-B, 375 MB, with an optimiser twice as large beside it: at most 1.3 times."""
    weights = {name: torch.zeros(shape) for name, (shape, _) in manifest("sam-vit-b").items()}
    if form == "ours":
        path = tmp_path / "w.safetensors"
        write_safetensors(path, PUBLISHED["sam-vit-b"], weights)
    else:
        path = tmp_path / "w.pth"
        optimiser = [torch.zeros_like(tensor) for tensor in weights.values() for _ in range(2)]
        torch.save({"model": weights, "optimizer": optimiser}, path)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert 1 <= pool.apply(_growth, (path,)) <= 1.3
