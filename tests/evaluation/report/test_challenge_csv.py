"""Tests of vesal.evaluation.report.challenge_csv."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from vesal.errors import ConfigError
from vesal.evaluation.report.challenge_csv import COLUMNS, CaseScores, write_challenge

CASE = CaseScores(
    name="CT_1.npz",
    seconds=(5.0, 1.0, 1.0, 1.0, 1.0, 1.5),
    dsc=(0.9, 0.1, 0.2, 0.3, 0.4, 0.5),
    nsd=(0.0, 1.0, 1.0, 1.0, 1.0, 1.0),
    classes=3,
)


def test_columns_are_the_organisers(tmp_path: Path) -> None:
    """All of them, in their order; times are sums, the bound 90 s for each object."""
    path = write_challenge(tmp_path / "cases.csv", [CASE])
    with path.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    numbers = [f"_{number}" for number in range(1, 7)]
    assert list(row) == [
        "CaseName",
        "TotalRunningTime",
        *(f"RunningTime{number}" for number in numbers),
        *("DSC_AUC", "NSD_AUC", "DSC_Final", "NSD_Final"),
        *(f"DSC{number}" for number in numbers),
        *(f"NSD{number}" for number in numbers),
        *("num_class", "runtime_upperbound"),
    ]
    assert row["CaseName"] == "CT_1.npz"
    assert float(row["TotalRunningTime"]) == 10.5
    assert float(row["RunningTime_6"]) == 1.5
    assert (float(row["DSC_Final"]), float(row["NSD_1"])) == (0.5, 0.0)
    assert (row["num_class"], float(row["runtime_upperbound"])) == ("3", 270.0)


def test_areas_are_over_the_five_clicks(tmp_path: Path) -> None:
    """The box is not in them: 0.1 to 0.5 in steps is 1.2, a perfect case is 4."""
    path = write_challenge(tmp_path / "cases.csv", [CASE])
    with path.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert float(row["DSC_AUC"]) == pytest.approx(1.2)
    assert float(row["NSD_AUC"]) == pytest.approx(4.0)


def test_no_case_is_a_table_without_lines(tmp_path: Path) -> None:
    """The heading alone."""
    text = write_challenge(tmp_path / "cases.csv", []).read_text(encoding="utf-8")
    assert text.splitlines() == [",".join(COLUMNS)]


def test_another_number_of_rounds_is_refused() -> None:
    """The message says what was given."""
    with pytest.raises(ConfigError, match=r"6 rounds.*got \[6, 2, 6\]"):
        replace(CASE, dsc=(0.5, 0.5))
    with pytest.raises(ConfigError, match=r"0 objects for CT_1\.npz"):
        replace(CASE, classes=0)
