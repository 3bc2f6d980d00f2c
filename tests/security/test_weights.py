"""Weights that would run something are refused by every command that reads weights."""

import pickle
from pathlib import Path

import pytest
import torch

from tests.security import hostile
from tests.training.scans import scan_folder
from vesal.cli.main import main
from vesal.errors import CheckpointError
from vesal.training.state import load_state

COMMANDS = {
    "segment": "segment SCAN --voxel --point 5,5,5 --model WEIGHTS -o OUT.nii.gz",
    "segment --auto": "segment SCAN --auto --model WEIGHTS -o OUT.nii.gz",
    "info": "info WEIGHTS",
    "weights info": "weights info WEIGHTS",
    "weights convert": "weights convert WEIGHTS OUT.safetensors",
    "weights assemble": "weights assemble OUT.safetensors --sam WEIGHTS --resnet WEIGHTS",
    "finetune": "finetune WEIGHTS DATA -o OUT --steps 1",
    "train": "train sam-med3d-tune DATA --start WEIGHTS --steps 1 -o OUT --cache CACHE",
    "train mini": "train mini DATA --start WEIGHTS --steps 1 -o OUT --cache CACHE",
    "export": "export WEIGHTS -o OUT",
    "evaluate": "evaluate DATA --model WEIGHTS -o OUT",
    "challenge": "challenge DATA DATA --model WEIGHTS",
    "serve": "serve DATA --port 0 --model WEIGHTS",
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One small labelled scan."""
    return scan_folder(tmp_path_factory.mktemp("data"))


@pytest.mark.parametrize("kind", sorted(hostile.WEIGHTS))
def test_the_attack_is_a_real_one(kind: str, tmp_path: Path) -> None:
    """Python's own way to read such a file runs it."""
    path = hostile.weights(tmp_path, kind, tmp_path / "mark")
    if kind == "plain pickle":
        with path.open("rb") as file:
            pickle.load(file)  # noqa: S301
    else:
        torch.load(path, weights_only=False)
    assert (tmp_path / "mark").is_dir()


@pytest.mark.parametrize("kind", sorted(hostile.WEIGHTS))
@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_a_command_refuses_it_in_a_sentence_and_runs_nothing(
    command: str, kind: str, data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nothing is executed, and no result is written."""
    path = hostile.weights(tmp_path, kind, tmp_path / "mark")
    places = {
        "SCAN": str(data / "images" / "p0.nii.gz"),
        "DATA": str(data),
        "OUT": str(tmp_path / "out"),
        "CACHE": str(tmp_path / "cache"),
        "WEIGHTS": str(path),
    }
    words = COMMANDS[command]
    for name, place in places.items():
        words = words.replace(name, place)
    assert main(words.split()) in (2, 3), capfd.readouterr()
    out, err = capfd.readouterr()
    assert not (tmp_path / "mark").exists()
    assert err.startswith("error: "), (out, err)
    assert err.count("\n") == 1
    assert "weights.pth" in err
    assert "bug in vesal" not in err
    left = [one for one in tmp_path.rglob("*") if one.suffix in (".safetensors", ".onnx", ".gz")]
    assert left == []


@pytest.mark.parametrize("kind", sorted(hostile.WEIGHTS))
def test_a_run_does_not_go_on_from_it(kind: str, tmp_path: Path) -> None:
    """A checkpoint of training is read by torch, which is told to run nothing."""
    path = hostile.weights(tmp_path, kind, tmp_path / "mark")
    with pytest.raises(CheckpointError, match="damaged or of another recipe"):
        load_state(path)
    assert not (tmp_path / "mark").exists()
