"""Tests of vesal.checkpoints.weights and vesal.checkpoints.write: what a header of ours says."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from tests.checkpoints.files import family_file, small, weights_of
from vesal.checkpoints.weights import Digest, open_weights
from vesal.checkpoints.write import write_family_file, write_safetensors
from vesal.errors import CheckpointError, ConfigError


def mixed() -> dict[str, Tensor]:
    """Tensors of each width, one of them turned around."""
    return {
        "odd": torch.arange(3, dtype=torch.uint8),
        "half": torch.arange(5.0).half(),
        "bfloat": torch.arange(5.0).bfloat16(),
        "count": torch.tensor(7),
        "turned": torch.arange(6.0).reshape(2, 3).T,
        "double": torch.ones(2, dtype=torch.float64),
    }


def test_the_library_reads_what_was_written(tmp_path: Path) -> None:
    """Names, types, shapes and values."""
    write_safetensors(tmp_path / "a.safetensors", small(), mixed(), ("one", "two"))
    read = load_file(tmp_path / "a.safetensors")
    assert read.keys() == mixed().keys()
    for name, tensor in mixed().items():
        assert read[name].dtype == tensor.dtype
        assert torch.equal(read[name], tensor)
    with safe_open(tmp_path / "a.safetensors", framework="pt") as file:
        assert file.metadata()["vesal.notes"] == "one\ntwo"


def test_every_tensor_lies_at_a_multiple_of_its_width(tmp_path: Path) -> None:
    """As the format asks for, so that it can be mapped."""
    config = small()
    write_safetensors(tmp_path / "a.safetensors", config, weights_of(config))
    opened = open_weights(tmp_path / "a.safetensors")
    assert all(stored.place.start % 4 == 0 for stored in opened.archive.tensors.values())


def test_the_order_of_the_tensors_does_not_matter(tmp_path: Path) -> None:
    """For the file and for the digest."""
    turned = dict(reversed(mixed().items()))
    write_safetensors(tmp_path / "a.safetensors", small(), mixed())
    write_safetensors(tmp_path / "b.safetensors", small(), turned)
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


@pytest.mark.parametrize(
    ("name", "kind", "raw"),
    [
        ("b", "float32", np.zeros((2, 2), np.int32)),
        ("a", "int32", np.zeros((2, 2), np.int32)),
        ("a", "float32", np.zeros((4,), np.int32)),
        ("a", "float32", np.array([[0, 0], [0, 1]], np.int32)),
    ],
)
def test_a_digest_depends_on_name_type_shape_and_values(
    name: str, kind: str, raw: np.ndarray
) -> None:
    """Each of them alone changes it."""
    first, other = Digest(), Digest()
    first.add("a", "float32", np.zeros((2, 2), np.int32))
    other.add(name, kind, raw)
    assert first.hexadecimal() != other.hexadecimal()


def test_config_notes_and_digest_are_read_back(tmp_path: Path) -> None:
    """And every tensor is checked against the digest."""
    config = small("sam-med3d", relative_positions="decomposed", dense_axes=(0, 1, 2))
    write_safetensors(tmp_path / "a.safetensors", config, weights_of(config), ("one", "two"))
    opened = open_weights(tmp_path / "a.safetensors")
    assert opened.config == config
    assert opened.notes == ("one", "two")
    assert len(list(opened.read())) == len(opened.archive.tensors)


def test_a_family_file_has_no_config_and_is_recognised(tmp_path: Path) -> None:
    """It is what the family's authors would have written."""
    config = small("sam-unet")
    write_family_file(tmp_path / "a.pth", "sam-unet", weights_of(config))
    opened = open_weights(tmp_path / "a.pth")
    assert (opened.config, opened.digest, opened.notes) == (config, None, ())
    assert opened.archive.container == "model"


def test_a_config_that_cannot_be_is_the_files_fault(tmp_path: Path) -> None:
    """Whatever its header says."""
    save_file(weights_of(small()), tmp_path / "a.safetensors", metadata={"vesal.config": "{"})
    with pytest.raises(CheckpointError, match="not JSON"):
        open_weights(tmp_path / "a.safetensors")


def test_an_unknown_family_is_the_callers_fault(tmp_path: Path) -> None:
    """It is refused before the file is looked at."""
    with pytest.raises(ConfigError, match="got 'sam2'"):
        open_weights(tmp_path / "missing.pth", "sam2")


def test_two_names_for_one_tensor_are_the_files_fault(tmp_path: Path) -> None:
    """As where somebody merged two state dicts."""
    weights = weights_of(small())
    weights["image_encoder.sam_img_encoder.pos_embed"] = weights["image_encoder.pos_embed"]
    with pytest.raises(CheckpointError, match="two tensors"):
        open_weights(family_file(tmp_path / "a.pth", "sam", weights))
