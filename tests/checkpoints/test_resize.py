"""Tests of vesal.checkpoints.resize: SAM's own numbers at another image size."""

import json

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.checkpoints.files import small, weights_of
from tests.checkpoints.manifests import GOLDEN, manifest
from tests.golden.weight_rule import value
from vesal.checkpoints.resize import resized
from vesal.errors import ConfigError
from vesal.models.build import build
from vesal.models.sam_config import SamConfig
from vesal.models.zoo import PUBLISHED

TIED = ("pos_embed", "rel_pos_h", "rel_pos_w")


@pytest.fixture(scope="module")
def at_256() -> dict[str, Tensor]:
    """SAM's ViT-B with golden weights, from 1024 to 256: what is tied to the grid."""
    tied = {
        name: torch.from_numpy(value(name, shape))
        for name, (shape, _) in manifest("sam-vit-b").items()
        if name.endswith(TIED)
    }
    config, weights, _ = resized(PUBLISHED["sam-vit-b"], tied, 256)
    assert config.image_size == 256
    return weights


def golden(name: str) -> dict[str, np.ndarray]:
    """The arrays of a golden file."""
    with np.load(GOLDEN / name) as arrays:
        return dict(arrays)


def test_tables_and_positions_are_those_of_sam_med2ds_loader(at_256: dict[str, Tensor]) -> None:
    """All tables in full; float32 against float32, so 1e-6."""
    arrays = golden("sam_med2d/resize_1024_to_256.npz")
    tables = [name for name in arrays if name.startswith("blocks.")]
    assert len(tables) == 8
    for name in tables:
        ours = at_256[f"image_encoder.{name}"].numpy()
        np.testing.assert_allclose(ours, arrays[name], atol=1e-6)
    positions = at_256["image_encoder.pos_embed"].numpy()[:, ::2, ::2, ::4]
    np.testing.assert_allclose(positions, arrays["pos_embed__:_::2_::2_::4"], atol=1e-6)


def test_tables_and_positions_are_those_of_sam_unets_builder(at_256: dict[str, Tensor]) -> None:
    """Another code base, the same rule; the tables of the windows stay as they are."""
    arrays = golden("sam_unet/sam1024_to_256.npz")
    blocks = "image_encoder.blocks"
    pairs = [
        (at_256["image_encoder.pos_embed"][..., ::8], "pos_embed_s8"),
        (at_256[f"{blocks}.2.attn.rel_pos_h"], "rel_pos_h_block02"),
        (at_256[f"{blocks}.11.attn.rel_pos_w"], "rel_pos_w_block11"),
        (at_256[f"{blocks}.0.attn.rel_pos_h"][:, ::4], "rel_pos_h_block00_s4"),
    ]
    for ours, name in pairs:
        np.testing.assert_allclose(ours.numpy(), arrays[name], atol=1e-6)


def test_exactly_the_tensors_that_the_reference_resizes_change_shape() -> None:
    """By the list of SAM-Med2D's loader."""
    listed = json.loads((GOLDEN / "sam_med2d/resize_1024_to_256.json").read_text())
    wanted = {name: tuple(after) for name, (_, after) in listed["no_adapter"]["resized"].items()}
    before = {name: torch.empty(s, device="meta") for name, (s, _) in manifest("sam-vit-b").items()}
    tied = {n: torch.zeros(t.shape) if n.endswith(TIED) else t for n, t in before.items()}
    _, after, _ = resized(PUBLISHED["sam-vit-b"], tied, 256)
    assert {n: tuple(t.shape) for n, t in after.items() if t.shape != before[n].shape} == wanted


@pytest.mark.parametrize("size", [32, 96, 128])
@pytest.mark.parametrize("family", ["sam", "sam-med2d", "sam-unet", "sam-med3d"])
def test_resized_weights_fit_the_model_of_that_size(family: str, size: int) -> None:
    """2D and 3D, smaller and larger; all that is not tied to the grid is the same object."""
    config = small(family)
    weights = weights_of(config)
    target, after, notes = resized(config, weights, size)
    assert target.image_size == size
    with torch.device("meta"):
        model = build(target)
    model.load_state_dict(after, assign=True)
    assert all(after[n] is t for n, t in weights.items() if not n.endswith((*TIED, "rel_pos_d")))
    assert len(notes) == 1
    assert f"images of {size} voxels" in notes[0]


def test_a_constant_stays_constant() -> None:
    """Linear interpolation of one value is that value, at the border too."""
    config = small("sam-med3d")
    weights = {name: torch.full_like(tensor, 0.5) for name, tensor in weights_of(config).items()}
    _, after, _ = resized(config, weights, 96)
    assert all(torch.allclose(tensor, torch.tensor(0.5)) for tensor in after.values())


def test_the_same_size_changes_nothing() -> None:
    """And says nothing."""
    config = small()
    weights = weights_of(config)
    assert resized(config, weights, config.image_size) == (config, weights, ())


@pytest.mark.parametrize(
    ("config", "size", "words"),
    [
        (small(), 60, "multiple of patch 8"),
        (small(), 0, "image_size must be"),
        (small("sam-med2d"), 72, "even multiple of 8"),
    ],
)
def test_sizes_that_the_model_cannot_have_are_refused(
    config: SamConfig, size: int, words: str
) -> None:
    """Before anything is computed."""
    with pytest.raises(ConfigError, match=words):
        resized(config, {}, size)
