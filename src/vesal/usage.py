"""Time and memory of a step."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_RESET = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")


@dataclass(slots=True)
class Usage:
    """What a step took; filled in at its end."""

    seconds: float = 0.0
    """Wall time."""
    memory_mib: float = 0.0
    """Highest resident memory of this process: in the step on Linux, since its start on macOS.

    0 on Windows, where Python does not tell.
    """


@contextmanager
def measuring() -> Iterator[Usage]:
    """Measure what is done inside."""
    used = Usage()
    with suppress(OSError):
        _RESET.write_text("5", encoding="ascii")  # the peak begins anew (proc(5))
    started = time.perf_counter()
    try:
        yield used
    finally:
        used.seconds = time.perf_counter() - started
        used.memory_mib = _peak_mib()


def _peak_mib() -> float:
    try:
        lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    except (OSError, StopIteration, ValueError):
        if sys.platform == "win32":
            return 0.0
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (2**20 if sys.platform == "darwin" else 2**10)  # bytes there, KiB elsewhere
