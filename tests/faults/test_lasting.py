"""What was said to be saved is there after a kill and after a loss of power."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.evaluation.test_results import RESULT
from tests.grids import UGLY, speckle
from tests.session.small import PLACES, at, new_session
from vesal.cohort.journal import opened
from vesal.cohort.report import Entry
from vesal.evaluation.results import Results
from vesal.images import Mask
from vesal.server.monai.label_store import FINAL, LabelStore
from vesal.training.state import save_state

ROOT = Path(__file__).parents[2]


def _journal(folder: Path) -> None:
    with opened(folder) as journal:
        journal.add("x", Entry(key="", rows=()))


def _label(folder: Path) -> None:
    (folder / "sent").write_bytes(b"x")
    LabelStore(folder / "labels").save("scan", FINAL, ".nrrd", folder / "sent")


def _step(folder: Path) -> None:
    session = new_session()
    session.keep(folder / "s")
    session.click(at(*PLACES[0]))


SAVED: dict[str, tuple[Callable[[Path], object], str]] = {
    "a mask": (
        lambda folder: Mask(array=speckle(UGLY["LPS"].shape), grid=UGLY["LPS"]).save(
            folder / "m.nii.gz"
        ),
        "m.nii.gz",
    ),
    "a session": (lambda folder: new_session().save(folder / "s.zip"), "s.zip"),
    "a step of a session": (_step, "s/journal.jsonl"),
    "a label of a server": (_label, "labels/final/scan.nrrd"),
    "a case of a cohort": (_journal, "journal.jsonl"),
    "a checkpoint": (lambda folder: save_state(folder / "c.pt", {"a": torch.zeros(1)}), "c.pt"),
    "a result": (lambda folder: Results(folder, "clicks").keep("m", "c", RESULT), "results/*.json"),
}


@pytest.mark.parametrize("name", SAVED)
def test_what_is_saved_outlives_a_loss_of_power(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes are on the disk before the file has its name, and its name before we return."""
    synced: list[tuple[int, int]] = []
    true_sync = os.fsync

    def sync(number: int) -> None:
        facts = os.fstat(number)
        synced.append((facts.st_ino, facts.st_size))
        true_sync(number)

    monkeypatch.setattr(os, "fsync", sync)
    save, pattern = SAVED[name]
    save(tmp_path)
    (path,) = tmp_path.glob(pattern)
    facts, folder = path.stat(), path.parent.stat()
    assert (facts.st_ino, facts.st_size) in synced
    assert folder.st_ino in [number for number, _ in synced]


def _save_and_die(folder: Path) -> None:
    for name, (save, _) in SAVED.items():
        (folder / name).mkdir()
        save(folder / name)
    os.kill(os.getpid(), signal.SIGKILL)


def test_what_is_saved_outlives_a_kill_right_after(tmp_path: Path) -> None:
    """All of them in one process that never gets to tidy up."""
    context = multiprocessing.get_context("spawn")
    ended = context.Process(target=_save_and_die, args=(tmp_path,))
    ended.start()
    ended.join()
    assert ended.exitcode == -signal.SIGKILL
    for name, (save, pattern) in SAVED.items():
        (path,) = (tmp_path / name).glob(pattern)
        (tmp_path / f"{name} again").mkdir()
        save(tmp_path / f"{name} again")
        (again,) = (tmp_path / f"{name} again").glob(pattern)
        assert path.stat().st_size == again.stat().st_size
