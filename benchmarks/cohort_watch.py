"""Watches a run of `vesal run` from outside: its processes, their memory and time, its journal."""

import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

TICKS_S = 1 / os.sysconf("SC_CLK_TCK")
EVERY_S = 0.1


@dataclass(slots=True, kw_only=True)
class Watched:
    """What was seen, a sample each tenth of a second while cases were done.

    Attributes:
        wall_s: from start to end of the command.
        start_s: from its start to its workers' readiness: the first result less one case.
        cases: lines of the journal.
        clock_s: since the start.
        worker_s: processor time of all workers.
        driver_s: processor time of the driver.
        worker_mib: of the largest worker, proportional set size: what is shared is split.
        driver_mib: the same of the driver.
    """

    wall_s: float = 0.0
    cases: list[int] = field(default_factory=list)
    clock_s: list[float] = field(default_factory=list)
    worker_s: list[float] = field(default_factory=list)
    driver_s: list[float] = field(default_factory=list)
    worker_mib: list[float] = field(default_factory=list)
    driver_mib: list[float] = field(default_factory=list)

    @property
    def start_s(self) -> float:
        """Seconds until the first case was begun, about: its end less the time of one."""
        return max(0.0, self.clock_s[self._first] - self.wall_a_case_s * max(1, self.workers))

    @property
    def workers(self) -> int:
        """How many cases were worked on at once, as the clock and the processors say."""
        return max(1, round(self.worker_a_case_s / self.wall_a_case_s))

    @property
    def wall_a_case_s(self) -> float:
        """From the first result to the last, a case."""
        return self._a_case(self.clock_s)

    @property
    def worker_a_case_s(self) -> float:
        """Of the workers' processors, from the first result to the last."""
        return self._a_case(self.worker_s)

    @property
    def driver_a_case_s(self) -> float:
        """Of the driver's processor."""
        return self._a_case(self.driver_s)

    @property
    def cpu_a_case_s(self) -> float:
        """Of all processes."""
        return self.worker_a_case_s + self.driver_a_case_s

    @property
    def peak_worker_mib(self) -> float:
        """The most of one worker."""
        return max(self.worker_mib)

    @property
    def peak_driver_mib(self) -> float:
        """The most of the driver."""
        return max(self.driver_mib)

    @property
    def _first(self) -> int:
        return next(i for i, n in enumerate(self.cases) if n)

    def _a_case(self, taken: list[float]) -> float:
        first, last = self._first, self.cases.index(max(self.cases))
        return (taken[last] - taken[first]) / (self.cases[last] - self.cases[first])


def watched(command: list[str], journal: Path) -> Watched:
    """Run a command to its end; it must succeed."""
    seen, started = Watched(), time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:  # noqa: S603
        while process.poll() is None:
            _sample(seen, process.pid, journal, started)
            time.sleep(EVERY_S)
    assert process.returncode == 0, f"{command} ended with {process.returncode}"
    seen.wall_s = time.perf_counter() - started
    return seen


def _sample(seen: Watched, driver: int, journal: Path, started: float) -> None:
    cases = journal.read_bytes().count(b"\n") if journal.exists() else 0
    workers = _workers(driver)
    if seen.cases and len(workers) < 1:
        return  # the report is being written
    try:
        row = (
            cases,
            time.perf_counter() - started,
            sum(_cpu_s(worker) for worker in workers),
            _cpu_s(driver),
            max((_mib(worker) for worker in workers), default=0.0),
            _mib(driver),
        )
    except (OSError, ValueError):  # one has just ended
        return
    columns = (seen.cases, seen.clock_s, seen.worker_s, seen.driver_s)
    for column, value in zip((*columns, seen.worker_mib, seen.driver_mib), row, strict=True):
        column.append(value)  # type: ignore[arg-type]


def _workers(pid: int) -> list[int]:
    """Its child processes that compute."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(word) for word in task.read_text().split()]
            found += [c for c in children if b"spawn_main" in _command(c)]
        except OSError:
            continue
    return found


def _command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def _cpu_s(pid: int) -> float:
    """User and system time of a process."""
    values = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(values[11]) + int(values[12])) * TICKS_S


def _mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) / 1024
