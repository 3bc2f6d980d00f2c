"""Tests of vesal.workers, with real processes."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vesal.errors import ConfigError, ResourceError
from vesal.workers import _Worker, done_by_workers, turn

if TYPE_CHECKING:
    from tests.conftest import Start

ROOT = Path(__file__).parents[1]


def double_or_die(job: int) -> int:
    """Twice the number; 13 kills the process that it is done in, 7 is refused."""
    if job == 13:
        os.kill(os.getpid(), signal.SIGKILL)
    if job == 7:
        msg = "seven is refused"
        raise ConfigError(msg)
    return 2 * job


def slow(path: str) -> None:
    """Say who is at work, then work for longer than any test."""
    Path(path).write_text(str(os.getpid()), encoding="utf-8")
    time.sleep(60)


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch, spawned: "Start") -> None:
    """Let new processes find the functions of this file, and start as those of users do."""
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.setattr(multiprocessing, "get_context", spawned)


def test_a_process_that_dies_takes_only_its_own_job_with_it() -> None:
    """None for the job it died in; the other jobs are done, in this process or in others."""
    jobs = [1, 13, 2, 3, 13, 4]
    done = sorted(done_by_workers(double_or_die, jobs, 2), key=lambda pair: pair[0])
    assert done == [(1, 2), (2, 4), (3, 6), (4, 8), (13, None), (13, None)]


def test_an_error_is_raised_where_the_jobs_were_given() -> None:
    """With its class and its sentence."""
    with pytest.raises(ConfigError, match="seven is refused"):
        list(done_by_workers(double_or_die, [7, 1], 1))


def test_a_process_that_cannot_even_start_is_no_fault_of_the_job(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One sentence instead of a zero for every job."""
    monkeypatch.setattr("sys.path", [path for path in sys.path if path != str(ROOT)])
    with pytest.raises(ResourceError, match="die when they start"):
        list(done_by_workers(double_or_die, [1], 1))


def test_without_workers_all_is_done_here() -> None:
    """In order; and no job is no work."""
    assert list(done_by_workers(double_or_die, [3, 1], 0)) == [(3, 6), (1, 2)]
    assert list(done_by_workers(double_or_die, [], 2)) == []


def test_no_worker_is_left_when_the_parent_gives_up(tmp_path: Path) -> None:
    """Interrupted in the middle of a job, nothing goes on in the background."""
    said = tmp_path / "pid"
    code = (
        "import signal\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's & ignores it\n"
        "from tests.test_workers import slow\n"
        "from vesal.workers import done_by_workers\n"
        f"list(done_by_workers(slow, [{str(said)!r}], 1))"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)  # noqa: S603
    while not said.exists() or not said.read_text(encoding="utf-8"):
        assert parent.poll() is None
        time.sleep(0.05)
    worker = int(said.read_text(encoding="utf-8"))
    parent.send_signal(signal.SIGINT)
    parent.wait(30)
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)


def meet(folder: str) -> int:
    """Say that one is there, then wait for the other; how many came."""
    (Path(folder) / str(os.getpid())).touch()
    for _ in range(600):
        if len(list(Path(folder).iterdir())) == 2:
            return 2
        time.sleep(0.05)
    return 1


def test_workers_start_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each imports for seconds: none waits until the one before it has started."""
    started: list[int] = []
    others = set(multiprocessing.active_children())  # that earlier tests left

    def counted(self: _Worker[str, int]) -> bool:
        started.append(len(set(multiprocessing.active_children()) - others))
        return check(self)

    check = _Worker.has_started
    monkeypatch.setattr(_Worker, "has_started", counted)
    assert [two for _, two in done_by_workers(meet, [str(tmp_path)] * 2, 2)] == [2, 2]
    assert started == [2, 2]


def test_a_worker_that_dies_while_it_starts_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once may be a lack of memory, and must not end a night."""
    lost: list[_Worker[str, int]] = []
    real = _Worker.has_started

    def started(self: _Worker[str, int]) -> bool:
        if not lost:
            lost.append(self)
            return False
        return real(self)

    monkeypatch.setattr(_Worker, "has_started", started)
    assert [number for _, number in done_by_workers(turn_of, [str(tmp_path)], 1)] == [1]
    assert len(lost) == 1


def turn_of(_: str) -> int:
    """Which worker this is."""
    return turn()


def turn_met(folder: str) -> int:
    """Which worker this is, once both are there: else the first might do both jobs."""
    meet(folder)
    return turn()


def test_each_worker_knows_its_turn(tmp_path: Path) -> None:
    """By which it takes one of several devices; this process is none of them."""
    meeting = [str(tmp_path)] * 2
    assert turn() == 0
    assert {number for _, number in done_by_workers(turn_met, meeting, 2)} == {0, 1}


def program_of_its_own(path: str) -> None:
    """Start another program, and stop it at last."""
    words = [sys.executable, "-c", "import time; time.sleep(60)"]
    with subprocess.Popen(words) as child:  # noqa: S603
        try:
            Path(path).write_text(str(child.pid), encoding="utf-8")
            child.wait()
        finally:
            child.kill()


def test_a_worker_that_is_ended_stops_what_it_has_started(tmp_path: Path) -> None:
    """Interrupted while a program of somebody else is at work, that one ends too."""
    said = tmp_path / "pid"
    done = done_by_workers(program_of_its_own, [str(said)], 1)
    waiting = threading.Thread(target=lambda: next(done, None), daemon=True)
    waiting.start()
    while not said.exists() or not said.read_text(encoding="utf-8"):
        time.sleep(0.05)
    child = int(said.read_text(encoding="utf-8"))
    ours = [p for p in multiprocessing.active_children() if p.is_alive()]
    for process in ours:
        process.terminate()
    waiting.join(30)
    for _ in range(100):
        if not Path(f"/proc/{child}").exists():
            return
        time.sleep(0.05)
    pytest.fail("the program is still there")


def test_a_worker_that_dies_between_two_jobs_costs_none() -> None:
    """Another one takes the next job."""
    done = []
    for pair in done_by_workers(double_or_die, [1, 2, 3], 1):
        done.append(pair)
        for process in multiprocessing.active_children():
            process.kill()
            process.join()
    assert done == [(1, 2), (2, 4), (3, 6)]


def test_workers_leave_quietly(capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing on the terminal when all is done: no traceback of an end that was hurried."""
    assert sorted(done_by_workers(double_or_die, [1, 2], 2)) == [(1, 2), (2, 4)]
    assert capfd.readouterr().err == ""


def test_a_worker_ends_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    """In the middle of a job: what it would still write could fall into the next run."""
    said = tmp_path / "pid"
    code = (
        "from tests.test_workers import slow\n"
        "from vesal.workers import done_by_workers\n"
        f"list(done_by_workers(slow, [{str(said)!r}], 1))"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)  # noqa: S603
    while not said.exists() or not said.read_text(encoding="utf-8"):
        assert parent.poll() is None
        time.sleep(0.05)
    worker = Path("/proc") / said.read_text(encoding="utf-8")
    parent.kill()
    parent.wait(30)
    for _ in range(200):
        if not worker.exists():
            return
        time.sleep(0.05)
    pytest.fail("the worker is still at work")
