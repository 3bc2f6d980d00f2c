"""A run over many images: what fails, what is skipped, what survives."""

import csv
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from tests.dicom_series import write_series
from tests.fakes import BrightModel
from tests.session.small import GRID, PLACES, two_balls
from vesal.cohort.case import Wanted
from vesal.cohort.prompt_file import read_cases
from vesal.cohort.run import run
from vesal.cohort.settings import Settings
from vesal.errors import ConfigError, ResourceError
from vesal.images import Image, open_image
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
    assert steps == ["starting", "one", "two, 1 failed", "three, 1 failed", "done"]
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


def test_the_report_counts_what_is_in_the_file(cohort: Path) -> None:
    """Though a later object has taken voxels of an earlier one, which is told."""
    text = (cohort / "cases.csv").read_text().replace("28,20,11", "8,8,4")
    (cohort / "cases.csv").write_text(text)
    run(read_cases(cohort / "cases.csv")[:1], cohort / "out", SETTINGS)
    first, second = rows_of(cohort / "out")
    array = open_labels(cohort / "out" / "one.nii.gz").array
    assert int(first["voxels"]) == np.count_nonzero(array == 1) == 0
    assert int(second["voxels"]) == np.count_nonzero(array == 2) > 0
    assert "a click lies in another object" in first["notes"]
    assert not second["notes"]


def test_it_does_not_matter_where_in_the_file_a_case_stands(
    cohort: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor from which folder the run is started: what is done stays done."""
    (cohort / "two.nii.gz").write_bytes((cohort / "one.nii.gz").read_bytes())
    run(read_cases(cohort / "cases.csv"), cohort / "out", SETTINGS)
    text = (cohort / "cases.csv").read_text()
    (cohort / "cases.csv").write_text(text.replace("\n", "\n\n", 1))
    monkeypatch.chdir(cohort)
    assert run(read_cases(Path("cases.csv")), Path("out"), SETTINGS).skipped == 3


def test_one_by_one_each_prompt_improves_the_last_answer(cohort: Path) -> None:
    """Told at once, the model is asked only about all of them."""
    asked = {}
    for one_by_one in (False, True):
        model = BrightModel()
        case = read_cases(cohort / "cases.csv")[0]
        prompts = tuple(p for one in case.wanted for p in one.prompts)
        wanted = Wanted(name="both", prompts=prompts, one_by_one=one_by_one)
        settings = Settings(model=model, identity=str(one_by_one))
        run([replace(case, wanted=(wanted,))], cohort / "out", settings)
        asked[one_by_one] = [tensors.labels.shape[1] for tensors in model.prompts]
    assert 1 not in asked[False]
    assert asked[True][0] == 1
    assert max(asked[True]) == 2


def test_masks_are_taken_from_files(cohort: Path) -> None:
    """To begin with, and to stay out of; one on another grid costs its object."""
    mask = np.zeros(GRID.shape, np.uint8)
    mask[2:5, 2:5, 2:5], mask[PLACES[1]] = 3, 4
    affine = GRID.affine
    for name, array in (("labels", mask), ("other", mask[1:])):
        image = nib.Nifti1Image(array, affine)  # type: ignore[no-untyped-call]
        nib.save(image, cohort / f"{name}.nii.gz")
    rows = ["start,labels.nii.gz 3", "avoid,labels.nii.gz 4", "start,other.nii.gz"]
    rows = [f"one.nii.gz,object {number % 2},{row},,voxel" for number, row in enumerate(rows)]
    rows[1] = rows[1].replace("object 1", "object 0")
    rows[2] = rows[2].replace("object 0", "object 2")
    text = "\n".join(["image,object,kind,coordinates,positive,frame", *rows])
    (cohort / "cases.csv").write_text(text + "\n")
    run(read_cases(cohort / "cases.csv"), cohort / "out", SETTINGS)
    good, bad = rows_of(cohort / "out")
    assert (good["status"], bad["status"]) == ("done", "failed")
    assert "must have the image's shape" in bad["message"]
    array = open_labels(cohort / "out" / "one.nii.gz").array
    assert np.array_equal(array == 1, mask == 3)


def test_an_image_that_several_cases_are_about_is_opened_once(
    cohort: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where they follow each other."""
    opened: list[str] = []

    def opening(path: Path, *, series: str | None) -> Image:
        opened.append(f"{path.name} {series}")
        return open_image(path, series=series)

    monkeypatch.setattr("vesal.cohort.images.open_image", opening)
    case = read_cases(cohort / "cases.csv")[0]
    twice = [case, replace(case, name="again"), replace(case, name="third", series="2")]
    run(twice, cohort / "out", SETTINGS)
    assert opened == ["one.nii.gz None", "one.nii.gz 2"]


def test_whatever_goes_wrong_with_a_case_the_others_go_on(
    cohort: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A library that stumbles over one file, memory that is used up: a row, and no end."""
    errors = {"one": MemoryError(), "two": IndexError("out of\nrange")}

    def opening(path: Path, *, series: str | None) -> Image:
        if (name := path.name.split(".")[0]) in errors:
            raise errors[name]
        return open_image(path, series=series)

    monkeypatch.setattr("vesal.cohort.images.open_image", opening)
    assert run(read_cases(cohort / "cases.csv"), cohort / "out", SETTINGS).failed == 2
    messages = [row["message"] for row in rows_of(cohort / "out")]
    assert messages[0] == "the memory of this machine is used up"
    assert messages[1:] == ["IndexError: out of range", "", ""]


@pytest.mark.parametrize("size", [0, 100])
def test_a_result_that_was_cut_short_is_made_again(cohort: Path, size: int) -> None:
    """By a full disk of a copy, or by somebody's hand: it is not what the report tells of."""
    cases = read_cases(cohort / "cases.csv")[:1]
    run(cases, cohort / "out", SETTINGS)
    path = cohort / "out" / "one.nii.gz"
    whole = path.read_bytes()
    path.write_bytes(whole[:size])
    assert run(cases, cohort / "out", SETTINGS).done == 1
    assert path.read_bytes() == whole
    assert run(cases, cohort / "out", SETTINGS).skipped == 1


def test_an_older_result_under_the_name_of_a_failed_case_is_noted(cohort: Path) -> None:
    """It stays, as after every failure; nobody shall take it for the new one."""
    cases = read_cases(cohort / "cases.csv")[:1]
    run(cases, cohort / "out", SETTINGS)
    (cohort / "one.nii.gz").write_bytes(b"")
    for _ in range(2):
        assert run(cases, cohort / "out", SETTINGS).failed == 1
        (row,) = rows_of(cohort / "out")
        assert row["notes"] == "left from an earlier run: one.nii.gz"
    assert (cohort / "out" / "one.nii.gz").exists()


def test_a_series_is_done_again_if_one_of_its_slices_changed(tmp_path: Path) -> None:
    """A folder is all that is in it; one that has gone is a failed case, not the end."""
    for name, number in (("first", 1), ("second", 2)):
        write_series(tmp_path / "dicom" / name, SeriesNumber=number)
    slices = sorted((tmp_path / "dicom" / "second").iterdir())
    rows = 'dicom,ball,point,"4,3,5",2,voxel'
    text = f"image,object,kind,coordinates,series,frame\n{rows}\n"
    (tmp_path / "cases.csv").write_text(text)
    (tmp_path / "out").mkdir()
    cases = read_cases(tmp_path / "cases.csv")
    assert run(cases, tmp_path / "out", SETTINGS).done == 1
    assert run(cases, tmp_path / "out", SETTINGS).skipped == 1
    os.utime(slices[3], (1, 1))
    assert run(cases, tmp_path / "out", SETTINGS).done == 1
    (tmp_path / "dicom").rename(tmp_path / "gone")
    assert run(cases, tmp_path / "out", SETTINGS).failed == 1


def test_a_scan_is_never_replaced_by_its_result(cohort: Path) -> None:
    """Results may lie beside the scans, but not over them."""
    before = (cohort / "one.nii.gz").read_bytes()
    with pytest.raises(ConfigError, match="would be replaced"):
        run(read_cases(cohort / "cases.csv"), cohort, SETTINGS)
    assert (cohort / "one.nii.gz").read_bytes() == before
    assert not (cohort / "report.csv").exists()


_WORKER = """
import sys
import time
from pathlib import Path
sys.path.insert(0, {root!r})
import vesal.labels.write as write
from tests.fakes import BrightModel
from vesal.cohort.prompt_file import read_cases
from vesal.cohort.run import run
from vesal.cohort.settings import Settings
def wait():
    print("there", flush=True)
    time.sleep(600)
class Thinking(BrightModel):
    def decode(self, embedding, prompts):
        if {where!r} == "thinking" and Path({done!r}).exists():
            wait()
        return super().decode(embedding, prompts)
whole = write._WRITERS[".nii.gz"]
def half(path, content):
    if {where!r} == "writing" and Path({done!r}).exists():
        path.write_bytes(b"half of it")
        wait()
    whole(path, content)
write._WRITERS[".nii.gz"] = half
run(read_cases(Path({file!r})), Path({out!r}), Settings(model=Thinking(), identity="bright"))
"""


@pytest.mark.parametrize("where", ["thinking", "writing"])
def test_a_killed_run_is_taken_up_where_it_was(cohort: Path, where: str) -> None:
    """Nothing half written, nothing lost but the case that was running, nothing done twice."""
    (cohort / "two.nii.gz").write_bytes((cohort / "one.nii.gz").read_bytes())
    root, out = Path(__file__).resolve().parents[2], cohort / "out"
    done = out / "one.nii.gz"
    file = str(cohort / "cases.csv")
    script = _WORKER.format(root=str(root), where=where, done=str(done), file=file, out=str(out))
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=root
    ) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"there\n"
        worker.send_signal(signal.SIGKILL)
    (line,) = (out / "journal.jsonl").read_text().splitlines()
    assert json.loads(line)["case"] == "one"
    assert list(out.glob("[!.]*.nii.gz")) == [done]
    assert len(list(out.glob(".vesal-*"))) == (where == "writing")
    outcome = run(read_cases(cohort / "cases.csv"), out, SETTINGS)
    assert (outcome.skipped, outcome.done) == (1, 2)
    assert list(out.glob(".vesal-*")) == []
