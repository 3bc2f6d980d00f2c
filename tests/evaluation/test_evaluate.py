"""Tests of vesal.evaluation.evaluate and job: data in, results kept, nothing lost."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.evaluation.painter import Blind, Painter
from tests.grids import UGLY
from tests.phantoms import enlarged
from vesal.datasets import find_pairs, stamp
from vesal.errors import ConfigError, ResourceError
from vesal.evaluation import evaluate as module
from vesal.evaluation import job as job_module
from vesal.evaluation.evaluate import Evaluated, contestants, evaluate
from vesal.evaluation.gallery import Gallery
from vesal.evaluation.job import Settings, lost_job
from vesal.evaluation.method import Method
from vesal.evaluation.methods.ball import ball
from vesal.images import Source
from vesal.labels import LabelMap, Segment
from vesal.labels.palette import colour_of
from vesal.progress import Counter

GRID = enlarged(UGLY["flipped"], 12)
SPECS: dict[str, Callable[[], Method]] = {
    "fine": lambda: Painter(4.0),
    "coarse": lambda: Painter(6.0),
    "breaks": lambda: Painter(5.0, fails_at=1),
    "blind": Blind,
}


def labels(seed: int) -> LabelMap:
    """Two balls, somewhere."""
    rng = np.random.default_rng(seed)
    array = np.zeros(GRID.shape, np.uint8)
    for number in (1, 2):
        centre = tuple(int(rng.integers(n // 4, 3 * n // 4)) for n in GRID.shape)
        array[ball(GRID, centre, 5.0)] = number
    segments = tuple(Segment(number=n, name=f"ball {n}", colour=colour_of(n)) for n in (1, 2))
    return LabelMap(array=array, grid=GRID, segments=segments, source=Source())


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three cases with two balls each."""
    folder = tmp_path / "data"
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True)
    for number in range(3):
        known = labels(number)
        known.save(folder / "labels" / f"case{number}.nii.gz")
        noise = np.random.default_rng(number).integers(1, 200, GRID.shape).astype(np.uint8)
        image = replace(
            known,
            array=noise,
            segments=tuple(Segment(number=n, name=str(n), colour=(0, 0, 0)) for n in range(1, 200)),
        )
        image.save(folder / "images" / f"case{number}.nii.gz")
    return folder


@pytest.fixture(autouse=True)
def _painters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the words of `SPECS` choose painters, in this process."""

    def chosen(spec: str) -> Method:
        return SPECS[spec]()

    job_module._method.cache_clear()
    job_module._opened.cache_clear()
    monkeypatch.setattr(module, "method", chosen)
    monkeypatch.setattr(job_module, "method", chosen)


def run(data: Path, *specs: str, again: bool = False, clicks: int = 3) -> Evaluated:
    """Evaluate, here."""
    job_module._method.cache_clear()
    settings = Settings(protocol="clicks", clicks=clicks)
    return evaluate(data, specs, data.parent / "report", settings, workers=0, again=again)


def test_every_method_meets_every_object_of_every_case(data: Path) -> None:
    """Rows for three cases, two balls, two methods; the same first clicks for both."""
    found = run(data, "fine", "coarse")
    places = {(row.model, row.case, row.object) for row in found.rows}
    assert len(places) == 2 * 3 * 2
    firsts: dict[tuple[str, str], set[str]] = {}
    for row in found.rows:
        if row.round == 1:
            firsts.setdefault((row.case, row.object), set()).add(row.prompt)
    assert all(len(prompts) == 1 for prompts in firsts.values())
    assert found.problems == {}
    assert {row.patient for row in found.rows} == {"case0", "case1", "case2"}


def test_what_is_done_is_not_done_again(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second run takes all results; one more method adds its own; `again` makes all anew."""
    first = run(data, "fine")
    assert first.skipped == 0
    second = run(data, "fine", "coarse")
    assert second.skipped == 3
    assert [r for r in second.rows if r.model == first.rows[0].model] == list(first.rows)
    assert run(data, "fine", "coarse").skipped == 6
    assert run(data, "fine", "coarse", again=True).skipped == 0


def test_other_clicks_or_files_are_made_anew(data: Path) -> None:
    """The key of a result holds all that it depends on."""
    run(data, "fine")
    assert run(data, "fine", clicks=2).skipped == 0
    path = data / "labels" / "case1.nii.gz"
    labels(7).save(path)
    job_module._opened.cache_clear()
    assert run(data, "fine", clicks=2).skipped == 2


def test_results_of_other_code_are_made_anew(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of vesal itself changes numbers, though weights and version stay."""
    run(data, "fine")
    assert run(data, "fine").skipped == 3
    monkeypatch.setattr(stamp, "_code", lambda _: "other code")
    assert run(data, "fine").skipped == 0


def test_a_killed_run_goes_on(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was kept before is there; only the rest is done."""
    count = 0
    whole = job_module.run_job

    def dying(job: job_module.Job) -> object:
        nonlocal count
        count += 1
        if count == 3:
            raise KeyboardInterrupt
        return whole(job)

    monkeypatch.setattr(module, "run_job", dying)
    with pytest.raises(KeyboardInterrupt):
        run(data, "fine")
    monkeypatch.setattr(module, "run_job", whole)
    assert run(data, "fine").skipped == 2
    assert not list((data.parent / "report").rglob(".vesal-*"))


def test_a_method_that_breaks_is_counted_and_the_others_go_on(data: Path) -> None:
    """Dice 0 for each object, with the reason; nobody else is touched."""
    found = run(data, "breaks", "blind", "fine")
    broken = [row for row in found.rows if row.status == "failed"]
    assert {row.model for row in broken} == {"painter of 5 mm", "blind"}
    assert len(broken) == 2 * 3 * 2
    assert {row.dice for row in broken} == {0.0}
    assert {row.message for row in broken} == {
        "RuntimeError: the brush is broken",
        "case0.nii.gz cannot be seen",
        "case1.nii.gz cannot be seen",
        "case2.nii.gz cannot be seen",
    }
    assert {row.status for row in found.rows if row.model == "painter of 4 mm"} == {"done"}


@pytest.mark.parametrize("lives", [1, 2])
def test_a_process_that_dies_is_tried_once_more_and_then_counted(
    data: Path, monkeypatch: pytest.MonkeyPatch, lives: int
) -> None:
    """The other cases are done; the next run tries again what died twice."""
    deaths = 0

    def dead(function: object, jobs: list[job_module.Job], workers: int) -> object:
        nonlocal deaths
        for job in jobs:
            dies = job.pair.name == "case1" and deaths < lives
            deaths += dies
            yield job, None if dies else job_module.run_job(job)

    monkeypatch.setattr(module, "done_by_workers", dead)
    found = run(data, "fine")
    lost = [row for row in found.rows if row.case == "case1"]
    if lives == 1:
        assert {row.status for row in lost} == {"done"}
        return
    assert [(row.status, row.dice, row.object) for row in lost] == [
        ("failed", 0.0, "ball 1"),
        ("failed", 0.0, "ball 2"),
    ]
    assert all("its process died" in row.message for row in lost)
    assert all(row.status == "done" for row in found.rows if row.case != "case1")
    again = run(data, "fine")
    assert again.skipped == 2
    assert {row.status for row in again.rows} == {"done"}


def test_a_lost_case_of_the_challenge_has_its_scores(data: Path) -> None:
    """Noughts for six rounds: it is not left out of the table."""
    pair = find_pairs(data).pairs[0]
    job = job_module.Job(spec="fine", pair=pair, settings=Settings(protocol="cvpr-2025"), seen=None)
    result = lost_job(job, "fine", "gone")
    assert result.tables is not None
    assert result.tables["dice"] == [0.0] * 6
    assert [one.rows[0].round for one in result.found] == [0, 0]


def test_a_case_that_cannot_be_read_is_named_and_left_out(data: Path) -> None:
    """Cut short, or labels on another grid: no row, the others are there."""
    path = data / "images" / "case0.nii.gz"
    path.write_bytes(path.read_bytes()[:200])
    shutil.copy(Path("src/vesal/assets/scans/example_seg_mr.nii.gz"), data / "labels/case2.nii.gz")
    found = run(data, "fine")
    assert set(found.problems) == {"case0", "case2"}
    assert {row.case for row in found.rows} == {"case1"}


def test_small_objects_are_left_out_where_asked(data: Path) -> None:
    """By ml of the true mask; a note names them."""
    volume = labels(0).mask(1).volume_ml
    assert volume is not None
    settings = Settings(protocol="clicks", clicks=1, least_ml=2 * volume)
    found = evaluate(data, ["fine"], data.parent / "report", settings, workers=0)
    assert found.rows == ()
    assert any("left out: ball 1, ball 2" in note for note in found.notes)


def test_progress_tells_of_every_job(data: Path) -> None:
    """And ends where all is done."""
    counter = Counter()
    settings = Settings(protocol="clicks", clicks=1)
    evaluate(data, ["fine"], data.parent / "r", settings, workers=0, progress=counter)
    assert counter.finished
    assert counter.reports[-1][1] == 3


def test_bad_wishes_are_refused_before_anything_is_done(data: Path, tmp_path: Path) -> None:
    """No model, two of one name, no such protocol, no folder above the report."""
    with pytest.raises(ConfigError, match="at least one --model"):
        contestants([])
    with pytest.raises(ConfigError, match="two models are called"):
        contestants(["fine", "fine"])
    with pytest.raises(ConfigError, match="unknown protocol 'best'"):
        evaluate(data, ["fine"], tmp_path / "r", Settings(protocol="best"))
    with pytest.raises(ConfigError, match="1 click or more"):
        evaluate(data, ["fine"], tmp_path / "r", Settings(protocol="clicks", clicks=0))
    with pytest.raises(ConfigError, match="clicks of its own"):
        evaluate(data, ["fine"], tmp_path / "r", Settings(protocol="cvpr-2025", clicks=3))
    with pytest.raises(ResourceError, match="make it first"):
        evaluate(data, ["fine"], tmp_path / "no" / "r", Settings(protocol="clicks"), workers=0)
    assert not (tmp_path / "r").exists()


def test_a_case_that_can_be_read_again_is_made(data: Path) -> None:
    """A disk that was away is no reason to leave a case out for ever."""
    path = data / "images" / "case0.nii.gz"
    whole = path.read_bytes()
    facts = path.stat()
    path.write_bytes(whole[:-40] + b"x" * 40)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert set(run(data, "fine").problems) == {"case0"}
    path.write_bytes(whole)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    job_module._opened.cache_clear()
    found = run(data, "fine")
    assert found.problems == {}
    assert found.skipped == 2


def test_what_is_listed_and_not_there_is_noted(data: Path) -> None:
    """A wrong number in a table is seen; so is a case in which nothing is labelled."""
    table = data / "table.csv"
    lines = ["image,label,structures"]
    lines += [
        f"images/case{n}.nii.gz,labels/case{n}.nii.gz,{s}" for n, s in ((0, "a=1; b=9"), (1, "b=9"))
    ]
    table.write_text("\n".join(lines), encoding="utf-8")
    settings = Settings(protocol="clicks", clicks=1)
    found = evaluate(table, ["fine"], data.parent / "r", settings, workers=0)
    assert {(row.case, row.object) for row in found.rows} == {("case0", "a")}
    assert set(found.notes) >= {
        "case0: listed, but without a voxel: b",
        "case1: listed, but without a voxel: b",
    }


@pytest.mark.parametrize("volume", [-1.0, float("nan"), float("inf")])
def test_a_volume_that_is_none_is_refused(volume: float) -> None:
    """It would leave out everything, or nothing."""
    with pytest.raises(ConfigError, match="0 ml or more"):
        Settings(protocol="clicks", least_ml=volume)


@pytest.mark.parametrize("protocol", ["clicks", "sam-med3d", "sam-unet"])
def test_every_object_can_be_pictured(data: Path, protocol: str) -> None:
    """With its last mask, the truth, and clicks that lie where they were made."""
    for path in (*data.rglob("case1.nii.gz"), *data.rglob("case2.nii.gz")):
        path.unlink()
    settings = Settings(protocol=protocol, only=("ball 1",))
    found = evaluate(data, ["fine"], data.parent / "report", settings, workers=0)
    gallery = Gallery(found, settings)
    for row in found.rows[:: max(1, len(found.rows) // 12)]:
        scene = gallery.scene(row)
        assert scene is not None
        assert scene.known is not None
        assert scene.known.array.sum() == row.truth_voxels
        assert scene.image.grid.shape == scene.mask.array.shape
        for mark in scene.marks:
            index = np.round(scene.image.grid.to_index(np.array([mark.point_mm])))[0].astype(int)
            if row.variant.endswith("whole image") or protocol == "clicks":
                assert scene.known.array[tuple(index)] == mark.positive


def test_no_picture_where_the_image_is_gone(data: Path) -> None:
    """A report can be written anew without it."""
    settings = Settings(protocol="clicks", clicks=1)
    found = evaluate(data, ["fine"], data.parent / "report", settings, workers=0)
    for path in (data / "images").iterdir():
        path.unlink()
    assert Gallery(found, settings).scene(found.rows[0]) is None
