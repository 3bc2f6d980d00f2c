"""Runs the cases of a cohort, here or on many machines; what is done is never lost or done twice.

Who does a case does not matter to its result. Only this process writes the journal, and a case is
in it after its results lie where they stay.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from vesal.cohort.job import Job, lost_job, run_job
from vesal.cohort.journal import Journal, opened
from vesal.cohort.key import Item, keys_of
from vesal.cohort.place import Place
from vesal.cohort.report import Entry, write_report
from vesal.cohort.results import check_results, remove_leftovers
from vesal.cohort.settings import Settings
from vesal.errors import ResourceError
from vesal.on_ray import done_on_ray
from vesal.progress import Progress, silent
from vesal.terminal import one_line
from vesal.workers import done_by_workers

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """Who does the cases.

    Attributes:
        workers: processes at once; 0 does all in this one, without protection from crashes.
        ray: address of a Ray cluster, or "local"; processes of our own without it.
        gpus: of the cluster, that each case takes for itself.
        attempts: how often a case is tried; one that fails each of several times is quarantined.
    """

    workers: int = 0
    ray: str = ""
    gpus: float = 0.0
    attempts: int = 1

    def done(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Entry | None]]:
        """Each job with what came of it, None where its process died."""
        if self.ray:
            return done_on_ray(run_job, jobs, self.ray, gpus=self.gpus)
        return done_by_workers(run_job, jobs, self.workers)


HERE = Hands()
"""One case after the other, in this process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended.

    Attributes:
        done: cases that were segmented now.
        failed: cases in which something did not work, and that the next run tries again.
        quarantined: cases in which it did not work the last time that is granted, now or before.
        skipped: cases that were done before.
        report: the table for people.
        entries: what came of every case, in their order.
    """

    done: int
    failed: int
    quarantined: int
    skipped: int
    report: Place
    entries: dict[str, Entry]


def run(
    items: Sequence[Item],
    folder: Place,
    settings: Settings,
    *,
    hands: Hands = HERE,
    again: bool = False,
    keep: Sequence[Place] = (),
    progress: Progress = silent,
) -> Outcome:
    """Segment all cases into a folder, with a report in it.

    A case that was done with the same prompts, model and image is skipped; one that fails is
    reported and the others go on. A result is there whole or not at all, and is in the journal
    only after that. The report is written at the end, however the run ends, short of a kill.

    Args:
        items: in this order.
        folder: for results and report; it exists.
        settings: the same for all; other processes need a model by its name.
        hands: who does them.
        again: do again what was done, and what is quarantined.
        keep: files that no result may replace, beside images and masks of the cases.
        progress: told of every case.

    Raises:
        ConfigError: another run that is at work in the folder, or results that would replace what
            is read, or files of the run itself.
        ResourceError: the folder is full or may not be written to, an address does not answer, or
            Ray cannot be reached; what is done stays.
    """
    check_results(items, folder, settings.suffix, each=settings.each, keep=keep)
    with opened(folder) as journal:
        if isinstance(folder, Path):
            remove_leftovers(folder)
        keys = dict(zip([item.name for item in items], keys_of(items, settings), strict=True))
        jobs = _jobs(items, keys, folder, settings, journal, again=again)
        try:
            _do(jobs, hands, journal, len(items), progress)
        except BaseException:
            with suppress(ResourceError):  # what has stopped the run is what is told
                write_report(folder, journal.entries(keys))
            raise
        entries = journal.entries(keys)
        report = write_report(folder, entries)
    return _outcome(entries, {job.item.name for job in jobs}, report)


def _do(
    jobs: Sequence[Job], hands: Hands, journal: Journal, total: int, progress: Progress
) -> None:
    """Do the jobs, and take down what comes of each."""
    ended, failed = total - len(jobs), 0
    progress(ended, total, "starting")
    for job, entry, final in _entries(jobs, hands):
        journal.add(job.item.name, entry)
        if final:
            ended += 1
            failed += entry.failed or entry.quarantined
            told = f"{job.item.name}, {failed} failed" if failed else job.item.name
            progress(ended, total, told)
    progress(total, total, "done")


def _jobs(
    items: Sequence[Item],
    keys: Mapping[str, str],
    folder: Place,
    settings: Settings,
    journal: Journal,
    *,
    again: bool,
) -> list[Job]:
    """What is left to do; paths are whole, as other processes may be elsewhere."""
    size_of = _sizes(folder)
    whole = folder.absolute() if isinstance(folder, Path) else folder
    return [
        Job(item=item, key=keys[item.name], folder=whole, settings=settings)
        for item in items
        if again or not _is_done(journal.entry(item.name), keys[item.name], size_of)
    ]


def _is_done(entry: Entry | None, key: str, size_of: Callable[[str], int | None]) -> bool:
    """Whether a case is left alone: done or quarantined under this very key, its files whole there.

    One that failed before the run was stopped has all its attempts again: maybe it was the stop.
    """
    if entry is None or entry.key != key or entry.failed:
        return False
    written = {row.output for row in entry.rows if row.output}
    return written <= entry.sizes.keys() and all(
        size_of(name) == size for name, size in entry.sizes.items()
    )


def _sizes(folder: Place) -> Callable[[str], int | None]:
    """Tells the bytes of a result in a folder, or one that lay at an address; None of no file."""
    if not isinstance(folder, Path):
        return folder.sizes().get

    def size_of(name: str) -> int | None:
        try:
            return (folder / name).stat().st_size
        except OSError:
            return None

    return size_of


def _entries(jobs: Sequence[Job], hands: Hands) -> Iterator[tuple[Job, Entry, bool]]:
    """Each job with what came of it, and whether that is the last word.

    What fails is tried again after all others: maybe it lacked memory once.
    """
    waiting = list(jobs)
    while waiting:
        failed: list[Job] = []
        for job, result in hands.done(waiting):
            entry = result or lost_job(job)
            final = not entry.failed or job.attempt >= hands.attempts
            if result is None:
                logger.warning("%s failed: %s", one_line(job.item.name), entry.rows[0].message)
            if not final:
                logger.warning("%s is tried again", one_line(job.item.name))
                failed.append(replace(job, attempt=job.attempt + 1))
            elif entry.failed and hands.attempts > 1:
                entry = _quarantined(entry)
            yield job, entry, final
        waiting = failed


def _quarantined(entry: Entry) -> Entry:
    rows = tuple(
        replace(row, status="quarantined") if row.status == "failed" else row for row in entry.rows
    )
    return replace(entry, rows=rows)


def _outcome(entries: dict[str, Entry], begun: set[str], report: Place) -> Outcome:
    failed = sum(entry.failed for entry in entries.values())
    quarantined = sum(entry.quarantined for entry in entries.values())
    right = [name for name, one in entries.items() if not one.failed and not one.quarantined]
    done = sum(name in begun for name in right)
    return Outcome(
        done=done,
        failed=failed,
        quarantined=quarantined,
        skipped=len(right) - done,
        report=report,
        entries=entries,
    )
