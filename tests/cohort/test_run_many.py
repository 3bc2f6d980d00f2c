"""Runs by several processes: who dies, what is tried again, and what comes of it in the end."""

import csv
import json
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cohort.command import Command, Held
from tests.cohort.many import (
    die,
    results_in,
    small_automatic,
    small_cohort,
    small_model,
    tiny_scans,
)
from tests.fakes import BrightModel
from vesal.cli.main import main
from vesal.cohort.prompt_file import read_cases
from vesal.cohort.run import Hands, run
from vesal.cohort.scan_list import read_scans
from vesal.cohort.settings import Settings, load_named
from vesal.lock import LOCK
from vesal.models.promptable import Embedding
from vesal.models.shapes import Images

ROOT = Path(__file__).parents[2]
CASES = 200
Start = Callable[..., Command]


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let new processes find the code of this folder, tests included, with a thread each."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(ROOT / "src"), str(ROOT))))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.syspath_prepend(str(ROOT))


def named(folder: Path) -> Settings:
    """Settings with a model that each process reads from a file."""
    name = str(small_model(folder))
    _, identity = load_named(name, without_prompts=False)
    return Settings(model=name, identity=identity, threads=1)


class Deadly(BrightModel):
    """A model whose process is killed while it looks at an image, as often as files are there.

    Args:
        folder: of files, each of which costs a process.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def encode(self, image: Images) -> Embedding:
        """Take a file away and die, or keep the image."""
        for path in self.folder.iterdir():
            path.unlink()
            die(os.getpid())
        return super().encode(image)


def statuses(folder: Path) -> dict[str, str]:
    """Of each case in the report for people."""
    with (folder / "report.csv").open(newline="") as file:
        return {row["case"]: row["status"] for row in csv.DictReader(file)}


def test_it_does_not_matter_who_does_a_case(tmp_path: Path) -> None:
    """One process or two: the same bytes; and each process loads the model once."""
    cases = read_cases(small_cohort(tmp_path, 4))
    settings = named(tmp_path)
    for name, workers in (("one", 0), ("two", 2)):
        (tmp_path / name).mkdir()
        outcome = run(cases, tmp_path / name, settings, hands=Hands(workers=workers))
        assert (outcome.done, outcome.failed) == (4, 0)
    assert results_in(tmp_path / "one") == results_in(tmp_path / "two")
    workers_seen = {entry.worker for entry in outcome.entries.values()}
    assert len(workers_seen) == 2
    assert {entry.loads for entry in outcome.entries.values()} == {1}
    assert all(entry.seconds > 0 and entry.memory_mib > 1 for entry in outcome.entries.values())


@pytest.mark.parametrize(("deaths", "status"), [(1, "done"), (2, "quarantined")])
def test_a_case_that_takes_its_process_down_is_tried_once_more(
    deaths: int, status: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Then it is left alone, with the reason, by later runs too; the others are done."""
    cases = read_cases(small_cohort(tmp_path, 1))
    (tmp_path / "out").mkdir()
    (tmp_path / "deaths").mkdir()
    for number in range(deaths):
        (tmp_path / "deaths" / str(number)).touch()
    settings = Settings(model=Deadly(tmp_path / "deaths"), identity="deadly")
    hands = Hands(workers=1, attempts=2)
    first = run(cases, tmp_path / "out", settings, hands=hands)
    assert statuses(tmp_path / "out") == {"scan000": status}
    (entry,) = first.entries.values()
    assert entry.attempts == 2
    assert caplog.text.count("scan000 failed: its process died") == deaths
    second = run(cases, tmp_path / "out", settings, hands=hands)
    assert second.entries == first.entries
    if status == "quarantined":
        assert (first.done, first.quarantined, second.quarantined) == (0, 1, 1)
        assert "its process died" in entry.rows[0].message
        assert run(cases, tmp_path / "out", settings, hands=hands, again=True).done == 1


def test_a_poison_image_is_quarantined_until_it_changes(tmp_path: Path) -> None:
    """A mended image is another one, and is done without a word."""
    cases = read_cases(small_cohort(tmp_path, 2))
    whole = (tmp_path / "scan001.nii.gz").read_bytes()
    (tmp_path / "scan001.nii.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "out").mkdir()
    settings = Settings(model=BrightModel(), identity="bright")
    hands = Hands(attempts=2)
    first = run(cases, tmp_path / "out", settings, hands=hands)
    assert (first.done, first.failed, first.quarantined) == (1, 0, 1)
    lines = (tmp_path / "out" / "journal.jsonl").read_text().splitlines()
    tried = [json.loads(line)["entry"] for line in lines if json.loads(line)["case"] == "scan001"]
    assert [one["rows"][0]["status"] for one in tried] == ["failed", "quarantined"]
    assert all("cut short" in one["rows"][0]["message"] for one in tried)
    (tmp_path / "scan001.nii.gz").write_bytes(whole)
    last = run(cases, tmp_path / "out", settings, hands=hands)
    assert (last.done, last.skipped, last.quarantined) == (1, 1, 0)


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Start]:
    """Starts `vesal run` into the folder `out`; what is still at work at the end is killed."""
    commands: list[Command] = []

    def start(words: list[str], workers: int, held: Held | None = None) -> Command:
        given = ["run", *words, "-o", str(tmp_path / "out"), "--workers", str(workers)]
        commands.append(Command(given, held))
        return commands[-1]

    yield start
    for command in commands:
        if command.code is None:
            die(command.pid)


def journalled(folder: Path) -> int:
    """How many lines the journal has."""
    path = folder / "out" / "journal.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def until(folder: Path, lines: int, command: Command) -> None:
    """Wait for so many lines in the journal, or for the end of the run."""
    while journalled(folder) < lines and command.code is None:
        time.sleep(0.005)


def killed_often(folder: Path, start: Callable[[], Command]) -> int:
    """Start runs, and kill workers and the run itself at random moments; how many kills it was."""
    chance = random.Random()  # noqa: S311  # other moments each time
    kills = 0
    for share in (0.3, 0.6):
        command = start()
        until(folder, int(share * CASES) + chance.randrange(10), command)
        for worker in command.workers()[:1]:
            die(worker)
            kills += 1
        until(folder, journalled(folder) + chance.randrange(1, 15), command)
        time.sleep(chance.random() * 0.2)
        die(command.pid)
        command.ended()
        kills += 1
    return kills


def test_after_any_number_of_kills_every_case_is_done_once(
    started: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of workers and of the driver, at random moments: the bytes of an undisturbed run."""
    scans = tiny_scans(tmp_path, CASES)
    model = str(small_automatic(tmp_path))
    words = [str(scans), "--auto", "--model", model]
    assert killed_often(tmp_path, lambda: started(words, 2)) == 4
    code = main(["run", *words, "-o", str(tmp_path / "out"), "--workers", "2"])
    page, error = capsys.readouterr()
    assert (code, error) == (0, "")
    assert "quarantined" not in page
    items = read_scans(scans)
    names = sorted(item.name for item in items)
    assert statuses(tmp_path / "out") == dict.fromkeys(names, "done")
    hidden = {path.name for path in (tmp_path / "out").iterdir() if path.name[0] == "."}
    assert hidden <= {LOCK}
    lines = (tmp_path / "out" / "journal.jsonl").read_text().splitlines()
    told = [json.loads(line) for line in lines]
    assert names == sorted(
        one["case"] for one in told if one["entry"]["rows"][0]["status"] == "done"
    )
    (tmp_path / "undisturbed").mkdir()
    _, identity = load_named(model, without_prompts=True)
    settings = Settings(model=model, identity=identity, automatic=True, threads=1)
    run(items, tmp_path / "undisturbed", settings)
    assert results_in(tmp_path / "out") == results_in(tmp_path / "undisturbed")
    assert len(results_in(tmp_path / "out")) == CASES


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_says_how_to_go_on(
    kind: signal.Signals, started: Start, tmp_path: Path
) -> None:
    """One sentence, an exit code of its own, a report of what is done, no worker left."""
    scans, model = tiny_scans(tmp_path, 6), small_automatic(tmp_path)
    held = Held(name="scan004", begun=tmp_path / "begun")
    command = started([str(scans), "--auto", "--model", str(model)], 1, held)
    while not held.begun.exists():
        assert command.code is None
        time.sleep(0.005)
    (worker,) = command.workers()
    os.kill(command.pid, kind)
    _, error = command.ended()
    assert command.code == 7
    assert error.startswith("error: stopped; what is done is kept in")
    assert error.count("\n") == 1
    assert statuses(tmp_path / "out") == {f"scan{n:03}": "done" for n in range(4)}
    assert not Path(f"/proc/{worker}").exists()
