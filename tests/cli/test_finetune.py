"""`vesal finetune`: what is said before and after a run."""

from pathlib import Path

import pytest

from tests.networks import random_network, tiny_config
from tests.training.scans import scan_folder
from vesal.checkpoints.load import save_model
from vesal.cli.main import main

Captured = pytest.CaptureFixture[str]


def test_a_run_ends_with_a_model_that_info_and_segment_take(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a folder of scans to a mask, in three commands."""
    monkeypatch.setattr("vesal.training.finetune.check._MOST", 1)
    data = scan_folder(tmp_path / "scans")
    base = tmp_path / "tiny.safetensors"
    save_model(random_network(tiny_config()), base)
    my = tmp_path / "my-model"
    assert main(["finetune", str(base), str(data), "-o", str(my), "--steps", "1"]) == 0
    out = capsys.readouterr().out
    assert "structures of 1 images" in out
    assert " -> " in out
    assert "note: no scan was held out" in out
    mask = tmp_path / "mask.nii.gz"
    scan = data / "images" / "p0.nii.gz"
    inside = "--point=-3.5,9.7,-14.5"  # index 14, 13, 9
    words = ["segment", str(scan), inside, "--model", str(my), "-o", str(mask)]
    assert main(words) == 0, capsys.readouterr().err
    assert mask.exists()
    assert main(["finetune", str(base), str(data), "-o", str(my), "--steps", "1"]) == 2
    assert "holds a model already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nothing", "DATA", "-o", "OUT"], "'nothing' is neither a weights file nor a known model"),
        (["vesal-mini", "nowhere", "-o", "OUT"], "nowhere is not there"),
        (["vesal-mini", "DATA", "-o", "OUT", "--method", "magic"], "got 'magic'"),
        (["vesal-mini", "DATA", "-o", "OUT", "--structures", "liver"], "no structure named liver"),
        (["vesal-mini", "DATA", "-o", "OUT", "--steps", "3", "--minutes", "1"], "not both"),
        (["vesal-mini", "DATA", "-o", "DATA"], "holds other files"),
        (["vesal-mini", "DATA"], "Missing option"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    tmp_path: Path, capsys: Captured, words: list[str], message: str
) -> None:
    """And nothing is made."""
    data = scan_folder(tmp_path / "scans")
    places = {"DATA": str(data), "OUT": str(tmp_path / "out")}
    assert main(["finetune", *(places.get(word, word) for word in words)]) != 0
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert message in err
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()
