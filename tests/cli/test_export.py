"""What `vesal export` writes, and what it refuses."""

import builtins
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnx
import pytest

from vesal.checkpoints.summary import summarised
from vesal.cli.main import main
from vesal.export import write

Captured = pytest.CaptureFixture[str]
EXAMPLE = Path(__file__).parents[2] / "examples" / "onnx_segment.py"
WEIGHTS = Path(write.__file__).parents[1] / "assets" / "weights" / "vesal-mini.safetensors"
BLOCKED = """
import runpy, sys
sys.modules["torch"] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_the_shipped_model_is_written_and_runs_without_torch(
    tmp_path: Path, capsys: Captured, scans: Path
) -> None:
    """Both files, at full size, described; the liver of the example, by onnxruntime and NumPy."""
    folder = tmp_path / "onnx"
    assert main(["export", "vesal-mini", "-o", str(folder)]) == 0
    facts = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert list(facts) == ["encoder", "decoder", "checked", "licence"]
    assert sorted(p.name for p in folder.iterdir()) == [
        "vesal-mini-decoder.onnx",
        "vesal-mini-encoder.onnx",
    ]
    metadata = {
        p.key: p.value for p in onnx.load(folder / "vesal-mini-decoder.onnx").metadata_props
    }
    assert metadata["vesal.weights_sha256"] == summarised(WEIGHTS).sha256
    assert json.loads(metadata["vesal.config"])["window"] == 48
    mask = tmp_path / "liver.npy"
    nifti = scans / "example_ct.nii.gz"
    paths = [str(path) for path in (EXAMPLE, folder / "vesal-mini", nifti)]
    words = [*paths, "--point", "98,161,397", "-o", str(mask)]
    command = [sys.executable, "-c", BLOCKED, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    assert 100 < np.load(mask).sum() < 5000


def test_a_choice_that_the_model_cannot_have_is_refused(tmp_path: Path, capsys: Captured) -> None:
    """By the name of a file too, which is that of what is written."""
    words = ["export", str(WEIGHTS), "--single-mask", "-o", str(tmp_path)]
    assert main(words) == 2
    assert "gives one mask anyway" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["nothing"], 2, "unknown model 'nothing'"),
        (["vesal-mini", "--opset", "12"], 2, "opset must be 18 to 23, got 12"),
        (["vesal-mini", "--family", "sam"], 3, "not sam"),
    ],
    ids=["model", "opset", "family"],
)
def test_wrong_words_are_refused_in_one_sentence(
    tmp_path: Path, capsys: Captured, words: list[str], code: int, sentence: str
) -> None:
    """And nothing is written."""
    assert main(["export", *words, "-o", str(tmp_path / "out")]) == code
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert sentence in error
    assert not list((tmp_path / "out").glob("*.onnx"))


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path: Path, capsys: Captured) -> None:
    """Before the model is read."""
    (tmp_path / "file").touch()
    assert main(["export", "vesal-mini", "-o", str(tmp_path / "file")]) == 5
    assert "cannot be written to" in capsys.readouterr().err


def test_a_missing_extra_is_named(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the command that installs it."""
    imported = builtins.__import__

    def without(name: str, *rest: Any) -> ModuleType:
        if name.startswith("vesal.export"):
            raise ModuleNotFoundError("No module named 'onnxscript'", name="onnxscript")
        return imported(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    assert main(["export", "vesal-mini", "-o", str(tmp_path)]) == 5
    assert (
        capsys.readouterr().err == "error: the export needs onnxscript: pip install 'vesal[onnx]'\n"
    )


def test_an_untrained_mask_is_warned_of(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SAM's rule may choose mask 0, which SAM-Med2D never trained."""
    from tests.export.tiny import ORIGIN, tiny
    from vesal.checkpoints import load, summary

    path = tmp_path / "tiny.pth"
    path.touch()
    done = write.Exported(path=tmp_path / "tiny-decoder.onnx", size_bytes=1, difference=0.0)
    monkeypatch.setattr(load, "load_model", lambda *_, **__: tiny("sam-med2d"))
    monkeypatch.setattr(summary, "summarised", lambda *_: ORIGIN)
    monkeypatch.setattr(write, "export", lambda *_, **__: (done, done))
    assert main(["export", str(path), "--single-mask", "-o", str(tmp_path)]) == 0
    assert "mask 0, which SAM-Med2D never trained" in capsys.readouterr().out
