"""The report of a run on the disk."""

import csv
import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from vesal.cohort.report import Entry, Row, entry_of, write_report
from vesal.errors import ResourceError

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
    rows = (replace(ROW, case=name, **changes),)  # type: ignore[arg-type]
    return Entry(key="k", rows=rows, seconds=2.5, memory_mib=300.0)


def test_a_case_has_failed_if_one_of_its_objects_has() -> None:
    """It is tried again then, unless it is quarantined."""
    rows = (ROW, replace(ROW, status="failed"))
    assert Entry(key="k", rows=rows).failed
    assert not Entry(key="k", rows=rows[:1]).failed
    locked_up = Entry(key="k", rows=(ROW, replace(ROW, status="quarantined")))
    assert (locked_up.failed, locked_up.quarantined) == (False, True)


def test_people_get_a_table_of_the_cases_in_their_order(tmp_path: Path) -> None:
    """With what each case took beside what came of its objects."""
    path = write_report(tmp_path, {"c": entry("c"), "a": entry("a")})
    assert path == tmp_path / "report.csv"
    with (tmp_path / "report.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["case"] for row in rows] == ["c", "a"]
    assert (rows[0]["voxels"], rows[0]["volume_ml"], rows[0]["score"]) == ("3", "0.25", "")
    assert (rows[0]["attempts"], rows[0]["case_seconds"]) == ("1", "2.5")
    assert rows[0]["case_memory_mib"] == "300"
    assert list(json.loads((tmp_path / "report.json").read_text())["cases"]) == ["c", "a"]


@pytest.mark.parametrize("name", ["=cmd", "+1", "-1", "@x", "\t=1"])
def test_names_that_a_spreadsheet_would_run_are_only_text(name: str, tmp_path: Path) -> None:
    """A cell never begins with what makes a formula; programs read the name as it is."""
    write_report(tmp_path, {"ct": entry("ct", object=name)})
    assert f",'{name}," in (tmp_path / "report.csv").read_text()
    record = json.loads((tmp_path / "report.json").read_text())["cases"]["ct"]
    assert entry_of(record).rows[0].object == name


def test_an_entry_is_put_together_as_it_was() -> None:
    """From what JSON makes of it."""
    one = entry("ct", score=0.5)
    assert entry_of(json.loads(json.dumps(asdict(one)))) == one


def test_a_disk_that_refuses_leaves_the_older_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole."""
    write_report(tmp_path, {"ct": entry("ct")})
    before = (tmp_path / "report.json").read_text()

    def full(*_: object, **_options: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        with pytest.raises(ResourceError, match="No space left on device"):
            write_report(tmp_path, {"mr": entry("mr")})
    assert (tmp_path / "report.json").read_text() == before
