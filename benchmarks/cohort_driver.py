"""What `vesal run` itself costs a case: the driver with thousands of cases that take no time.

    python benchmarks/cohort_driver.py [--cases 5000 20000]

A stand-in answers each case at once, through the same pipe to a worker process, the same journal
with its sync to the disk, and the same report. Beside it the same cohort all of whose images have
one name, and a second run that finds everything done. Prints a Markdown table; the cost of a case
must not grow with their number.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vesal.cohort.job import Job
from vesal.cohort.prompt_file import read_cases
from vesal.cohort.report import Entry, Row
from vesal.cohort.run import Hands, run
from vesal.cohort.settings import Settings
from vesal.workers import done_by_workers

SETTINGS = Settings(model="none", identity="none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant(Hands):
    """Hands that answer at once, from a process of their own."""

    def done(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Entry | None]]:
        """Each job as if it had found one object."""
        return done_by_workers(answered, jobs, self.workers)


def answered(job: Job) -> Entry:
    """What a case leaves in the journal, without the case."""
    name = job.item.name
    (Path(str(job.folder)) / f"{name}.nii.gz").touch()
    row = Row(case=name, image=str(job.item.image), object="liver", status="done", voxels=1234,
              volume_ml=33.3, score=0.9, stability=0.95, seconds=1.0,
              output=f"{name}.nii.gz")  # fmt: skip
    return Entry(key=job.key, rows=(row,), seconds=1.0, memory_mib=400.0, worker="here:1", loads=1)


def cohort(folder: Path, count: int) -> Path:
    """A prompt file about one click in each of so many images, a folder for each patient."""
    rows = ["image,object,kind,coordinates"]
    for number in range(count):
        patient = folder / f"patient{number:06}"
        patient.mkdir()
        (patient / "ct.nii.gz").touch()
        rows.append(f'{patient.name}/ct.nii.gz,liver,point,"12,-40,33"')
    (folder / "cases.csv").write_text("\n".join(rows) + "\n")
    return folder / "cases.csv"


def measured(count: int) -> str:
    """A row of the table."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        table = cohort(Path(folder), count)
        out = Path(folder) / "out"
        out.mkdir()
        before = peak_mib()
        started = time.perf_counter()
        cases = read_cases(table)
        read_s = time.perf_counter() - started
        wall, cpu = timed(lambda: run(cases, out, SETTINGS, hands=Instant(workers=1)))
        first_mib = peak_mib()
        again, _ = timed(lambda: run(cases, out, SETTINGS, hands=Instant(workers=1)))
        journal = (out / "journal.jsonl").stat().st_size
        sync = synced_s(Path(folder) / "probe", journal // count)
    cells = [
        f"{count:,}",
        f"{1e3 * read_s / count:.2f}",
        f"{1e3 * wall / count:.2f}",
        f"{1e3 * cpu / count:.2f}",
        f"{1e3 * sync:.2f}",
        f"{journal / count:,.0f}",
        f"{(first_mib - before) * 1024 / count:.1f}",
        f"{again:.1f}",
        f"{1e3 * again / count:.2f}",
    ]
    return f"| {' | '.join(cells)} |"


def timed(call: object) -> tuple[float, float]:
    """Wall and this process's own CPU seconds of a call."""
    assert callable(call)
    started, busy = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - started, time.process_time() - busy


def synced_s(path: Path, size: int, times: int = 200) -> float:
    """Seconds to append so many bytes to a file and wait for the disk."""
    with path.open("ab") as file:
        started = time.perf_counter()
        for _ in range(times):
            file.write(b"x" * size)
            file.flush()
            os.fsync(file.fileno())
        return (time.perf_counter() - started) / times


def peak_mib() -> float:
    """The most that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print the table; each size in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, nargs="+", default=[5_000, 20_000])
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(measured(options.one))
        return
    print(
        "| cases | prompt file ms a case | run ms a case | CPU of the driver | one sync "
        "| journal bytes a case | driver KiB a case | second run s | second run ms a case |"
    )
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    for count in options.cases:
        command = [sys.executable, __file__, "--one", str(count)]
        subprocess.run(command, check=True)  # noqa: S603


if __name__ == "__main__":
    main()
