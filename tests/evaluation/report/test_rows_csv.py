"""Tests of vesal.evaluation.report.rows_csv."""

import csv
import math
from pathlib import Path

from tests.evaluation.report.played import broken, played
from vesal.evaluation.report.rows_csv import COLUMNS, write_rows


def test_every_row_is_read_back(tmp_path: Path) -> None:
    """With all columns, whatever a name holds."""
    odd = 'a "b",\nc'
    rows = [*played([0.25, 1 / 3], object=odd, hd95_mm=math.inf), *broken(played([0.5], case="b"))]
    path = write_rows(tmp_path / "rows.csv", rows)
    with path.open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert tuple(found[0]) == COLUMNS
    assert [float(row["dice"]) for row in found] == [0.25, 0.333333333, 0.0]
    assert [row["object"] for row in found] == [odd, odd, "liver"]
    assert math.isinf(float(found[0]["hd95_mm"]))
    assert (found[0]["nsd"], found[0]["seen"], found[0]["cut_off"]) == ("", "", "False")
    assert (found[2]["status"], found[2]["message"]) == ("failed", "it broke")


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    """Neither a name that wants to be one nor a click."""
    path = write_rows(tmp_path / "rows.csv", played([0.5], case="=cmd|' /C calc'!A0"))
    with path.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["case"] == "'=cmd|' /C calc'!A0"
    assert row["prompt"] == "'+ 1 2 3"


def test_an_older_table_is_replaced(tmp_path: Path) -> None:
    """In one step: nothing else is left in the folder."""
    for dice in (0.1, 0.2):
        write_rows(tmp_path / "rows.csv", played([dice]))
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]
    assert ",0.2," in (tmp_path / "rows.csv").read_text(encoding="utf-8")
