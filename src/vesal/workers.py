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
from multiprocessing.connection import Connection, wait
from typing import Generic, TypeVar, cast

from vesal.errors import ResourceError

logger = logging.getLogger(__name__)

_PATIENCE_S = 3.0  # what computes in C hears nothing before it is done

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
    waiting, turns = list(reversed(jobs)), itertools.count()
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
            started = [worker for worker in starting if worker.connection in ready]
            for worker in started:
                worker.check_started()
                starting.remove(worker)
            idle += started
            for worker in [w for w in busy if w.connection in ready]:
                busy.remove(worker)
                alive, job, result = worker.take()
                if alive:
                    idle.append(worker)
                yield job, result
    finally:
        for worker in (*starting, *busy, *idle):
            worker.end()


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


class _Worker(Generic[_Job, _Result]):
    """A process, and this end of the pipe to it."""

    def __init__(self, function: Callable[[_Job], _Result], workers: int, turn: int) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would copy torch's threads
        self.connection, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, function, workers, turn), daemon=True
        )
        self._process.start()
        theirs.close()
        self._job: _Job | None = None
        self._started = False

    def check_started(self) -> None:
        """Take the word that it has started: from now on it is a job that it dies of.

        Raises:
            ResourceError: it died before.
        """
        try:
            self.connection.recv()
        except (EOFError, ConnectionError) as error:
            msg = "a worker process cannot be started; its own message stands above"
            raise ResourceError(msg) from error
        self._started = True

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
        """Stop the process: politely, so that it stops what it has started; then for sure.

        One that waits for a job leaves by itself when the pipe is closed.
        """
        self.connection.close()
        if self._job is not None or not self._started:
            self._process.terminate()
        self._process.join(_PATIENCE_S)
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
    os.kill(os.getpid(), signal.SIGKILL)


def _leave(*_: object) -> None:
    """End this process the ordinary way, through everything that is to be done at last."""
    raise SystemExit
