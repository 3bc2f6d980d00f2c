"""Tests of vesal.curation.curate: one result, whoever makes it, however often it is killed."""

import multiprocessing
import os
import signal
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.curation.sets import (
    RAS_2MM,
    block,
    content,
    liver_and_cyst,
    nnunet,
    real,
    settings,
    texture,
    toy,
)
from tests.datasets.trees import nifti
from vesal.curation import curate as curation
from vesal.curation.case import Case, make
from vesal.curation.curate import Curated, curate
from vesal.curation.journal import Journal
from vesal.curation.row import Row
from vesal.curation.settings import Settings
from vesal.datasets import find_pairs
from vesal.errors import ConfigError, ResourceError
from vesal.progress import Counter as Told

ROOT = Path(__file__).parents[2]


def reasons(curated: Curated) -> dict[tuple[str, str], str]:
    """Why what was left out."""
    return {(row.case, row.structure): row.reason for row in curated.rows}


def test_a_data_set_becomes_a_training_set(tmp_path: Path) -> None:
    """The livers are kept, the cysts are too small; it is found and divided as it was written."""
    told = Told()
    made = curate(toy(tmp_path / "raw", 8), tmp_path / "out", settings(), workers=0, progress=told)
    assert told.finished
    assert Counter(row.reason for row in made.rows) == {"": 8, "volume": 8}
    pairs = find_pairs(tmp_path / "out").pairs
    assert {pair.patient: pair.part for pair in pairs} == made.division.parts
    assert {pair.modality for pair in pairs} == {"CT"}
    assert len(set(made.division.parts.values())) > 1


def test_the_result_does_not_depend_on_who_makes_it(tmp_path: Path) -> None:
    """No process of its own, or two, or the cases from behind: the same bytes."""
    raw = toy(tmp_path / "raw", 5)
    one = curate(raw, tmp_path / "one", settings(), workers=0)
    two = curate(raw, tmp_path / "two", settings(), workers=2)
    assert one.rows == two.rows
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_what_is_there_is_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """But what has changed is, and what lost a file."""
    raw, out = toy(tmp_path / "raw"), tmp_path / "out"
    curate(raw, out, settings(), workers=0)
    before = content(out)
    calls: list[str] = []

    def watched(job: Case) -> tuple[Row, ...]:
        calls.append(job.pair.name)
        return make(job)

    monkeypatch.setattr(curation, "make", watched)
    assert curate(raw, out, settings(), workers=0).skipped == 3
    assert calls == []
    next(out.rglob("labels*/case1.nii.gz")).unlink()
    os.utime(raw / "labelsTr" / "case2.nii.gz", (1, 1))
    assert curate(raw, out, settings(), workers=0).skipped == 1
    assert sorted(calls) == ["case1", "case2"]
    assert content(out) == before


def test_other_settings_leave_nothing_of_the_old_ones(tmp_path: Path) -> None:
    """Files of masks that are no longer kept are removed, files of the user's own are not."""
    raw, out = toy(tmp_path / "raw"), tmp_path / "out"
    curate(
        raw, out, settings(least_volume_mm3=0.0, least_extent_mm=0.0, least_share=0.0), workers=0
    )
    assert (out / "cyst").is_dir()
    (out / "notes.txt").write_text("mine")
    curate(raw, out, settings(), workers=0)
    curate(raw, tmp_path / "fresh", settings(), workers=0)
    assert not (out / "cyst").exists()
    assert (out / "notes.txt").read_text() == "mine"
    (out / "notes.txt").unlink()
    assert content(out) == content(tmp_path / "fresh")


def test_killed_at_any_moment_it_goes_on_to_the_same_end(tmp_path: Path) -> None:
    """By kill -9, a few times at other moments; what is left half written is swept away."""
    raw = toy(tmp_path / "raw", 6)
    curate(raw, tmp_path / "whole", settings(), workers=0)
    out = tmp_path / "out"
    context = multiprocessing.get_context("spawn")
    for files in (2, 7, 15):
        run = context.Process(target=curate, args=(raw, out, settings()), kwargs={"workers": 0})
        run.start()
        while run.is_alive() and len(list(out.rglob("*"))) < files:
            time.sleep(0.002)
        run.kill()
        run.join()
    (out / ".vesal-half.nii.gz").write_bytes(b"half")
    curate(raw, out, settings(), workers=0)
    assert content(out) == content(tmp_path / "whole")


def test_each_broken_case_costs_one_row(tmp_path: Path) -> None:
    """NaN, another grid, one value, nothing labelled, a file that is none, a scan that is there."""
    raw = toy(tmp_path / "raw", 2)
    nan = texture(11).astype(np.float32)
    nan[0, 0, 0] = np.nan
    nnunet(
        raw,
        {
            "again": (texture(0) * 2 + 7, liver_and_cyst()),  # case0 in another window
            "flat": (np.zeros_like(texture(0)), liver_and_cyst()),
            "nan": (nan, liver_and_cyst()),
            "nothing": (texture(12), np.zeros_like(liver_and_cyst())),
            "full": (texture(13), np.ones_like(liver_and_cyst())),
            "moved": (texture(14), liver_and_cyst()),
            "torn": (texture(15), liver_and_cyst()),
        },
    )
    away = RAS_2MM.copy()
    away[0, 3] = 5
    nifti(raw / "labelsTr" / "moved.nii.gz", liver_and_cyst(), away)
    torn = raw / "imagesTr" / "torn_0000.nii.gz"
    torn.write_bytes(torn.read_bytes()[:2000])
    made = curate(raw, tmp_path / "out", settings(), workers=0)
    found = reasons(made)
    whole = {case: reason for (case, structure), reason in found.items() if not structure}
    assert whole == {
        "case0": "twin", "flat": "constant", "nan": "not finite", "moved": "misaligned",
        "torn": "unreadable",
    }  # fmt: skip
    assert found["again", "liver"] == found["case1", "liver"] == ""
    assert found["nothing", "liver"] == found["nothing", "cyst"] == "empty"
    assert (found["full", "liver"], found["full", "cyst"]) == ("full", "empty")
    assert [row.case for row in made.failed] == ["torn"]
    assert made.division.twins == (("again", "case0"),)


def test_what_could_not_be_read_is_tried_again(tmp_path: Path) -> None:
    """The share may have been away."""
    raw, out = toy(tmp_path / "raw", 2), tmp_path / "out"
    sound = (raw / "imagesTr" / "case1_0000.nii.gz").read_bytes()
    (raw / "imagesTr" / "case1_0000.nii.gz").write_bytes(b"")
    stamp = (raw / "imagesTr" / "case1_0000.nii.gz").stat()
    assert [row.case for row in curate(raw, out, settings(), workers=0).failed] == ["case1"]
    (raw / "imagesTr" / "case1_0000.nii.gz").write_bytes(sound)
    os.utime(raw / "imagesTr" / "case1_0000.nii.gz", ns=(stamp.st_mtime_ns, stamp.st_mtime_ns))
    assert curate(raw, out, settings(), workers=0).failed == ()


def lethal(job: object) -> None:
    """Kill the process, as the system does when memory is short."""
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_case_that_kills_its_process_costs_one_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried twice, and again by the next run."""
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.setattr(curation, "make", lethal)
    made = curate(toy(tmp_path / "raw", 1), tmp_path / "out", settings(), workers=1)
    (row,) = made.rows
    assert (row.reason, made.failed) == ("died", (row,))
    assert Journal(tmp_path / "out").rows(made.data.pairs[0], "", tmp_path / "out") is None


def test_parts_of_the_data_set_are_kept(tmp_path: Path) -> None:
    """The folder imagesTs stays the test part; its patient's training image is left out."""
    raw = toy(tmp_path / "raw", 2)
    nifti(raw / "imagesTs" / "case9_0000.nii.gz", texture(9), RAS_2MM)
    nifti(raw / "labelsTs" / "case9.nii.gz", block((2, 2, 2), (12, 12, 12)), RAS_2MM)
    nifti(raw / "imagesTs" / "held_0000.nii.gz", texture(1), RAS_2MM)  # case1 under another name
    nifti(raw / "labelsTs" / "held.nii.gz", block((2, 2, 2), (12, 12, 12)), RAS_2MM)
    made = curate(raw, tmp_path / "out", settings(), workers=0)
    assert made.division.parts == {"case0": "train", "case9": "test", "held": "test"}
    (leak,) = [row for row in made.rows if row.reason == "leak"]
    assert leak.detail == "the scan is in train and, as held, in test"


def test_a_modality_can_be_given_where_none_is_known(tmp_path: Path) -> None:
    """SAM-Med3D knows a CT by its folder alone; without a name, a data set has its folder's."""
    nifti(tmp_path / "raw" / "images" / "x.nii.gz", texture(0), RAS_2MM)
    nifti(tmp_path / "raw" / "labels" / "x.nii.gz", block((2, 2, 2), (12, 12, 12)), RAS_2MM)
    made = curate(tmp_path / "raw", tmp_path / "out", settings(), modality="ct", workers=0)
    assert [row.mask.split("/")[:2] for row in made.kept] == [["label_1", "ct_raw"]]


def test_bad_places_are_refused_in_a_sentence(tmp_path: Path) -> None:
    """Output in the data, data in the output, something else in it, other rules, a second run."""
    raw = toy(tmp_path / "raw")
    with pytest.raises(ConfigError, match="lies in the data"):
        curate(raw, raw / "curated", settings(), workers=0)
    with pytest.raises(ConfigError, match="holds the data"):
        curate(raw, tmp_path, settings(), workers=0)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("")
    with pytest.raises(ConfigError, match="holds something else"):
        curate(raw, tmp_path / "other", settings(), workers=0)
    with pytest.raises(ResourceError, match="does not exist"):
        curate(raw, tmp_path / "a" / "b", settings(), workers=0)
    out = tmp_path / "out"
    curate(raw, out, settings(), workers=0)
    Journal(out).begin("sam-med2d")
    with pytest.raises(ConfigError, match="made by the rules sam-med2d"):
        curate(raw, out, settings(), workers=0)
    Journal(out).begin("sam-med3d")
    with Journal(out).alone(), pytest.raises(ConfigError, match="another run is at work"):
        curate(raw, out, settings(), workers=0)


def test_shares_and_seed_make_no_case_anew_that_stays_in_its_part(tmp_path: Path) -> None:
    """Only what moves is written again; the result is that of a fresh run."""
    raw, out = toy(tmp_path / "raw", 6), tmp_path / "out"
    first = curate(raw, out, settings(), workers=0)
    other = replace(settings(), shares=(("train", 0.5), ("test", 0.5)), seed=3)
    second = curate(raw, out, other, workers=0)
    stayed = [c for c, part in second.division.parts.items() if first.division.parts[c] == part]
    assert second.skipped == len(stayed)
    assert 0 < len(stayed) < 6
    curate(raw, tmp_path / "fresh", other, workers=0)
    assert content(out) == content(tmp_path / "fresh")


def test_real_scans_end_to_end(tmp_path: Path, scans: Path) -> None:
    """TotalSegmentator's CT and MR: large organs are kept, ribs and vessels are not, on 1.5 mm."""
    made = curate(real(scans, tmp_path / "raw"), tmp_path / "out", settings(), workers=0)
    kept = {(row.case, row.structure) for row in made.kept}
    assert kept == {
        ("ct", "liver"), ("ct", "small_bowel"), ("ct", "colon"), ("ct", "urinary_bladder"),
        ("ct", "autochthon_left"), ("ct", "autochthon_right"), ("mr", "liver"), ("mr", "stomach"),
        ("mr", "autochthon_left"), ("mr", "autochthon_right"),
    }  # fmt: skip
    found = reasons(made)
    assert found["ct", "kidney_left"] == "share"
    assert found["ct", "vertebrae_T11"] == "extent"
    assert found["mr", "lung_right"] == "volume"
    assert found["mr", "heart"] == "empty"
    liver = next(row for row in made.kept if (row.case, row.structure) == ("ct", "liver"))
    assert liver.volume_mm3 == pytest.approx(1_125_684)
    assert liver.voxels * 1.5**3 == pytest.approx(liver.volume_mm3, rel=0.02)
    assert liver.spacing_mm == pytest.approx((1.5, 1.5, 1.5))
    assert len(find_pairs(tmp_path / "out").pairs) == len(kept)


def test_settings_are_written_beside_the_result(tmp_path: Path) -> None:
    """So that it can be said what it is, and made again."""
    from vesal.curation.config import Said, settings_of

    used: Settings = settings(least_share=0.005)
    curate(toy(tmp_path / "raw", 1), tmp_path / "out", used, workers=0)
    assert settings_of(Said(config=tmp_path / "out" / "settings.json")) == used
