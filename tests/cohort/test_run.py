"""A run over many images: what fails, what is skipped, what survives."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from tests.fakes import BrightModel
from tests.session.small import GRID, PLACES, two_balls
from vesal.cohort.prompt_file import read_cases
from vesal.cohort.run import Settings, run
from vesal.errors import ConfigError, ResourceError
from vesal.labels import open_labels

SETTINGS = Settings(model=BrightModel(), identity="bright")


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    """Three scans of two balls, the second cut short, and a prompt file about them."""
    image = two_balls()
    scan = nib.Nifti1Image(image.array, GRID.affine)  # type: ignore[no-untyped-call]
    rows = ["image,object,kind,coordinates,positive,frame"]
    for name in ("one", "two", "three"):
        path = tmp_path / f"{name}.nii.gz"
        nib.save(scan, path)
        for number, place in enumerate(PLACES):
            words = ",".join(map(str, place))
            rows.append(f'{path.name},ball {number},point,"{words}",1,voxel')
    whole = (tmp_path / "two.nii.gz").read_bytes()
    (tmp_path / "two.nii.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "cases.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "out").mkdir()
    return tmp_path


def rows_of(folder: Path) -> list[dict[str, str]]:
    """The report for people."""
    with (folder / "report.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_one_bad_case_does_not_stop_the_rest(cohort: Path) -> None:
    """The others are done; the report says why."""
    steps: list[str] = []
    outcome = run(
        read_cases(cohort / "cases.csv"),
        cohort / "out",
        SETTINGS,
        progress=lambda _done, _total, text: steps.append(text),
    )
    assert (outcome.done, outcome.failed, outcome.skipped) == (2, 1, 0)
    assert steps == ["one", "two", "three", "done"]
    rows = rows_of(cohort / "out")
    assert [row["status"] for row in rows] == ["done", "done", "failed", "done", "done"]
    assert "cut short" in rows[2]["message"]
    read = open_labels(cohort / "out" / "one.nii.gz")
    assert [read.array[place] for place in PLACES] == [1, 2]
    assert [segment.name for segment in read.segments] == ["ball 0", "ball 1"]
    assert int(rows[0]["voxels"]) == np.count_nonzero(read.array == 1)
    assert not (cohort / "out" / "two.nii.gz").exists()
    assert json.loads((cohort / "out" / "report.json").read_text())["version"] == 1


def test_one_bad_object_does_not_stop_the_others(cohort: Path) -> None:
    """A click outside the image costs its object and no other."""
    text = (
        (cohort / "cases.csv").read_text().replace('ball 0,point,"8,8,4"', 'ball 0,point,"99,8,4"')
    )
    (cohort / "cases.csv").write_text(text)
    run(read_cases(cohort / "cases.csv")[:1], cohort / "out", SETTINGS)
    bad, good = rows_of(cohort / "out")
    assert bad["status"] == "failed"
    assert "voxel 99,8,4 lies outside" in bad["message"]
    assert good["output"] == "one.nii.gz"
    assert [s.name for s in open_labels(cohort / "out" / "one.nii.gz").segments] == ["ball 1"]


def test_what_is_done_is_skipped_and_what_changed_is_done_again(cohort: Path) -> None:
    """Same prompts, model and image; a failed case is tried again."""
    cases = read_cases(cohort / "cases.csv")
    run(cases, cohort / "out", SETTINGS)
    before = (cohort / "out" / "one.nii.gz").stat().st_mtime_ns
    outcome = run(cases, cohort / "out", SETTINGS)
    assert (outcome.done, outcome.failed, outcome.skipped) == (0, 1, 2)
    assert (cohort / "out" / "one.nii.gz").stat().st_mtime_ns == before
    (cohort / "two.nii.gz").write_bytes((cohort / "one.nii.gz").read_bytes())
    os.utime(cohort / "three.nii.gz")
    (cohort / "out" / "one.nii.gz").unlink()
    assert run(cases, cohort / "out", SETTINGS).done == 3
    other = Settings(model=BrightModel(), identity="other")
    assert run(cases, cohort / "out", other).done == 3
    assert run(cases, cohort / "out", other, again=True).done == 3


def test_a_file_for_each_object(cohort: Path) -> None:
    """In a folder of the case's name."""
    settings = Settings(model=BrightModel(), identity="bright", each=True, suffix=".nrrd")
    run(read_cases(cohort / "cases.csv")[:1], cohort / "out", settings)
    assert [row["output"] for row in rows_of(cohort / "out")] == [
        "one/ball_0.nrrd",
        "one/ball_1.nrrd",
    ]
    assert open_labels(cohort / "out" / "one" / "ball_1.nrrd").array[PLACES[1]] == 1


def test_a_format_that_cannot_hold_an_image_fails_its_case(cohort: Path) -> None:
    """And not the run."""
    settings = Settings(model=BrightModel(), identity="bright", suffix=".png")
    outcome = run(read_cases(cohort / "cases.csv")[:1], cohort / "out", settings)
    assert outcome.failed == 1
    assert "PNG holds one 2D picture" in rows_of(cohort / "out")[0]["message"]


def test_a_full_disk_stops_the_run_and_what_is_done_stays(
    cohort: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence; no half file."""
    cases = read_cases(cohort / "cases.csv")
    run(cases[:1], cohort / "out", SETTINGS)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("vesal.labels.write._WRITERS", {".nii.gz": full})
        with pytest.raises(ResourceError, match="No space left on device"):
            run(cases, cohort / "out", SETTINGS)
    assert (cohort / "out" / "one.nii.gz").exists()
    assert not (cohort / "out" / "three.nii.gz").exists()
    assert run(cases, cohort / "out", SETTINGS).skipped == 1


def test_a_damaged_report_is_refused(cohort: Path) -> None:
    """It is not overwritten."""
    (cohort / "out" / "report.json").write_text("{")
    with pytest.raises(ConfigError, match="is damaged or of another version"):
        run(read_cases(cohort / "cases.csv"), cohort / "out", SETTINGS)
    assert (cohort / "out" / "report.json").read_text() == "{"


def test_names_that_a_spreadsheet_would_run_are_only_text(cohort: Path) -> None:
    """A cell never begins with what makes a formula."""
    text = (cohort / "cases.csv").read_text().replace("ball 0", "=cmd")
    (cohort / "cases.csv").write_text(text)
    run(read_cases(cohort / "cases.csv")[:1], cohort / "out", SETTINGS)
    assert rows_of(cohort / "out")[0]["object"] == "'=cmd"


_WORKER = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
import time
from tests.fakes import BrightModel
from vesal.cohort.prompt_file import read_cases
from vesal.cohort.run import Settings, run
class Slow(BrightModel):
    def decode(self, embedding, prompts):
        time.sleep(0.02)
        return super().decode(embedding, prompts)
cases = read_cases(Path({file!r}))
print("ready", flush=True)
run(cases, Path({out!r}), Settings(model=Slow(), identity="bright"))
"""


@pytest.mark.parametrize("wait_s", [0.1, 0.6, 1.5])
def test_a_killed_run_is_taken_up_where_it_was(cohort: Path, wait_s: float) -> None:
    """Nothing half written, nothing done twice that was in the report."""
    (cohort / "two.nii.gz").write_bytes((cohort / "one.nii.gz").read_bytes())
    root, out = Path(__file__).resolve().parents[2], cohort / "out"
    script = _WORKER.format(root=str(root), file=str(cohort / "cases.csv"), out=str(out))
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=root
    ) as worker:
        assert worker.stdout is not None
        worker.stdout.readline()
        time.sleep(wait_s)
        worker.send_signal(signal.SIGKILL)
    finished = []
    if (out / "report.json").exists():
        finished = list(json.loads((out / "report.json").read_text())["cases"])
    for path in out.glob("[!.]*.nii.gz"):
        open_labels(path)
    outcome = run(read_cases(cohort / "cases.csv"), out, SETTINGS)
    assert outcome.skipped == len(finished)
    assert outcome.done == 3 - len(finished)
