"""Tests of `vesal evaluate` and `vesal challenge`, with real files, processes and reports."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.evaluation.test_challenge import case_file
from vesal.cli.main import main
from vesal.datasets.challenge import ChallengeCase, write_case
from vesal.geometry import Grid
from vesal.images import Image
from vesal.prompts.simulate_challenge import ChallengeBox


@pytest.fixture
def nuclei(data: Path, tmp_path: Path) -> Path:
    """A data set of one stack with 51 nuclei."""
    folder = tmp_path / "nuclei"
    for name, file in (("images", "img3d.tif"), ("labels", "mask3d.tif")):
        (folder / name).mkdir(parents=True)
        shutil.copy(data / file, folder / name / "stack.tif")
    return folder


def test_a_data_set_becomes_a_report(
    nuclei: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a process of its own; table on the terminal, files in the folder; again it is quick."""
    report = tmp_path / "report"
    words = ["evaluate", str(nuclei), "--model", "ball", "--clicks", "2", "-o", str(report)]
    words += ["--structures", "label 2?"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "| ball |" in said
    assert "kept     0 results" in said
    assert {path.name for path in report.iterdir()} == {
        "index.html", "table.md", "summary.json", "rows.csv", "results",
    }  # fmt: skip
    with (report / "rows.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = {row["object"] for row in rows}
    assert names == {"label 23", "label 29"}  # the stack has 51 of 200 numbers
    assert all(0 <= float(row["dice"]) <= 1 for row in rows)
    assert json.loads((report / "summary.json").read_text(encoding="utf-8"))
    page = (report / "index.html").read_text(encoding="utf-8")
    assert "vesal evaluate" in page
    assert main(words) == 0
    assert "kept     1 results" in capsys.readouterr().out


def test_a_case_that_cannot_be_read_is_told_by_the_exit_code(
    nuclei: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """6, as for `vesal segment --prompts`; the others are in the report."""
    for name in ("images", "labels"):
        shutil.copy(nuclei / name / "stack.tif", nuclei / name / "worse.tif")
    (nuclei / "labels" / "worse.tif").write_bytes(b"nothing")
    words = ["evaluate", str(nuclei), "--model", "ball", "--clicks", "1"]
    assert main([*words, "--structures", "label 23", "-o", str(tmp_path / "r")]) == 6
    said = capsys.readouterr().out
    assert "unread   1 cases" in said
    assert "worse" in (tmp_path / "r" / "index.html").read_text(encoding="utf-8")


def test_twins_and_training_images_are_warned_of(
    nuclei: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One stack under two names, and again in the data that a model was trained on."""
    trained = tmp_path / "trained"
    shutil.copytree(nuclei, trained)
    for name in ("images", "labels"):
        shutil.copy(nuclei / name / "stack.tif", nuclei / name / "again.tif")
    words = [
        "evaluate",
        str(nuclei),
        "--model",
        "ball",
        "--clicks",
        "1",
        "--structures",
        "label 23",
    ]
    assert main([*words, "--against", str(trained), "-o", str(tmp_path / "r")]) == 0
    said = capsys.readouterr().out
    assert "one image under several names, counted as several patients: again, stack" in said
    assert f"stack seems to be stack of {trained}" in said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nowhere", "-o", "r"], "nowhere"),
        (["{data}", "--model", "nnunet", "-o", "r"], "'nnunet' is neither"),
        (["{data}", "--protocol", "best", "-o", "r"], "unknown protocol 'best'"),
        (["{data}", "--clicks", "0", "-o", "r"], "1 click or more"),
        (["{data}", "--workers", "0", "-o", "r"], "--workers needs 1"),
        (["{data}", "--model", "submission:cat {inputs} {outputs}", "-o", "r"], "whole cases"),
        (["{data}", "--model", "command:true", "-o", "r"], "{image}, {prompts}, {output}"),
        (["{data}", "--model", "ball", "--model", "ball", "-o", "r"], "two models are called"),
        (["{data}", "--model", "ball", "--structures", "liver", "-o", "r"], "no structure was"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_words_get_one_sentence(
    words: list[str],
    sentence: str,
    nuclei: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And exit code 2; where nothing was found to measure there is no page."""
    monkeypatch.chdir(tmp_path)
    assert main(["evaluate", *(word.replace("{data}", str(nuclei)) for word in words)]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1
    assert not (tmp_path / "r" / "index.html").exists()


def test_a_submission_answers_npz_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`vesal challenge` writes segs under the same name, on the same voxels."""
    for name in ("in", "out"):
        (tmp_path / name).mkdir()
    image = Image(
        array=np.random.default_rng(0).integers(0, 255, (6, 20, 24)).astype(np.uint8),
        grid=Grid(shape=(6, 20, 24), affine=np.diag([3.0, 1, 1, 1])),
    )
    box = ChallengeBox(
        z_min=1, z_max=3, z_mid=2, z_mid_x_min=4, z_mid_y_min=5, z_mid_x_max=12, z_mid_y_max=13
    )
    write_case(tmp_path / "in" / "a.npz", ChallengeCase(image=image, boxes=(box, box)))
    words = ["challenge", str(tmp_path / "in"), str(tmp_path / "out")]
    assert main([*words, "--model", "ball"]) == 0
    with np.load(tmp_path / "out" / "a.npz") as file:
        segs = file["segs"]
    assert segs.shape == (6, 20, 24)
    assert segs.dtype == np.uint8
    (tmp_path / "in" / "b.npz").write_bytes(b"nothing")
    assert main([*words, "--model", "ball"]) == 6
    said = capsys.readouterr()
    assert "answered  1" in said.out
    assert "b.npz" in said.err
    assert main(["challenge", str(tmp_path / "out"), str(tmp_path / "in" / "no")]) == 5
    (tmp_path / "empty").mkdir()
    assert main(["challenge", str(tmp_path / "empty"), str(tmp_path / "out")]) == 2
    assert "holds no .npz file" in capsys.readouterr().err


def test_the_challenge_has_its_own_tables(tmp_path: Path) -> None:
    """Two for each model: with the axes right, and as the organisers measure it."""
    case_file(tmp_path / "npz")
    words = ["evaluate", str(tmp_path / "npz"), "--protocol", "cvpr-2025", "--model", "ball"]
    assert main([*words, "-o", str(tmp_path / "r")]) == 0
    tables = []
    for name in ("ball-cvpr-2025.csv", "ball-cvpr-2025-as-stored.csv"):
        with (tmp_path / "r" / name).open(newline="", encoding="utf-8") as file:
            tables.append(list(csv.DictReader(file)))
    (right,), (stored,) = tables
    assert right["CaseName"] == "case"
    assert right["num_class"] == "3"
    assert right["DSC_AUC"] == stored["DSC_AUC"]
    assert right["NSD_2"] != stored["NSD_2"]
    dice = [float(right[f"DSC_{n}"]) for n in range(2, 7)]
    assert float(right["DSC_AUC"]) == pytest.approx(sum(dice) - (dice[0] + dice[-1]) / 2, abs=1e-5)
