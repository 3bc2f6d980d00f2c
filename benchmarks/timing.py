"""How long a call took, and how much of the machine others had meanwhile."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

_TICKS_S = 1 / os.sysconf("SC_CLK_TCK")
_BUSY = (0, 1, 2, 5, 6, 7)  # /proc/stat: user, nice, system, interrupts, soft ones, stolen
_QUIET = 0.15  # of one core: what a machine does by itself, and the clock's ticks


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One timed call."""

    wall_s: float
    others: float
    """Cores that other processes kept busy during the call."""


def timed(call: Callable[[], object], repeats: int = 1) -> Sample:
    """Seconds for one of ``repeats`` calls in a row; Linux only."""
    busy, own, started = _busy_s(), time.process_time(), time.perf_counter()
    for _ in range(repeats):
        call()
    wall = time.perf_counter() - started
    others = (_busy_s() - busy - (time.process_time() - own)) / wall
    return Sample(wall_s=wall / repeats, others=max(0.0, others))


def typical_s(samples: list[Sample]) -> tuple[float, int]:
    """The median over the samples on a quiet machine and their number.

    With fewer than three of them: the median over all, and 0.
    """
    quiet = [s.wall_s for s in samples if s.others < _QUIET]
    if len(quiet) < 3:
        return median(s.wall_s for s in samples), 0
    return median(quiet), len(quiet)


def _busy_s() -> float:
    ticks = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:]
    return sum(int(ticks[i]) for i in _BUSY) * _TICKS_S
