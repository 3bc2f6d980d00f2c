"""How long work tells that it advances: a callback, nothing more.

The command line draws a bar from it, the server streams it, tests count its calls.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

Progress = Callable[[int, int, str], None]
"""Called with (steps done, steps in all, what is being done)."""


def silent(done: int, total: int, text: str) -> None:
    """Ignore the report: the default wherever a progress can be given."""


@dataclass(slots=True)
class Counter:
    """A progress that remembers every report it was given, for tests."""

    reports: list[tuple[int, int, str]] = field(default_factory=list)

    def __call__(self, done: int, total: int, text: str) -> None:
        """Append the report to `reports`."""
        self.reports.append((done, total, text))

    @property
    def finished(self) -> bool:
        """True when the last report said that all steps are done."""
        return bool(self.reports) and self.reports[-1][0] == self.reports[-1][1]


def with_time_left(progress: Progress, clock: Callable[[], float] = time.monotonic) -> Progress:
    """The same progress, told also how long the rest will take.

    Args:
        progress: that is told.
        clock: seconds; what is left takes on average as long as what was done since the first call
            with this total.
    """
    since = (0, 0, 0.0)  # total, what was done at the first call with it, and when

    def told(done: int, total: int, text: str) -> None:
        nonlocal since
        now = clock()
        if total != since[0]:
            since = (total, done, now)
        _, before, started = since
        if before < done < total:
            left_s = (now - started) / (done - before) * (total - done)
            text = f"{text}, {_spoken(left_s)} left"
        progress(done, total, text)

    return told


def now_and_then(
    say: Callable[[str], None], every_s: float, clock: Callable[[], float] = time.monotonic
) -> Progress:
    """A progress in lines, for a log that is read the next morning.

    Args:
        say: takes a line, such as ``120/900 liver-120, 2 failed, 41 min left``.
        every_s: no two lines within this time, and none before it.
        clock: seconds.
    """
    last = clock()

    def told(done: int, total: int, text: str) -> None:
        nonlocal last
        if clock() - last >= every_s:
            last = clock()
            say(f"{done}/{total} {text}")

    return told


def _spoken(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes / 60:.1f} h"
