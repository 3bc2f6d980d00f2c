"""Tests of vesal.checkpoints.load: what is written comes back, all else is refused in words."""

import hashlib
import json
import os
import pickle
import resource
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch import Tensor

from tests.networks import random_network, random_prompts, random_window, tiny_config
from vesal.checkpoints.load import load_model, save_model
from vesal.checkpoints.locate import weights_path
from vesal.errors import CheckpointError, ConfigError, ResourceError
from vesal.models.config import to_json
from vesal.models.promptable_unet import PromptableUNet
from vesal.models.unet_config import PromptableUNetConfig
from vesal.models.zoo import ZOO

SHIPPED = weights_path("vesal-mini")
MOST_SHIPPED_BYTES = 16_000_000
CONFIG_KEY = "vesal.config"

Change = Callable[[dict[str, Tensor]], None]

on_one_file = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def network() -> PromptableUNet:
    """A tiny network with random weights."""
    return random_network(tiny_config())


@pytest.fixture(scope="module")
def written(network: PromptableUNet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that vesal wrote of it."""
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_model(network, path)
    return path


def rewritten(source: Path, target: Path, change: Change, config: str | None = None) -> Path:
    """A copy of the file with other tensors, or another config in its header."""
    tensors = load_file(source)
    change(tensors)
    save_file(tensors, target, metadata={CONFIG_KEY: config or to_json(tiny_config())})
    return target


def unchanged(tensors: dict[str, Tensor]) -> None:
    """Leave the tensors as they are."""


def test_weights_come_back_in_half_precision_exactly(
    network: PromptableUNet, written: Path
) -> None:
    """Each one equals its rounding to 16 bits; the config is the same."""
    loaded = load_model(written)
    assert loaded.config == network.config
    again = loaded.state_dict()
    assert again.keys() == network.state_dict().keys()
    for name, tensor in network.state_dict().items():
        assert again[name].dtype == torch.float32
        assert torch.equal(again[name], tensor.half().float()), name


def test_a_loaded_model_is_ready_for_inference(written: Path) -> None:
    """Nothing to learn, evaluation mode, the fast layout, and an answer."""
    loaded = load_model(written)
    assert not loaded.training
    assert not any(p.requires_grad for p in loaded.parameters())
    stem = loaded.get_parameter("image_stem.weight")
    assert stem.is_contiguous(memory_format=torch.channels_last_3d)
    logits = loaded.decode(
        loaded.encode(random_window((16, 8, 8))), random_prompts((16, 8, 8), 2)
    ).logits
    assert torch.isfinite(logits).all()


def test_saving_what_was_loaded_gives_the_same_file(written: Path, tmp_path: Path) -> None:
    """Byte for byte, and the digest is the file's."""
    loaded = load_model(written)
    assert isinstance(loaded, PromptableUNet)
    digest = save_model(loaded, tmp_path / "again.safetensors")
    content = (tmp_path / "again.safetensors").read_bytes()
    assert content == written.read_bytes()
    assert digest == hashlib.sha256(content).hexdigest()


def test_loading_leaves_the_random_numbers_of_the_caller_alone(written: Path) -> None:
    """No global seed is touched."""
    before = torch.random.get_rng_state()
    load_model(written)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_loaded_model_outlives_its_file(written: Path, tmp_path: Path) -> None:
    """The weights are a copy, also where the file has them in 32 bits already."""

    def widen(tensors: dict[str, Tensor]) -> None:
        tensors.update({name: tensor.float() for name, tensor in tensors.items()})

    path = rewritten(written, tmp_path / "wide.safetensors", widen)
    loaded = load_model(path)
    before = {name: tensor.clone() for name, tensor in loaded.state_dict().items()}
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.write(b"\xff" * size)
    for name, tensor in loaded.state_dict().items():
        assert torch.equal(tensor, before[name]), name


def test_a_file_is_as_readable_as_any_other(network: PromptableUNet, tmp_path: Path) -> None:
    """Weights that only their writer may read are of no use in an installed package."""
    path, other = tmp_path / "tiny.safetensors", tmp_path / "other"
    save_model(network, path)
    other.write_bytes(b"")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(other.stat().st_mode)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 70_000.0])
def test_weights_that_half_precision_cannot_hold_are_not_written(
    network: PromptableUNet, tmp_path: Path, bad: float
) -> None:
    """A diverged training does not replace good weights."""
    path = tmp_path / "tiny.safetensors"
    save_model(network, path)
    good = path.read_bytes()
    broken = random_network(tiny_config())
    with torch.no_grad():
        broken.get_parameter("head.2.bias")[3] = bad
    with pytest.raises(CheckpointError, match=r"head\.2\.bias"):
        save_model(broken, path)
    assert path.read_bytes() == good
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_refuses_leaves_the_old_file_and_no_other(
    network: PromptableUNet, tmp_path: Path
) -> None:
    """Nothing is half written."""
    path = tmp_path / "tiny.safetensors"
    path.write_bytes(b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))  # bytes: less than the header
    try:
        with pytest.raises(ResourceError, match="File too large"):
            save_model(network, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(ResourceError):
        save_model(network, tmp_path / "no such folder" / "tiny.safetensors")


def test_a_truncated_file_is_refused_wherever_it_ends(written: Path, tmp_path: Path) -> None:
    """In the length, in the header, between and inside tensors, and one byte short."""
    content = written.read_bytes()
    header = 8 + int.from_bytes(content[:8], "little")
    offsets = {*range(0, header, 97), *range(12), *range(header - 3, header + 3)}
    offsets |= {*range(header, len(content), len(content) // 40), len(content) - 1}
    path = tmp_path / "cut.safetensors"
    for offset in sorted(offsets):
        path.write_bytes(content[:offset])
        with pytest.raises(CheckpointError, match="cannot be read"):
            load_model(path)


def test_a_file_with_bytes_to_spare_is_refused(written: Path, tmp_path: Path) -> None:
    """What is not accounted for was not written by vesal."""
    path = tmp_path / "long.safetensors"
    path.write_bytes(written.read_bytes() + b"\0")
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_model(path)


@on_one_file
@given(content=st.binary(max_size=300))
def test_random_bytes_are_refused(tmp_path: Path, content: bytes) -> None:
    """With one kind of error."""
    path = tmp_path / "noise.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError):
        load_model(path)


@on_one_file
@given(data=st.data())
def test_a_damaged_header_is_refused_or_harmless(
    written: Path, tmp_path: Path, data: st.DataObject
) -> None:
    """Any byte of it may be wrong: a model of the same config comes out, or a CheckpointError."""
    content = bytearray(written.read_bytes())
    header = 8 + int.from_bytes(content[:8], "little")
    content[data.draw(st.integers(0, header - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged.safetensors"
    path.write_bytes(content)
    with suppress(CheckpointError):
        config = load_model(path).config
        assert isinstance(config, PromptableUNetConfig)
        assert config.widths == tiny_config().widths


class Malicious:
    """An object that runs a command where it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return os.mkdir, (str(self.marker),)


@pytest.mark.parametrize("protocol", [0, 2, 5])
@pytest.mark.parametrize("way", ["pickle", "torch"])
def test_a_pickle_with_the_name_of_a_weights_file_is_never_executed(
    tmp_path: Path, way: str, protocol: int
) -> None:
    """Neither a bare one nor one in torch's own format."""
    marker = tmp_path / "executed"
    path = tmp_path / "weights.safetensors"
    content = pickle.dumps(Malicious(marker), protocol)
    pickle.loads(content)  # noqa: S301  # it does run where it is unpickled
    marker.rmdir()
    if way == "pickle":
        path.write_bytes(content)
    else:
        torch.save({"model": Malicious(marker)}, path, pickle_protocol=max(protocol, 2))
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_model(path)
    assert not marker.exists()


def _remove(tensors: dict[str, Tensor]) -> None:
    del tensors["head.2.bias"]


def _add(tensors: dict[str, Tensor]) -> None:
    tensors["head.3.bias"] = torch.zeros(2)


def _resize(tensors: dict[str, Tensor]) -> None:
    tensors["head.2.bias"] = tensors["head.2.bias"][:-1].clone()


def _reshape(tensors: dict[str, Tensor]) -> None:
    tensors["head.2.bias"] = tensors["head.2.bias"][None].clone()


def _spoil(tensors: dict[str, Tensor]) -> None:
    tensors["head.2.bias"][-1] = float("nan")


def _count(tensors: dict[str, Tensor]) -> None:
    tensors["head.2.bias"] = torch.zeros(tensors["head.2.bias"].shape, dtype=torch.int64)


def _shrink(tensors: dict[str, Tensor]) -> None:
    tensors["head.2.bias"] = tensors["head.2.bias"].to(torch.float8_e4m3fn)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_remove, r"1 tensors missing \['head.2.bias'\]"),
        (_add, r"1 extra \['head.3.bias'\]"),
        (_resize, r"1 of another shape \['head.2.bias'\]"),
        (_reshape, r"1 of another shape \['head.2.bias'\]"),
        (_spoil, r"head\.2\.bias holds NaN or infinite weights"),
        (_count, r"16 or 32 bits, got torch.int64 for \['head.2.bias'\]"),
        (_shrink, r"16 or 32 bits, got torch.float8"),
    ],
    ids=["missing", "extra", "shorter", "another axis", "NaN", "whole numbers", "8 bits"],
)
def test_tensors_that_do_not_fit_the_config_are_refused_by_name(
    written: Path, tmp_path: Path, change: Change, words: str
) -> None:
    """Nothing is loaded in part, broadcast, or cast."""
    path = rewritten(written, tmp_path / "changed.safetensors", change)
    with pytest.raises(CheckpointError, match=words):
        load_model(path)


def test_a_file_without_our_config_is_not_ours(written: Path, tmp_path: Path) -> None:
    """Sizes are never guessed from the tensors."""
    path = tmp_path / "bare.safetensors"
    for metadata in (None, {"format": "pt"}):
        save_file(load_file(written), path, metadata=metadata)
        with pytest.raises(CheckpointError, match="no vesal config"):
            load_model(path)


@pytest.mark.parametrize(
    "config",
    [
        "{",
        "[" * 100_000,
        "{}}",
        '{"widths": 3}',
        '{"colour": 1}',
        '{"capabilities": {}}',
        json.dumps({"widths": [4096] * 8, "window": 4096, "slice_window": 4096}),
    ],
    ids=["cut", "deep", "more", "type", "unknown", "incapable", "enormous"],
)
def test_a_config_that_cannot_be_is_refused(written: Path, tmp_path: Path, config: str) -> None:
    """As a checkpoint's fault; an enormous one before its 400 GB are asked for."""
    path = rewritten(written, tmp_path / "odd.safetensors", unchanged, config)
    with pytest.raises(CheckpointError, match=r"odd\.safetensors"):
        load_model(path)


def test_weights_of_another_size_are_refused(written: Path, tmp_path: Path) -> None:
    """The config decides, not the tensors."""
    config = to_json(PromptableUNetConfig())
    path = rewritten(written, tmp_path / "other.safetensors", unchanged, config)
    with pytest.raises(CheckpointError, match=r"of another shape \['"):
        load_model(path)


@pytest.mark.parametrize(
    "name", ["", ".", "no-such-model", "missing.safetensors", "x" * 5000, "a\0b"]
)
def test_neither_a_name_nor_a_file_is_refused_and_the_names_are_told(name: str) -> None:
    """Whatever was typed: an unknown name, a missing file, a folder, what no disk can hold."""
    with pytest.raises(ConfigError, match="vesal-mini"):
        load_model(name)


def test_a_file_in_the_working_folder_does_not_pose_as_a_known_model(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A known name means the shipped weights, wherever vesal is called."""
    (tmp_path / "vesal-mini").write_bytes(b"something else")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("vesal.checkpoints.load.weights_path", {"vesal-mini": written}.__getitem__)
    assert load_model("vesal-mini").config == tiny_config()
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_model("./vesal-mini")


def test_an_unreadable_file_is_a_checkpoint_error(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the disk fails and not the content."""

    def refuse(*args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("vesal.checkpoints.archive.safe_open", refuse)
    with pytest.raises(CheckpointError, match="Permission denied"):
        load_model(written)


@pytest.mark.skipif(not SHIPPED.exists(), reason="the weights are not built yet")
def test_the_shipped_weights_load_and_are_small() -> None:
    """At most 16 MB, of exactly the config that the zoo names, and able to answer."""
    assert SHIPPED.stat().st_size <= MOST_SHIPPED_BYTES
    model = load_model("vesal-mini")
    assert model.config == ZOO["vesal-mini"]
    logits = model.decode(
        model.encode(random_window((16, 16, 16))), random_prompts((16, 16, 16), 1)
    ).logits
    assert torch.isfinite(logits).all()
