"""No writer leaves anything but the whole file that was there before, whatever the disk says."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.cohort.many import results_in, small_cohort
from tests.curation.sets import settings
from tests.fakes import BrightModel
from tests.faults.disks import all_of, fill, room_for, small_disk
from tests.grids import UGLY, speckle
from tests.labels.series import GRIDS, label_map, series
from tests.networks import random_network, tiny_config
from tests.session.small import new_session
from tests.training.test_case import case_of
from tests.volumes import ball_volume
from vesal.checkpoints.load import save_model
from vesal.cohort.journal import opened
from vesal.cohort.prompt_file import read_cases
from vesal.cohort.report import Entry, write_report
from vesal.cohort.report import Row as CaseRow
from vesal.cohort.run import run
from vesal.cohort.settings import Settings
from vesal.curation.catalogue import write_catalogue
from vesal.curation.volume_files import write_label
from vesal.errors import ResourceError
from vesal.evaluation.results import Result, Results
from vesal.geometry import Grid
from vesal.images import Image, Mask
from vesal.images.picture import Row, save_sheet
from vesal.images.source import Source
from vesal.training.state import save_state

FLAT = Grid(shape=(39, 38), affine=np.diag((2.0, 3.0, 1.0)))
Write = Callable[[Path], object]


def _labels(grid: Grid) -> Write:
    return lambda path: label_map(grid, Source(), 1, 2).save(path)


def _picture(path: Path) -> object:
    image = Image(array=speckle(FLAT.shape).astype(np.uint8), grid=FLAT)
    mask = Mask(array=speckle(FLAT.shape), grid=FLAT)
    return save_sheet(path, [Row(image=image, mask=mask, title="x")], title="x")


def _report(path: Path) -> object:
    rows = tuple(CaseRow(case="x", image="x", object=str(n), status="done") for n in range(9))
    return write_report(path.parent, {"x": Entry(key="", rows=rows)})


def _result(path: Path) -> None:
    Results(path.parents[1], "clicks").keep("m", "c", Result(key="x" * 400))


WRITERS: dict[str, Write] = {
    **{f"m{suffix}": _labels(UGLY["LPS"]) for suffix in (".nii.gz", ".nii", ".seg.nrrd", ".mha")},
    **{f"m{suffix}": _labels(UGLY["LPS"]) for suffix in (".stl", ".obj")},
    **{f"m{suffix}": _labels(FLAT) for suffix in (".png", ".tif")},
    "sheet.png": _picture,
    "session.zip": lambda path: new_session().save(path),
    "report.json": _report,
    "checkpoint.pt": lambda path: save_state(path, {"step": torch.zeros(5000)}),
    "model.safetensors": partial(save_model, random_network(tiny_config())),
    "case.safetensors": lambda path: case_of(path, UGLY["LPS"]),
    "volume.npz": lambda path: ball_volume().save(path),
    "label.nii.gz": lambda path: write_label(path, speckle((19, 9, 9)), UGLY["LPS"]),
    "catalogue.parquet": lambda path: write_catalogue(path, [], settings()),
    "results/c-m-clicks-2af6bfa50d2a.json": _result,
}


def check_refused(write: Write, path: Path, size_bytes: int) -> None:
    """One sentence, the old file, and no other; with room it is written."""
    path.parent.mkdir(parents=True)
    path.write_bytes(b"old")
    with room_for(size_bytes), pytest.raises(ResourceError, match="cannot be written") as caught:
        write(path)
    assert "\n" not in str(caught.value)
    assert all_of(path.parent) == {path.name: b"old"}
    write(path)
    assert path.read_bytes() != b"old"


@pytest.mark.parametrize("size_bytes", [0, 300])
@pytest.mark.parametrize("name", WRITERS)
def test_a_writer_without_room_says_so_and_leaves_what_was_there(
    name: str, size_bytes: int, tmp_path: Path
) -> None:
    """Refused at the first byte, or in the middle."""
    check_refused(WRITERS[name], tmp_path / "out" / name, size_bytes)


@pytest.mark.parametrize("size_bytes", [0, 300])
@pytest.mark.parametrize("name", ["m.seg.dcm", "m.rtstruct.dcm"])
def test_dicom_is_refused_in_the_same_way(name: str, size_bytes: int, tmp_path: Path) -> None:
    """Objects that refer to a series."""
    labels = label_map(GRIDS["axial"], series(tmp_path / "series", GRIDS["axial"]), 1, 2)
    check_refused(labels.save, tmp_path / "out" / name, size_bytes)


def test_a_run_goes_on_when_there_is_room_again(tmp_path: Path) -> None:
    """On a disk that is really full: the journal is whole, and what was done is not done again."""
    cases = read_cases(small_cohort(tmp_path, 3))
    given = Settings(model=BrightModel(), identity="bright")
    (tmp_path / "out").mkdir()
    with small_disk(tmp_path / "out", 2**18) as out:
        run(cases[:1], out, given)
        before = results_in(out)
        filling = fill(out)
        with pytest.raises(ResourceError, match="No space left on device"):
            run(cases, out, given)
        assert results_in(out) == before
        assert list(out.glob(".vesal-*")) == []
        filling.unlink()
        last = run(cases, out, given)
        assert (last.done, last.skipped, last.failed) == (2, 1, 0)
        lines = (out / "journal.jsonl").read_text().splitlines()
        assert [json.loads(line)["case"] for line in lines] == ["scan000", "scan001", "scan002"]


def test_a_line_of_the_journal_that_was_cut_by_a_full_disk_is_taken_off(tmp_path: Path) -> None:
    """One sentence, also where the line got half onto the disk; its case is done again."""
    cases = read_cases(small_cohort(tmp_path, 2))
    given = Settings(model=BrightModel(), identity="bright")
    out = tmp_path / "out"
    out.mkdir()
    run(cases[:1], out, given)
    first = (out / "journal.jsonl").read_bytes()
    refused = pytest.raises(ResourceError, match=r"journal\.jsonl cannot be written .* make room")
    with opened(out) as journal, room_for(len(first) + 40), refused:
        journal.add("scan001", Entry(key="", rows=()))
    assert (out / "journal.jsonl").read_bytes().startswith(first)
    assert run(cases, out, given).done == 1
    assert (out / "journal.jsonl").read_bytes().count(b"\n") == 2
