"""Where the time of a case in `vesal run` goes: each part of it by itself, in one process.

    OMP_NUM_THREADS=1 python benchmarks/cohort_parts.py [--cases 4]

A case as a worker does it and the same as a plain loop does it (read, ask the model) take turns;
what is told is the median of processor seconds, which others on the machine disturb little.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch
from cohort_driver import synced_s

from cohort import cohort
from vesal.cohort.case import Case
from vesal.cohort.job import Job, run_job
from vesal.cohort.key import keys_of
from vesal.cohort.mosaic import write_mosaic
from vesal.cohort.prompt_file import read_cases
from vesal.cohort.report import write_report
from vesal.cohort.settings import Settings, load_named
from vesal.images import open_image
from vesal.models.promptable import Promptable
from vesal.session import Session


class Clock:
    """Processor seconds by name."""

    def __init__(self) -> None:
        self.taken: dict[str, list[float]] = {}

    def of(self, name: str, call: Callable[[], object]) -> object:
        """What the call gives."""
        started = time.process_time()
        result = call()
        self.taken.setdefault(name, []).append(time.process_time() - started)
        return result


def answered(case: Case, session: Session) -> None:
    """All objects of a case."""
    for number, wanted in enumerate(case.wanted):
        if number:
            session.new(wanted.name)
        prompts = [said.on(session.image.grid, voxel=case.voxel) for said in wanted.prompts]
        session.add(*prompts)


def parts(place: Path, name: str, count: int, model: Promptable, identity: str) -> str:
    """A row of the table."""
    cases = read_cases(cohort(place / name, name, count + 1).path)
    out = place / f"{name}-out"
    out.mkdir()
    settings = Settings(model="vesal-mini", identity=identity, threads=1)
    clock, entries = Clock(), {}
    for case, key in zip(cases, keys_of(cases, settings), strict=True):
        job = Job(item=case, key=key, folder=out, settings=settings)
        entries[case.name] = clock.of("job", lambda job=job: run_job(job))
        image = clock.of("read", lambda case=case: open_image(case.image))
        session = Session(image, model)
        clock.of("model", lambda case=case, one=session: answered(case, one))
        clock.of("write", lambda one=session: one.labels().save(out / "again.nii.gz"))
    mosaic = clock.of("mosaic", lambda: write_mosaic(cases, entries, out))
    assert mosaic
    clock.of("report", lambda: write_report(out, entries))
    taken = {part: seconds[1:] or seconds for part, seconds in clock.taken.items()}  # warm
    beside = median(
        (job - read - asked) / asked
        for job, read, asked in zip(taken["job"], taken["read"], taken["model"], strict=True)
    )
    shown = [f"{1e3 * median(taken[part]):.0f}" for part in ("read", "model", "write", "job")]
    drawn = 1e3 * taken["mosaic"][0] / len(cases)
    return f"| {name} | {' | '.join(shown)} | {beside:+.1%} | {drawn:.0f} |"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=4)
    options = parser.parse_args()
    torch.set_num_threads(1)
    imported = time.process_time()
    started = time.process_time()
    model, identity = load_named("vesal-mini", without_prompts=False)
    assert isinstance(model, Promptable)
    load_s = time.process_time() - started
    print(f"Of this process before the first case: {imported:.1f} s of imports, {load_s:.2f} s of "
          f"the model. Load of the machine: {os.getloadavg()[0]:.1f}.\n")  # fmt: skip
    print("| volumes | reading ms | model ms | writing ms | the whole case ms | beside reading and "
          "model | mosaic ms a picture |\n|---|---|---|---|---|---|---|")  # fmt: skip
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        place = Path(folder)
        for name in ("scan", "clinical"):
            print(parts(place, name, options.cases, model, identity), flush=True)
        print(f"\nOne sync of the journal: {1e3 * synced_s(place / 'probe', 475, 50):.1f} ms.")


if __name__ == "__main__":
    main()
