"""`vesal run` from end to end; who dies in it is in tests/cohort."""

import os
from pathlib import Path

import pytest

from tests.cohort.many import small_automatic, small_cohort, small_model, tiny_scans
from vesal.cli.main import main
from vesal.lock import LOCK

Captured = pytest.CaptureFixture[str]
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let new processes find the code of this folder."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(ROOT / "src"), str(ROOT))))


def test_a_cohort_is_done_and_told(tmp_path: Path, capsys: Captured) -> None:
    """Results, reports and a mosaic; a case that fails twice is quarantined, with exit code 6."""
    cases = small_cohort(tmp_path, 2)
    (tmp_path / "scan001.nii.gz").write_bytes(b"no image")
    words = ["run", str(cases), "-o", str(tmp_path / "out"), "--workers", "1"]
    words += ["--model", str(small_model(tmp_path))]
    for skipped in (0, 1):
        assert main(words) == 6
        page = capsys.readouterr().out
        assert f"done         {1 - skipped}\n" in page
        assert f"skipped      {skipped} " in page
        assert "quarantined  1 (failed twice; --again does all anew)" in page
        assert "scan001  quarantined" in page
    names = sorted(path.name for path in (tmp_path / "out").iterdir() if path.name != LOCK)
    results = ["journal.jsonl", "mosaic.png", "report.csv", "report.json", "scan000.nii.gz"]
    assert names == results


def test_an_automatic_model_does_a_folder(tmp_path: Path, capsys: Captured) -> None:
    """With a file for each class, in the format that was asked for."""
    scans = tiny_scans(tmp_path, 2)
    words = ["run", str(scans), "--auto", "--each", "--format", ".mha", "--workers", "1"]
    words += ["--model", str(small_automatic(tmp_path)), "-o", str(tmp_path / "out")]
    assert main(words) == 0
    assert "done     2\n" in capsys.readouterr().out
    files = sorted(path.name for path in (tmp_path / "out" / "scan001").iterdir())
    assert files == ["liver.mha", "spleen.mha"]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["."], 2, "is a folder: give a prompt file, or --auto"),
        (["lost.csv"], 2, "lost.csv cannot be read"),
        (
            ["lost", "--auto", "--model", "x"],
            2,
            "lost; give a folder with images, or a list of them",
        ),
        (["cases.csv", "--workers", "0"], 2, "--workers needs 1 or more"),
        (["cases.csv", "--workers", "2", "--ray", "local"], 2, "no --ray beside it"),
        (["cases.csv", "--format", ".txt"], 2, "a file of labels must end in one of"),
        (["cases.csv", "--model", "nothing"], 2, "unknown model 'nothing'"),
        (["cases.csv", "--device", "cuda:9"], 2, "there is no device 'cuda:9' here"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_made(
    words: list[str],
    code: int,
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Captured,
) -> None:
    """One sentence; no folder."""
    small_cohort(tmp_path, 1)
    monkeypatch.chdir(tmp_path)
    assert main(["run", *words, "-o", "out"]) == code
    assert says in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
