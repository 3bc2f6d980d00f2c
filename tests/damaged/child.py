"""The process that reads damaged files: it may crash, hang or run out of memory.

It takes jobs as lines of JSON, and tells the number of each case before it begins it, so that who
listens knows at which one it was lost. By hand it writes the file of a case:

    python -m tests.damaged.child KIND SEED INDEX COUNT
"""

import contextlib
import faulthandler
import json
import logging
import os
import resource
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

from tests.damaged.faulty import FAULTY
from tests.damaged.kind import Kind, Whole
from tests.damaged.mutations import mutated
from vesal.errors import VesalError

MOST_BYTES = 2 * 2**30
"""Memory that a damaged file may take beside what the process has already."""
_MOST_TOLD = 20


class Noise:
    """What is printed, warned and logged while files are read; vesal's own log is for its users."""

    def __init__(self, folder: Path) -> None:
        self._file = (folder / "noise").open("w+b", buffering=0)
        self.words: list[str] = []
        for stream in (1, 2):
            os.dup2(self._file.fileno(), stream)
        warnings.simplefilter("always")
        warnings.showwarning = lambda message, *_: self.words.append(f"warned: {message!r}")
        handler = logging.Handler(logging.WARNING)
        handler.emit = self._log  # type: ignore[method-assign]
        logging.getLogger().addHandler(handler)

    def _log(self, record: logging.LogRecord) -> None:
        if not record.name.startswith("vesal"):
            self.words.append(f"logged by {record.name}: {record.getMessage()}")

    def taken(self, kind: Kind) -> list[str]:
        """All since the last time, but what is printed where that cannot be helped."""
        words, self.words = self.words, []
        size = os.fstat(self._file.fileno()).st_size
        if size:
            printed = os.pread(self._file.fileno(), 400, 0)
            words += [] if kind.speaks else [f"printed: {printed!r}"]
            self._file.truncate(0)
            self._file.seek(0)
        return words


def fault(kind: Kind, case: Whole) -> tuple[bool, str]:
    """Whether a file is taken, and what is wrong with how it is taken or refused."""
    try:
        kind.read(case.opened or case.path)
    except VesalError as error:
        return False, _flaw(error, kind, case)
    except BaseException as error:  # noqa: BLE001  # whatever it is, it is told
        lines = traceback.format_exception(error, limit=-4)
        return False, f"{type(error).__name__}: {''.join(lines)[-1500:]}"
    return True, ""


def _flaw(error: VesalError, kind: Kind, case: Whole) -> str:
    """What is wrong with a refusal."""
    text = str(error)
    flaws = []
    if "\n" in text or "\r" in text or not text.strip():
        flaws.append("it is not one line, but several lines or none")
    names = {case.path.name, case.opened.name if case.opened else case.path.name}
    if kind.tells_name and not any(name in text for name in names):
        flaws.append("it does not name the file")
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, MemoryError):
            flaws.append("MemoryError behind it")
        cause = cause.__cause__
    return f"{', '.join(flaws)}: {type(error).__name__}: {text[:600]!r}" if flaws else ""


def run(job: dict[str, Any], folder: Path, noise: Noise, tell: int) -> dict[str, Any]:
    """Read some cases of a kind; what became of them."""
    name = job["kind"]
    kind = kind_of(name)
    case = made(kind, folder)
    case.path.write_bytes(case.wrap(case.core))
    taken, flaw = fault(kind, case)  # loads what is needed, before memory is counted
    if taken != kind.is_taken or flaw:
        return {"faults": [[-1, f"a whole file is not taken as it should be: {flaw}"]]}
    noise.taken(kind)
    faults: list[tuple[int, str]] = []
    accepted, longest_s = 0, 0.0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with _bounded_memory():
        for index in range(job["first"], job["count"]):
            os.write(tell, f"{index}\n".encode())
            case.path.write_bytes(
                case.wrap(mutated(case.core, name, job["seed"], index, job["count"]))
            )
            started = time.process_time()
            taken, flaw = fault(kind, case)
            longest_s = max(longest_s, time.process_time() - started)
            accepted += taken
            told = "; ".join(word for word in (flaw, *noise.taken(kind)) if word)
            if told and len(faults) < _MOST_TOLD:
                faults.append((index, told))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {
        "faults": faults,
        "accepted": accepted,
        "longest_s": longest_s,
        "grown_mb": grown / 1024,
    }


def kind_of(name: str) -> Kind:
    """A kind; what all of them need is loaded only for one of them."""
    if name in FAULTY:
        return FAULTY[name]
    from tests.damaged.kinds import KINDS

    return KINDS[name]


def made(kind: Kind, folder: Path) -> Whole:
    """A whole file in a folder of its own."""
    return kind.make(Path(tempfile.mkdtemp(dir=folder)))


@contextlib.contextmanager
def _bounded_memory() -> Any:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    size = pages * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (size + MOST_BYTES, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def serve(folder: Path) -> None:
    """Do jobs until there are no more."""
    tell = os.dup(1)
    noise = Noise(folder)
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for line in sys.stdin:
        report = run(json.loads(line), folder, noise, tell)
        os.write(tell, (json.dumps(report) + "\n").encode())


def write(name: str, seed: int, index: int, count: int) -> Path:
    """The file of one case, with what belongs to it."""
    case = made(kind_of(name), Path(tempfile.mkdtemp(prefix="fault-")))
    case.path.write_bytes(case.wrap(mutated(case.core, name, seed, index, count)))
    return case.opened or case.path


if __name__ == "__main__":
    if len(sys.argv) == 5:
        print(write(sys.argv[1], *map(int, sys.argv[2:])))  # noqa: T201  # by hand
    else:
        serve(Path(sys.argv[1]))
