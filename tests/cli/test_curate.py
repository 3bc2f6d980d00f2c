"""Tests of `vesal curate`, with files of every kind."""

from pathlib import Path

import pytest

from tests.curation.sets import toy
from vesal.cli.main import main
from vesal.datasets import find_pairs


def test_a_data_set_becomes_a_training_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was kept and why the rest was not stands on the terminal; again it is quick."""
    raw, out = toy(tmp_path / "raw"), tmp_path / "out"
    assert main(["curate", str(raw), "-o", str(out), "--shares", "train=1"]) == 0
    said = capsys.readouterr().out
    assert "volume  volume below the least     3      3" in said
    assert "kept      3 masks of 3 cases (3 train)" in said
    assert len(find_pairs(out).pairs) == 3
    assert {path.name for path in (out / "report").iterdir()} == {
        "index.html", "report.md", "summary.json",
    }  # fmt: skip
    words = ["curate", str(raw), "-o", str(out), "--config", str(out / "settings.json")]
    assert main(words) == 0
    assert "earlier   3 cases were there" in capsys.readouterr().out
    page = (out / "report" / "index.html").read_text(encoding="utf-8")
    assert f"vesal curate {raw} --config {out}/settings.json -o {out}" in page


def test_what_cannot_be_read_is_told_by_the_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """6, as for `vesal evaluate`; so is a set in which nothing was kept."""
    raw = toy(tmp_path / "raw", 2)
    (raw / "labelsTr" / "case1.nii.gz").write_bytes(b"none")
    assert main(["curate", str(raw), "-o", str(tmp_path / "a")]) == 6
    assert "error: case1: case1.nii.gz" in capsys.readouterr().err
    words = ["curate", str(toy(tmp_path / "sound", 1)), "-o", str(tmp_path / "b")]
    assert main([*words, "--set", "least_volume_mm3=1e9"]) == 6
    assert "no mask was kept" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nowhere", "-o", "out"], "nowhere is not there"),
        (["{raw}", "-o", "out", "--rules", "nnunet"], "unknown rules 'nnunet'"),
        (["{raw}", "-o", "out", "--set", "least=3"], "unknown setting least"),
        (["{raw}", "-o", "out", "--set", "least_share=much"], "must be a number, got 'much'"),
        (["{raw}", "-o", "out", "--workers", "0"], "--workers needs 1 or more"),
        (["{raw}", "-o", "out", "--shares", "train=2"], "1 in all"),
        (["{raw}", "-o", "{raw}/out"], "lies in the data"),
        (["{raw}", "-o", "full"], "holds something else"),
        (["full", "-o", "out"], "is no data set that is known"),
        (["{raw}"], "--output"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_words_get_one_sentence(
    words: list[str],
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And exit code 2; nothing is made."""
    raw = toy(tmp_path / "raw", 1)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").touch()
    monkeypatch.chdir(tmp_path)
    assert main(["curate", *(word.replace("{raw}", str(raw)) for word in words)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert sentence in error
    assert not (tmp_path / "out").exists()
