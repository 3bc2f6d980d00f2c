"""Processes that do jobs, each a life of its own: one that dies takes its job with it, no more."""

import itertools
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Generic, TypeVar, cast

from vesal.errors import ResourceError
from vesal.interrupts import unheard

logger = logging.getLogger(__name__)

_PATIENCE_S = 3.0  # what computes in C hears nothing before it is done

_TRIES = 3  # of starting a process, one after the other: a lack of memory may pass
_TURN = "VESAL_TURN"  # of a worker, in its environment

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")


def done_by_workers(
    function: Callable[[_Job], _Result], jobs: Sequence[_Job], workers: int
) -> Iterator[tuple[_Job, _Result | None]]:
    """Each job with what the function makes of it, in the order in which they end.

    None where the process died in it (killed, out of memory, a crash below Python); the others go
    on in new ones.

    Args:
        function: of a module, so that another process can import it.
        jobs: started in this order.
        workers: processes at once; 0 does all in this one.

    Raises:
        ResourceError: a process that cannot be started.
        Exception: what the function raises; the other jobs are given up.
    """
    if workers == 0:
        for job in jobs:
            yield job, function(job)
        return
    waiting, turns, lost = list(reversed(jobs)), itertools.count(), 0
    starting: list[_Worker[_Job, _Result]] = []
    busy: list[_Worker[_Job, _Result]] = []
    idle: list[_Worker[_Job, _Result]] = []
    try:
        while waiting or busy:
            busy += _given(waiting, idle)
            # All at once: each takes seconds to import what it works with.
            while len(starting) < min(workers - len(busy), len(waiting)):
                starting.append(_Worker(function, workers, next(turns)))
            ready = wait([worker.connection for worker in (*busy, *starting)])
            for worker in [w for w in starting if w.connection in ready]:
                starting.remove(worker)
                lost = 0 if worker.has_started() else lost + 1
                if lost == 0:
                    idle.append(worker)
                    continue
                worker.end()
                if lost >= _TRIES:
                    msg = "worker processes die when they start, of memory or what stands above"
                    raise ResourceError(msg)
            for worker in [w for w in busy if w.connection in ready]:
                busy.remove(worker)
                alive, job, result = worker.take()
                if alive:
                    idle.append(worker)
                yield job, result
    finally:
        _end_all([*starting, *busy, *idle])


def turn() -> int:
    """Which of the workers that were started this process is, from 0; 0 if it is none."""
    return int(os.environ.get(_TURN, "0"))


def tried_twice(
    do: Callable[[Sequence[_Job]], Iterator[tuple[_Job, _Result | None]]],
    jobs: Sequence[_Job],
    name: Callable[[_Job], str],
) -> Iterator[tuple[_Job, _Result | None]]:
    """Each job and its result, None if its process died twice: maybe it lacked memory once.

    Args:
        do: does jobs, as `done_by_workers`.
        jobs: those that die are done again after all others.
        name: of a job, for the log.
    """
    dead: list[_Job] = []
    for job, result in do(jobs):
        if result is None:
            logger.warning("%s took its process down; it is tried again", name(job))
            dead.append(job)
        else:
            yield job, result
    yield from do(dead)


def _given(
    waiting: list[_Job], idle: list["_Worker[_Job, _Result]"]
) -> list["_Worker[_Job, _Result]"]:
    """The idle workers that take a job now, off both lists; one that died meanwhile is ended."""
    given = []
    while waiting and idle:
        worker = idle.pop()
        if worker.give(waiting[-1]):
            waiting.pop()
            given.append(worker)
        else:
            worker.end()
    return given


def _end_all(workers: Sequence["_Worker[_Job, _Result]"]) -> None:
    """End all at once: however many they are, it takes as long as one."""
    for worker in workers:
        worker.ask_to_end()
    deadline = time.monotonic() + _PATIENCE_S
    for worker in workers:
        worker.wait_for_end(max(0.0, deadline - time.monotonic()))


class _Worker(Generic[_Job, _Result]):
    """A process, and this end of the pipe to it."""

    def __init__(self, function: Callable[[_Job], _Result], workers: int, turn: int) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would copy torch's threads
        self.connection, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, function, workers, turn), daemon=True
        )
        try:
            with unheard():
                self._process.start()
        except OSError as error:
            msg = f"no more processes can be started ({error.strerror}); take fewer workers"
            raise ResourceError(msg) from error
        theirs.close()
        self._job: _Job | None = None
        self._started = False

    def has_started(self) -> bool:
        """Take the word that it has started: from now on it is a job that it dies of."""
        with suppress(EOFError, ConnectionError):
            self.connection.recv()
            self._started = True
        return self._started

    def give(self, job: _Job) -> bool:
        """Send a job; False if nobody is there to take it."""
        try:
            self.connection.send(job)
        except OSError:
            return False
        self._job = job
        return True

    def take(self) -> tuple[bool, _Job, _Result | None]:
        """Whether the worker lives, the job that has ended, and its result if it lives."""
        job = cast("_Job", self._job)
        try:
            result = self.connection.recv()
        except (EOFError, OSError):  # in the middle of an answer, too
            self.end()
            return False, job, None
        self._job = None
        if isinstance(result, Exception):
            raise result
        return True, job, result

    def end(self) -> None:
        """Stop the process: politely, so that it stops what it has started; then for sure."""
        self.ask_to_end()
        self.wait_for_end(_PATIENCE_S)

    def ask_to_end(self) -> None:
        """Tell it to end. One that waits for a job leaves by itself when the pipe is closed."""
        self.connection.close()
        if self._job is not None or not self._started:
            self._process.terminate()

    def wait_for_end(self, seconds: float) -> None:
        """Wait so long at most, then stop it."""
        self._process.join(seconds)
        self._process.kill()
        self._process.join()


def _serve(
    connection: Connection, function: Callable[[_Job], _Result], workers: int, turn: int
) -> None:
    """What a worker does until the pipe is closed, as it is when the parent dies."""
    os.environ[_TURN] = str(turn)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # What computes with torch has imported it by now, with the function. More threads than cores
    # only wait for each other.
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // workers))
    connection.send(None)
    try:
        _serve_all(connection, function)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # nothing is left to be done in order


def _serve_all(connection: Connection, function: Callable[[_Job], _Result]) -> None:
    while True:
        try:
            job = connection.recv()
        except (EOFError, ConnectionError):
            return
        try:
            result: object = function(job)
        except Exception as error:  # noqa: BLE001  # handed over to the parent, which raises it
            result = error
        try:
            connection.send(result)
        except (BrokenPipeError, ConnectionError):  # the parent has died: nobody waits for it
            return


def _end_with_parent() -> None:
    """End this process when its parent has died, in the middle of a job too: nobody waits for it.

    What it would still write could fall into the next run.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_PATIENCE_S)
    os._exit(1)


def _leave(*_: object) -> None:
    """End this process the ordinary way, through everything that is to be done at last."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one would interrupt that
    raise SystemExit
