"""The report of a run on the disk."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from vesal.cohort.report import Entry, Report, Row
from vesal.errors import ConfigError, ResourceError

ROW = Row(
    case="ct",
    image="ct.nii",
    object="liver",
    status="done",
    voxels=3,
    volume_ml=0.25,
    seconds=1.0,
    notes="one; two",
    output="ct.nii.gz",
)


def entry(name: str, **changes: object) -> Entry:
    """What came of a case."""
    return Entry(key="k", rows=(replace(ROW, case=name, **changes),))  # type: ignore[arg-type]


def test_what_was_added_is_there_when_the_folder_is_opened_again(tmp_path: Path) -> None:
    """At once, and not only at the end."""
    Report(tmp_path).add("ct", entry("ct", score=0.5))
    again = Report(tmp_path)
    assert again.entry("ct") == entry("ct", score=0.5)
    assert again.entry("mr") is None


def test_a_case_has_failed_if_one_of_its_objects_has(tmp_path: Path) -> None:
    """It is tried again then."""
    rows = (ROW, replace(ROW, status="failed"))
    assert Entry(key="k", rows=rows).failed
    assert not Entry(key="k", rows=rows[:1]).failed


def test_people_get_a_table_of_the_cases_in_their_order(tmp_path: Path) -> None:
    """Without those that the prompt file no longer has."""
    report = Report(tmp_path)
    for name in ("a", "b", "c"):
        report.add(name, entry(name))
    report.write(["c", "a", "unknown"])
    with report.path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["case"] for row in rows] == ["c", "a"]
    assert (rows[0]["voxels"], rows[0]["volume_ml"], rows[0]["score"]) == ("3", "0.25", "")
    assert list(json.loads((tmp_path / "report.json").read_text())["cases"]) == ["c", "a"]


@pytest.mark.parametrize("name", ["=cmd", "+1", "-1", "@x"])
def test_names_that_a_spreadsheet_would_run_are_only_text(name: str, tmp_path: Path) -> None:
    """A cell never begins with what makes a formula; programs read the name as it is."""
    Report(tmp_path).add("ct", entry("ct", object=name))
    assert f",'{name}," in (tmp_path / "report.csv").read_text()
    found = Report(tmp_path).entry("ct")
    assert found is not None
    assert found.rows[0].object == name


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 2, "cases": {}}', '{"version": 1}'])
def test_a_damaged_report_is_refused(text: str, tmp_path: Path) -> None:
    """It is not overwritten: it may be all that is left of a night."""
    (tmp_path / "report.json").write_text(text)
    with pytest.raises(ConfigError, match="is damaged or of another version"):
        Report(tmp_path)
    assert (tmp_path / "report.json").read_text() == text


def test_a_disk_that_refuses_leaves_the_older_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole."""
    report = Report(tmp_path)
    report.add("ct", entry("ct"))
    before = (tmp_path / "report.json").read_text()

    def full(*_: object, **_options: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        with pytest.raises(ResourceError, match="No space left on device"):
            report.add("mr", entry("mr"))
    assert (tmp_path / "report.json").read_text() == before
