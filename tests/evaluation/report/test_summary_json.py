"""Tests of vesal.evaluation.report.summary_json."""

import json
import math
from pathlib import Path
from typing import Any

from tests.evaluation.report.played import ABOUT, played
from vesal.evaluation.report.comparisons import contests
from vesal.evaluation.report.summary import summaries
from vesal.evaluation.report.summary_json import write_summary
from vesal.evaluation.row import Row


def written(folder: Path, rows: list[Row]) -> dict[str, Any]:
    """What is in the file."""

    def refuse(word: str) -> None:
        raise AssertionError(word)

    path = write_summary(
        folder / "summary.json", ABOUT, summaries(rows, (1,)), contests(rows, (1,))
    )
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
    return read


def test_infinity_is_null_and_explained(tmp_path: Path) -> None:
    """JSON has no infinity; the count stays."""
    rows = played([0.0], nsd=0.0, hd95_mm=math.inf, assd_mm=math.inf)
    read = written(tmp_path, rows)
    (moment,) = read["summaries"][0]["moments"]
    assert moment["hd95"] == {"median_mm": None, "finite": 0, "infinite": 1}
    assert "infinite" in read["legend"]["null"]


def test_all_groups_and_comparisons_are_in_it(tmp_path: Path) -> None:
    """And what was run."""
    rows = [*played([0.5]), *played([0.75], model="theirs")]
    read = written(tmp_path, rows)
    groupings = {each["grouping"] for each in read["summaries"]}
    assert groupings >= {"all", "modality", "anatomy", "size", "structure", "training"}
    assert read["comparisons"][0]["comparison"]["losses"] == 1
    assert read["about"]["models"][0]["training_sets"] == ["icbm"]
    assert read["summaries"][0]["moments"][0]["dice"]["mean"] == 0.5
