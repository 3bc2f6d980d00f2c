"""Tests of vesal.checkpoints.assemble: SAM-UNet from SAM and a ResNet."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from tests.checkpoints.files import family_file, small, weights_of
from tests.checkpoints.manifests import manifest
from vesal.checkpoints.assemble import assemble
from vesal.checkpoints.families import canonical
from vesal.checkpoints.load import load_model
from vesal.checkpoints.resize import resized
from vesal.errors import CheckpointError, ConfigError
from vesal.models.sam_config import SamConfig
from vesal.models.zoo import PUBLISHED


def torchvision(depth: int, counters: bool = True) -> dict[str, Tensor]:
    """Random weights of a ResNet under torchvision's names, with its classifier."""
    generator = torch.Generator().manual_seed(1)
    names = {"stage0.0": "conv1", "stage0.1": "bn1"}
    state = {"fc.weight": torch.zeros(1000, 512), "fc.bias": torch.zeros(1000)}
    for name, (shape, kind) in canonical(manifest(f"sam-unet-{depth}")).items():
        if not name.startswith("resnet.") or (not counters and name.endswith("tracked")):
            continue
        part, rest = name.removeprefix("resnet.").split(".", 1)
        stem = names.get(f"{part}.{rest.split('.')[0]}")
        key = f"{stem}.{rest.split('.')[1]}" if stem else f"{part.replace('stage', 'layer')}.{rest}"
        whole = kind == "int64"
        state[key] = torch.tensor(5) if whole else torch.randn(shape, generator=generator)
    return state


@pytest.fixture(scope="module")
def vit() -> SamConfig:
    """A small SAM of another image size."""
    return small(depth=8, global_blocks=(1, 3, 5, 7))


@pytest.fixture(scope="module")
def sam(vit: SamConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its file."""
    return family_file(tmp_path_factory.mktemp("sam") / "sam.pth", "sam", weights_of(vit))


@pytest.fixture(scope="module")
def resnet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ResNet-34 of torchvision."""
    path = tmp_path_factory.mktemp("resnet") / "resnet34.pth"
    torch.save(torchvision(34), path)
    return path


@pytest.fixture(scope="module")
def assembled(sam: Path, resnet: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What comes out."""
    path = tmp_path_factory.mktemp("unet") / "sam-unet.safetensors"
    assemble(sam, resnet, path)
    return path


def test_it_loads_as_a_sam_unet_of_256_pixels(assembled: Path, vit: SamConfig) -> None:
    """Whose encoder is SAM's."""
    config = load_model(assembled).config
    assert config == replace(vit, family="sam-unet", image_size=256, branch_depth=34)


def test_a_published_sam_gives_the_published_sam_unet() -> None:
    """The config that is made from ViT-B's is the one of the zoo."""
    vit_b = PUBLISHED["sam-vit-b"]
    made = replace(vit_b, family="sam-unet", image_size=256, branch_depth=34)
    assert made == PUBLISHED["sam-unet-34"]


def test_sams_layers_are_kept_and_resized(assembled: Path, vit: SamConfig) -> None:
    """All but its own tokens and heads."""
    _, kept, _ = resized(vit, weights_of(vit), 256)
    read = load_file(assembled)
    shared = set(kept) & set(read)
    assert all(torch.equal(read[name], kept[name]) for name in shared)
    lost = set(kept) - shared
    assert len(lost) == 32
    assert all(
        name.split(".")[1]
        in ("iou_token", "mask_tokens", "output_hypernetworks_mlps", "iou_prediction_head")
        for name in lost
    )


def test_the_resnet_is_torchvisions(assembled: Path, resnet: Path) -> None:
    """Each tensor under its new name; the classifier is left out."""
    read, given = load_file(assembled), torch.load(resnet)
    pairs = {
        "resnet.stage0.0.weight": "conv1.weight",
        "resnet.stage0.1.running_var": "bn1.running_var",
        "resnet.stage1.2.conv2.weight": "layer1.2.conv2.weight",
        "resnet.stage4.0.downsample.1.bias": "layer4.0.downsample.1.bias",
        "resnet.stage3.5.bn2.num_batches_tracked": "layer3.5.bn2.num_batches_tracked",
    }
    assert all(torch.equal(read[ours], given[theirs]) for ours, theirs in pairs.items())
    branch = {name for name in read if name.startswith("resnet.")}
    assert len(branch) == len(given) - 2


def test_new_layers_begin_as_the_seed_says(
    assembled: Path, sam: Path, resnet: Path, tmp_path: Path
) -> None:
    """The same seed the same file, another seed other weights; the caller's seed is his own."""
    before = torch.random.get_rng_state()
    assemble(sam, resnet, tmp_path / "same.safetensors")
    assert torch.equal(torch.random.get_rng_state(), before)
    assert (tmp_path / "same.safetensors").read_bytes() == assembled.read_bytes()
    assemble(sam, resnet, tmp_path / "other.safetensors", seed=1)
    first, other = load_file(assembled), load_file(tmp_path / "other.safetensors")
    changed = {name for name in first if not torch.equal(first[name], other[name])}
    assert {name.split(".")[0] for name in changed} == {
        "adapters_in",
        "adapters_bridge",
        "embedding_encoder",
        "mask_decoder",
    }


def test_the_reshapers_begin_as_in_the_reference(assembled: Path) -> None:
    """Kaiming for ReLU by outputs, no bias: the spread of the largest tells."""
    read = load_file(assembled)
    weight = read["adapters_in.0.reshaper.0.weight"]  # 3 x 3 onto 128 channels
    assert weight.shape[0] == 128
    assert weight.std().item() == pytest.approx((2 / (128 * 9)) ** 0.5, rel=0.02)
    biases = [t for n, t in read.items() if n.startswith("adapters_in.") and n.endswith("bias")]
    assert biases
    assert not any(bias.any() for bias in biases)


def test_what_was_done_is_noted_in_the_file(sam: Path, resnet: Path, tmp_path: Path) -> None:
    """Resized, left out, at random."""
    notes = assemble(sam, resnet, tmp_path / "a.safetensors").notes
    assert len(notes) == 3
    assert "resized from 8 to 32" in notes[0]
    assert "32 tensors of SAM's own answers left out" in notes[1]
    assert "with seed 0, in adapters_bridge, adapters_in, embedding_encoder, mask_de" in notes[2]


def test_fifty_layers_and_missing_counters_are_fine(sam: Path, tmp_path: Path) -> None:
    """Older files of torchvision have no counters."""
    torch.save(torchvision(50, counters=False), tmp_path / "resnet50.pth")
    assemble(sam, tmp_path / "resnet50.pth", tmp_path / "a.safetensors")
    config = load_model(tmp_path / "a.safetensors").config
    assert isinstance(config, SamConfig)
    assert config.branch_depth == 50


def test_other_files_are_refused(sam: Path, resnet: Path, tmp_path: Path) -> None:
    """Taken for each other, and where another form is asked for."""
    target = tmp_path / "a.safetensors"
    with pytest.raises(CheckpointError, match="no family that vesal knows"):
        assemble(resnet, resnet, target)
    with pytest.raises(
        CheckpointError, match="no ResNet-34 or -50 of torchvision: 180 tensors missing"
    ):
        assemble(sam, sam, target)
    with pytest.raises(ConfigError, match=r"\.safetensors, got 'a.pth'"):
        assemble(sam, resnet, tmp_path / "a.pth")
    assert not list(tmp_path.iterdir())
