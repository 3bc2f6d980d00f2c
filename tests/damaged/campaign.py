"""Campaigns of damaged files, each read in a process that is replaced where it is lost."""

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PATIENCE_S = 10.0
"""Processor time that a file may take."""
_WAIT_S = 120.0  # where other programs hold the processor
_LOADING_S = 300.0
"""What a new process may take, of both, until its first damaged file: it loads all of vesal."""
_MOST_LOST = 5


@dataclass(slots=True, kw_only=True)
class Report:
    """What became of the damaged files of a kind."""

    count: int
    accepted: int = 0
    longest_s: float = 0.0
    grown_mb: float = 0.0
    faults: list[tuple[int, str]] = field(default_factory=list)
    """Index of a case, and what is wrong there."""

    @property
    def refused(self) -> int:
        """How many were refused, as they should be."""
        return self.count - self.accepted - len(self.faults)


class Reader:
    """A process that reads damaged files, one campaign after the other."""

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._folder = tempfile.TemporaryDirectory(prefix="faults-")
        self._process: subprocess.Popen[bytes] | None = None
        self._held = b""

    def close(self) -> None:
        """End it."""
        self._end()
        self._folder.cleanup()

    def run(self, kind: str, seed: int, count: int) -> Report:
        """Read so many files of a kind; where the process is lost, another one goes on."""
        report = Report(count=count)
        first = lost = 0
        while first < count and lost < _MOST_LOST:
            told = self._job({"kind": kind, "seed": seed, "first": first, "count": count})
            if isinstance(told, tuple):
                report.faults.append(told)
                first, lost = told[0] + 1, lost + 1
                continue
            first = count
            report.accepted += told.get("accepted", 0)
            report.longest_s = told.get("longest_s", 0.0)
            report.grown_mb = told.get("grown_mb", 0.0)
            report.faults += [(int(index), str(what)) for index, what in told["faults"]]
        return report

    def _job(self, job: dict[str, object]) -> dict[str, Any] | tuple[int, str]:
        """The report of a job, or at which case the process was lost, and how."""
        process = self._begun()
        assert process.stdin is not None
        process.stdin.write((json.dumps(job) + "\n").encode())
        process.stdin.flush()
        at = -1
        while True:
            line = self._line(process, loads=at < 0)
            if line.startswith(b"{"):
                return dict(json.loads(line))
            if not line.isdigit():
                how = line.decode()
                self._end()
                return at, f"{how}: {self._last_words()}"
            at = int(line)

    def _line(self, process: subprocess.Popen[bytes], *, loads: bool) -> bytes:
        """The next line; "died" or "hung" where there will be none."""
        assert process.stdout is not None
        since, spent = time.monotonic(), _spent_s(process.pid)
        patience_s, wait_s = (_LOADING_S,) * 2 if loads else (self._patience_s, _WAIT_S)
        while b"\n" not in self._held:
            ready, _, _ = select.select([process.stdout], [], [], 0.5)
            if ready:
                more = os.read(process.stdout.fileno(), 1 << 16)
                if not more:
                    return f"died with {process.wait()}".encode()
                self._held += more
            elif _spent_s(process.pid) - spent > patience_s or time.monotonic() - since > wait_s:
                return b"hung"
        line, _, self._held = self._held.partition(b"\n")
        return line

    def _begun(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
            self._process = subprocess.Popen(  # noqa: S603  # our own interpreter, our own code
                [sys.executable, "-m", "tests.damaged.child", self._folder.name],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            self._held = b""
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def _last_words(self) -> str:
        noise = Path(self._folder.name, "noise")
        return noise.read_text("utf-8", "replace")[-1500:] if noise.exists() else ""


def _spent_s(pid: int) -> float:
    """Processor time of a process."""
    words = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
