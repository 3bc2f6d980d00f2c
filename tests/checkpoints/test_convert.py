"""Tests of vesal.checkpoints.convert: another form, the same tensors."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor

from tests.checkpoints.files import CHANGES, family_file, small, weights_of
from tests.checkpoints.manifests import manifest
from vesal.checkpoints.convert import convert
from vesal.checkpoints.families import CONTAINERS
from vesal.checkpoints.load import load_model
from vesal.checkpoints.locate import weights_path
from vesal.errors import CheckpointError, ConfigError, ResourceError
from vesal.models.zoo import PUBLISHED


def same(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    """The same names, types and bytes."""
    return a.keys() == b.keys() and all(
        a[name].dtype == b[name].dtype and torch.equal(a[name], b[name]) for name in a
    )


@pytest.mark.parametrize("family", sorted(CHANGES))
def test_there_and_back_gives_the_familys_own_file(family: str, tmp_path: Path) -> None:
    """In its container, under its names, and no optimiser any more."""
    weights = weights_of(small(family))
    source = family_file(tmp_path / "a.pth", family, weights, optimizer=torch.ones(1))
    convert(source, tmp_path / "b.safetensors", family=family)
    convert(tmp_path / "b.safetensors", tmp_path / "c.pth")
    ours, before, after = (
        load_file(tmp_path / "b.safetensors"),
        torch.load(source, weights_only=False),
        torch.load(tmp_path / "c.pth", weights_only=True),
    )
    assert same(ours, weights)
    container = CONTAINERS[family]
    if container != "bare":
        assert set(after) == {container}
        before, after = before[container], after[container]
    assert same(dict(before), after)


@pytest.mark.parametrize("name", ["sam-med3d", "sam-unet-34"])
def test_a_full_size_model_comes_back_under_its_own_names(name: str, tmp_path: Path) -> None:
    """All names and types of the published file, in half precision to be quick."""
    given = {
        key: torch.full(shape, 0.5).half() if kind == "float32" else torch.ones(shape).long()
        for key, (shape, kind) in manifest(name).items()
    }
    family = PUBLISHED[name].family
    torch.save({CONTAINERS[family]: given}, tmp_path / "a.pth")
    convert(tmp_path / "a.pth", tmp_path / "b.safetensors")
    convert(tmp_path / "b.safetensors", tmp_path / "c.pth")
    again = torch.load(tmp_path / "c.pth", weights_only=True)[CONTAINERS[family]]
    assert same(again, given)


def test_our_form_has_the_config_and_is_the_same_each_time(tmp_path: Path) -> None:
    """The family that was asked for is remembered: nobody has to say it again."""
    source = family_file(tmp_path / "a.pth", "medsam", weights_of(small()))
    for name in ("b", "c"):
        convert(source, tmp_path / f"{name}.safetensors", family="medsam")
    assert (tmp_path / "b.safetensors").read_bytes() == (tmp_path / "c.safetensors").read_bytes()
    with safe_open(tmp_path / "b.safetensors", framework="pt") as file:
        config = json.loads(file.metadata()["vesal.config"])
    assert config == json.loads(json.dumps(asdict(small("medsam"))))
    assert load_model(tmp_path / "b.safetensors").config == small("medsam")
    assert load_model(tmp_path / "b.safetensors", family="sam").config == small("sam")


def test_another_image_size_is_written_with_a_note_that_stays(tmp_path: Path) -> None:
    """Also when the file is converted again; the family's own form has no place for it."""
    source = family_file(tmp_path / "a.pth", "sam-med2d", weights_of(small("sam-med2d")))
    first = convert(source, tmp_path / "b.safetensors", image_size=96)
    again = convert(tmp_path / "b.safetensors", tmp_path / "c.pth")
    assert first.config == again.config == small("sam-med2d", image_size=96)
    assert first.notes == again.notes
    assert "resized from 8 to 12" in first.notes[0]
    assert load_model(tmp_path / "c.pth").config == first.config


def test_half_precision_is_kept(tmp_path: Path) -> None:
    """A conversion changes no bit."""
    weights = {name: tensor.bfloat16() for name, tensor in weights_of(small()).items()}
    convert(family_file(tmp_path / "a.pth", "sam", weights), tmp_path / "b.safetensors")
    assert same(load_file(tmp_path / "b.safetensors"), weights)
    convert(tmp_path / "b.safetensors", tmp_path / "c.safetensors", image_size=96)
    assert load_file(tmp_path / "c.safetensors")["image_encoder.pos_embed"].dtype == torch.bfloat16


@pytest.mark.parametrize("target", ["b.onnx", "b", "b.safetensors.txt"])
def test_other_forms_are_refused(target: str, tmp_path: Path) -> None:
    """Before anything is read."""
    with pytest.raises(ConfigError, match=r"\.safetensors, \.pth or \.pt"):
        convert(tmp_path / "missing.pth", tmp_path / target)


def test_our_own_model_has_no_other_form(tmp_path: Path) -> None:
    """It is safetensors already."""
    with pytest.raises(ConfigError, match="nothing to convert"):
        convert(weights_path("vesal-mini"), tmp_path / "b.pth")


def test_weights_that_do_not_fit_leave_the_old_file(tmp_path: Path) -> None:
    """Nothing is written that could not be loaded."""
    weights = weights_of(small())
    weights["mask_decoder.iou_token.weight"][0, 0] = float("nan")
    source = family_file(tmp_path / "a.pth", "sam", weights)
    (tmp_path / "b.safetensors").write_text("old")
    with pytest.raises(CheckpointError, match="NaN"):
        convert(source, tmp_path / "b.safetensors")
    assert (tmp_path / "b.safetensors").read_text() == "old"
    assert {path.name for path in tmp_path.iterdir()} == {"a.pth", "b.safetensors"}


@pytest.mark.parametrize("target", ["b.safetensors", "b.pth"])
def test_a_missing_folder_is_said_in_a_sentence(target: str, tmp_path: Path) -> None:
    """As where the disk is full."""
    source = family_file(tmp_path / "a.pth", "sam", weights_of(small()))
    with pytest.raises(ResourceError, match="choose a folder"):
        convert(source, tmp_path / "missing" / target)


def test_a_file_is_not_converted_onto_itself(tmp_path: Path) -> None:
    """Under its own name or another one; what else is in it would be lost."""
    source = family_file(tmp_path / "a.pth", "sam", weights_of(small("sam")))
    (tmp_path / "b.pth").symlink_to(source)
    before = source.read_bytes()
    for target in (source, tmp_path / "b.pth"):
        with pytest.raises(ConfigError, match="is the file that is to be converted"):
            convert(source, target)
    assert source.read_bytes() == before
