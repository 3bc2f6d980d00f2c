"""Tests of vesal.evaluation.results."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.grids import speckle
from vesal.evaluation.results import Played, Result, Results, rows_of
from vesal.evaluation.row import Row
from vesal.geometry.patch import Patch

ROW = Row(
    model="m",
    variant="error centre",
    case="a case",
    patient="p",
    dataset="",
    modality="CT",
    object="liver",
    seen=None,
    truth_voxels=7,
    truth_ml=0.5,
    cut_off=False,
    round=1,
    clicks=1,
    prompt="+ 1 2 3",
    dice=0.5,
    iou=1 / 3,
    hd95_mm=float("inf"),
)
FOUND = Played(part="slice 3", rows=(ROW, replace(ROW, round=2)), mask=Patch.of(speckle((4, 5, 6))))
RESULT = Result(key="k", found=(FOUND,), notes=("a note",), tables={"dice": [0.5, 1.0]})


def test_what_was_kept_comes_back_as_it_was(tmp_path: Path) -> None:
    """Rows with infinite distances, masks voxel by voxel, notes, tables."""
    results = Results(tmp_path, "clicks")
    assert results.of("m", "a case", "k") is None
    results.keep("m", "a case", RESULT)
    assert Results(tmp_path, "clicks").of("m", "a case", "k") == RESULT
    assert list(rows_of([RESULT, RESULT])) == [*FOUND.rows] * 2


def test_a_result_under_another_key_does_not_count(tmp_path: Path) -> None:
    """Another model, other files, other settings: it is made anew."""
    Results(tmp_path, "clicks").keep("m", "a case", RESULT)
    assert Results(tmp_path, "clicks").of("m", "a case", "other") is None


def test_names_that_look_alike_as_files_are_kept_apart(tmp_path: Path) -> None:
    """A slash, a colon or great length in a name is no way to another's file."""
    results = Results(tmp_path, "clicks")
    names = ["a/b", "a:b", "a_b", "../../a", "x" * 300, "x" * 301]
    for number, name in enumerate(names):
        results.keep(name, "case", replace(RESULT, key=str(number)))
    assert [results.of(name, "case", str(i)) is not None for i, name in enumerate(names)] == [
        True
    ] * len(names)
    assert {path.parent for path in tmp_path.rglob("*.json")} == {tmp_path / "results"}


def test_a_damaged_result_is_made_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Cut short at any place, or with a mask that does not fit: told, and never half used."""
    results = Results(tmp_path, "clicks")
    results.keep("m", "a case", RESULT)
    (path,) = tmp_path.rglob("*.json")
    whole = path.read_text(encoding="utf-8")
    cut = np.linspace(0, len(whole) - 1, 20).astype(int).tolist()
    texts = [*(whole[:n] for n in cut), whole.replace('"whole": [4', '"whole": [0'), "[]"]
    for text in texts:
        path.write_text(text, encoding="utf-8")
        assert results.of("m", "a case", "k") is None
    assert len([r for r in caplog.records if "it is made anew" in r.getMessage()]) == len(texts)


def test_what_may_be_better_next_time_does_not_count(tmp_path: Path) -> None:
    """A case that could not be read, and one whose process died."""
    results = Results(tmp_path, "clicks")
    for result in (Result(key="k", problem="the disk was away"), replace(RESULT, lost=True)):
        results.keep("m", "a case", result)
        assert results.of("m", "a case", "k") is None


def test_protocols_do_not_take_each_others_place(tmp_path: Path) -> None:
    """One folder, two protocols: going back makes nothing anew."""
    Results(tmp_path, "clicks").keep("m", "a case", RESULT)
    Results(tmp_path, "prompts").keep("m", "a case", replace(RESULT, key="other"))
    assert Results(tmp_path, "clicks").of("m", "a case", "k") == RESULT
