"""One case, as it is given to a process: what it does, and what it leaves behind."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from vesal.cohort.automatic import scan_rows
from vesal.cohort.images import Images
from vesal.cohort.key import Item
from vesal.cohort.place import Place
from vesal.cohort.prompted import case_rows
from vesal.cohort.report import Entry, Row
from vesal.cohort.results import results_of
from vesal.cohort.scan import Scan
from vesal.cohort.settings import Settings, loads
from vesal.cohort.stage import Stage
from vesal.usage import measuring


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A case, where its results go, and how it is done."""

    item: Item
    key: str
    folder: Place
    settings: Settings
    attempt: int = 1


def run_job(job: Job) -> Entry:
    """Segment a case and write its results, each whole or not at all; what came of it.

    Raises:
        VesalError: what stops the whole run: no model, a full disk, a place that does not answer.
    """
    with measuring() as used, Stage() as stage:
        folder = stage.results(job.folder)
        if isinstance(job.item, Scan):
            rows = scan_rows(job.item, stage, folder, job.settings)
        else:
            rows = case_rows(job.item, _images(), stage, folder, job.settings)
        sizes = _handed_over(rows, folder, job.folder)
        rows = _with_older(rows, job)
    return Entry(
        key=job.key,
        rows=rows,
        attempts=job.attempt,
        seconds=round(used.seconds, 3),
        memory_mib=round(used.memory_mib, 1),
        worker=f"{platform.node()}:{os.getpid()}",
        loads=loads(),
        sizes=sizes,
    )


def lost_job(job: Job) -> Entry:
    """What came of a case in which its process died."""
    row = Row(
        case=job.item.name,
        image=str(job.item.image),
        object="",
        status="failed",
        message="its process died, as one does that is killed, crashes or lacks memory",
    )
    return Entry(key=job.key, rows=(row,), attempts=job.attempt)


@lru_cache(maxsize=1)
def _images() -> Images:
    return Images()


def _handed_over(rows: Sequence[Row], written: Path, folder: Place) -> dict[str, int]:
    """Bring results to their address, and give their bytes; on a disk they lie there already."""
    names = dict.fromkeys(row.output for row in rows if row.output)
    if not isinstance(folder, Path):
        for name in names:
            (folder / name).put(written / name)
    return {name: (written / name).stat().st_size for name in names}


def _with_older(rows: Sequence[Row], job: Job) -> tuple[Row, ...]:
    """The rows, of which failed ones note a result that an earlier run left under their name."""
    if all(row.status == "done" for row in rows):
        return tuple(rows)
    written = {row.output for row in rows if row.output}
    names = results_of(job.item, job.settings.suffix, each=job.settings.each)
    older = [name for name in names if name not in written and (job.folder / name).exists()]
    if not older:
        return tuple(rows)
    note = f"left from an earlier run: {', '.join(older)}"
    return tuple(replace(row, notes=note) if row.status == "failed" else row for row in rows)
