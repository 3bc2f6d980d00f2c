"""`vesal` with words, in a process that can be killed, and whose run can be held at a case.

Such a process and its workers are forked from ones that have loaded torch: loading it again for
each would take longer than the run.
"""

import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from unittest.mock import patch

from vesal.cli.main import main
from vesal.cohort.job import Job, run_job
from vesal.cohort.report import Entry

_LOADED = ["vesal.cohort.job", "tests.cohort.command"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A case that never ends, so that the run does not; a file says that it has begun."""

    name: str
    begun: Path


class Command:
    """A command at work; what it says is read at its end."""

    def __init__(self, words: Sequence[str], held: Held | None = None) -> None:
        context = multiprocessing.get_context("forkserver")
        self._output, output = context.Pipe(duplex=False)
        self._error, error = context.Pipe(duplex=False)
        given = (tuple(words), output, error, dict(os.environ), held)
        self._process = context.Process(target=_command, args=given)
        self._process.start()
        output.close()
        error.close()

    @property
    def pid(self) -> int:
        """Of the process."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def code(self) -> int | None:
        """Its exit code, None while it is at work."""
        return self._process.exitcode

    def ended(self) -> tuple[str, str]:
        """Wait until it and all its workers have gone; what was printed, and the errors."""
        said = _all_of(self._output), _all_of(self._error)
        self._process.join()
        return said

    def workers(self) -> list[int]:
        """The processes that do its cases: children of the one that they are forked from."""
        return [worker for child in _children(self.pid) for worker in _children(child)]


def _command(
    words: Sequence[str],
    output: Connection,
    error: Connection,
    environment: dict[str, str],
    held: Held | None,
) -> None:
    """What the process does: the command, as if it were started anew in that environment."""
    os.environ.update(environment)  # it has that of the process it is forked from
    for stream, connection in ((1, output), (2, error)):
        os.dup2(connection.fileno(), stream)
        connection.close()
    real = multiprocessing.get_context
    multiprocessing.set_forkserver_preload(_LOADED)
    with ExitStack() as patched:
        forked = patch.object(multiprocessing, "get_context", lambda _: real("forkserver"))
        patched.enter_context(forked)
        if held is not None:
            job = partial(_held_job, held=held)
            patched.enter_context(patch("vesal.cohort.run.run_job", job))
        sys.exit(main(words))


def _held_job(job: Job, held: Held) -> Entry:
    """What comes of a case, of all but one."""
    if job.item.name == held.name:
        held.begun.touch()
        time.sleep(600)
    return run_job(job)


def _all_of(connection: Connection) -> str:
    """All that is written to a pipe until nobody is left who could."""
    with open(connection.fileno(), "rb", closefd=False) as file:
        return file.read().decode()


def _children(pid: int) -> list[int]:
    """Those that a process has started; none if it has ended."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # it ends at this moment
            found += map(int, task.read_text().split())
    return found
