"""Who may use the model next: one at a time, and users in turn.

All bookkeeping happens on the event loop; only the work itself runs in the one worker thread. Who
asks often does not come more often: each user has a line of his own, and the lines take turns.
"""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from vesal.progress import Progress
from vesal.server.refusals import BusyError

_Result = TypeVar("_Result")
_USUAL_S = 0.5  # of work, before any was measured
_MEMORY = 0.8  # of the mean: how much of it is the past


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How many pieces of work come before one's own."""

    ahead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Working:
    """How far one's own work is."""

    done: int
    total: int
    text: str


Told = Callable[[Waiting | Working | None], None]
"""Called on the event loop; with None when nothing is waited for any more."""


class _StoppedError(Exception):
    """Nobody waits for the answer any more."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Job:
    """A piece of work in a line."""

    work: Callable[[Progress], Any]
    told: Told
    future: "asyncio.Future[Any]"
    asked_at: float
    loop: asyncio.AbstractEventLoop
    running: "asyncio.Future[Any] | None" = None
    stopped: bool = False
    duration_s: float = 0.0

    def run(self) -> object:
        """Do the work, in the worker thread."""
        started = time.monotonic()
        try:
            return self.work(self._progress)
        finally:
            self.duration_s = time.monotonic() - started

    def _progress(self, done: int, total: int, text: str) -> None:
        if self.stopped:
            raise _StoppedError
        self.loop.call_soon_threadsafe(self.told, Working(done=done, total=total, text=text))


@dataclass(slots=True, kw_only=True)
class Turns:
    """The lines before one device.

    Attributes:
        limit: pieces of work that may wait.
        waited: told of each piece of work how long it waited, in seconds.
    """

    limit: int
    waited: Callable[[float], None] = lambda _: None
    _lines: "OrderedDict[str, deque[_Job]]" = field(default_factory=OrderedDict)
    _running: bool = False
    _mean_s: float = _USUAL_S
    _thread: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="vesal-model")
    )

    @property
    def waiting(self) -> int:
        """Pieces of work that wait."""
        return sum(len(line) for line in self._lines.values())

    async def take(
        self, user: str, work: Callable[[Progress], _Result], told: Told = lambda _: None
    ) -> _Result:
        """The result of a piece of work, after its turn has come.

        If the caller is cancelled, work that waits is taken out of its line, and work that runs is
        stopped when it next reports progress.

        Args:
            user: whose line it joins.
            work: called in the worker thread with a progress.
            told: hears of the place in the line and of the progress.

        Raises:
            BusyError: too many wait.
            VesalError: as the work does.
        """
        if self.waiting >= self.limit:
            seconds = max(1, round(self._mean_s * self.waiting))
            msg = f"{self.waiting} requests wait for the model already; try again in {seconds} s"
            raise BusyError(msg, seconds)
        loop = asyncio.get_running_loop()
        job = _Job(
            work=work, told=told, future=loop.create_future(), asked_at=time.monotonic(), loop=loop
        )
        self._lines.setdefault(user, deque()).append(job)
        self._start()
        self._tell()
        try:
            result: _Result = await job.future
        except asyncio.CancelledError:
            self._leave(user, job)
            if job.running is not None:
                await asyncio.wait({job.running})  # what it works on is not free before
            raise
        finally:
            told(None)
        return result

    def close(self) -> None:
        """Let nobody in any more; what runs is stopped at its next progress."""
        for line in self._lines.values():
            for job in line:
                job.future.cancel()
        self._lines.clear()
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _start(self) -> None:
        if self._running or not self._lines:
            return
        user, line = self._lines.popitem(last=False)
        job = line.popleft()
        if line:
            self._lines[user] = line  # to the end: the others come first
        self._running = True
        self.waited(time.monotonic() - job.asked_at)
        job.running = job.loop.run_in_executor(self._thread, job.run)
        job.running.add_done_callback(lambda future: self._end(job, future))

    def _end(self, job: _Job, done: "asyncio.Future[Any]") -> None:
        self._running = False
        self._mean_s = _MEMORY * self._mean_s + (1 - _MEMORY) * job.duration_s
        error = None if done.cancelled() else done.exception()
        if job.future.done() or done.cancelled():
            job.future.cancel()
        elif error is not None:
            job.future.set_exception(error)
        else:
            job.future.set_result(done.result())
        self._start()
        self._tell()

    def _leave(self, user: str, job: _Job) -> None:
        job.stopped = True
        line = self._lines.get(user)
        if line is not None and job in line:
            line.remove(job)
            if not line:
                del self._lines[user]

    def _tell(self) -> None:
        """Tell all who wait how many come before them: line by line, the first of each."""
        ahead = int(self._running)
        rounds = [list(line) for line in self._lines.values()]
        for turn in range(max((len(line) for line in rounds), default=0)):
            for line in rounds:
                if turn < len(line):
                    line[turn].told(Waiting(ahead=ahead))
                    ahead += 1
