"""From a data set as it came to a training set: two rounds of jobs, one decision between them.

Each case is read twice. Which part it goes to hangs on all others (twins, patients), and what is
written hangs on the part; so the first round looks, then it is decided, then the second one writes.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from vesal.curation.case import Case, died, left_out, make
from vesal.curation.checks import DIED, FAILURES
from vesal.curation.division import Division, divide, with_known_parts
from vesal.curation.journal import ROOMS, Journal
from vesal.curation.look import Look, Looked, look
from vesal.curation.output import check_outside, prepare, sweep, write_settings
from vesal.curation.row import Row
from vesal.curation.settings import Settings
from vesal.datasets import Found, Pair, find_pairs
from vesal.datasets.stamp import key_of
from vesal.on_ray import done_on_ray
from vesal.progress import Progress, silent
from vesal.workers import done_by_workers, tried_twice

_Job = TypeVar("_Job", Look, Case)
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Curated:
    """A curated data set.

    Attributes:
        output: its folder.
        data: what was found in the source.
        rows: one for each mask that was looked at, by case, structure and piece.
        division: which part each case went to, and which are twins.
        notes: what deserves a warning.
        skipped: cases that were there from an earlier run.
    """

    output: Path
    data: Found
    rows: tuple[Row, ...]
    division: Division
    notes: tuple[str, ...]
    skipped: int

    @property
    def kept(self) -> tuple[Row, ...]:
        """The rows of masks that were written."""
        return tuple(row for row in self.rows if not row.reason)

    @property
    def failed(self) -> tuple[Row, ...]:
        """The rows of cases that could not be read; another run tries them again."""
        return tuple(row for row in self.rows if row.reason in FAILURES)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hands:
    """Who does the jobs, and who hears of it."""

    workers: int
    ray: str
    progress: Progress

    def done(
        self, function: Callable[[_Job], _Result], jobs: Sequence[_Job], before: int, total: int
    ) -> Iterator[tuple[_Job, _Result | None]]:
        """Each job and its result, None if its process died twice.

        Args:
            function: that does a job.
            jobs: to be done.
            before: steps done earlier.
            total: steps in all.
        """
        done = tried_twice(partial(self._once, function), jobs, lambda job: job.pair.name)
        for number, (job, result) in enumerate(done, before + 1):
            yield job, result
            self.progress(number, total, job.pair.name)

    def _once(
        self, function: Callable[[_Job], _Result], jobs: Sequence[_Job]
    ) -> Iterator[tuple[_Job, _Result | None]]:
        if self.ray:
            return done_on_ray(function, jobs, self.ray)
        return done_by_workers(function, jobs, self.workers)


def curate(
    source: Path,
    output: Path,
    settings: Settings,
    *,
    channel: int = 0,
    modality: str = "",
    workers: int = 1,
    ray: str = "",
    progress: Progress = silent,
) -> Curated:
    """Make a training set by published rules; what an earlier run has made is kept.

    The result follows from the data and the settings alone: not from who does it, how many, in
    which order, or how often they were killed. A case that cannot be read costs one row.

    Args:
        source: a folder or table, see `find_pairs`.
        output: folder of the training set; made if it is not there, its parent must be.
        settings: the rules and all else.
        channel: which image of a case of nnU-Net that has several.
        modality: of cases that say none, such as "CT".
        workers: processes at once; 0 does all in this one, without protection from crashes.
        ray: address of a Ray cluster, or "local"; processes of our own without it.
        progress: told of every job.

    Raises:
        ConfigError: no data; parts of unknown names; the output lies in the data or holds something
            else; the shares make no sense.
        ResourceError: the disk refuses, or Ray cannot be reached; what is done stays.
    """
    check_outside(output, source)
    data = find_pairs(source, channel=channel)
    found = replace(data, pairs=_completed(data.pairs, source, modality))
    journal = prepare(output, found, settings.rules.name)
    hands = _Hands(workers=workers, ray=ray, progress=progress)
    with journal.alone():
        return _curated(found, output, settings, journal, hands)


def _curated(
    found: Found, output: Path, settings: Settings, journal: Journal, hands: _Hands
) -> Curated:
    """Both rounds, and what is to be done when all cases are known."""
    hands.progress(0, 2 * len(found.pairs), "looking")
    looked = _looked(found.pairs, settings, journal, hands)
    usable = [pair for pair in found.pairs if not looked[pair.name].reason]
    division = divide(
        usable,
        looked,
        dict(settings.shares),
        seed=settings.seed,
        most_different=settings.checks.twin_difference,
    )
    ready = replace(settings, rules=settings.rules.prepare(_names(usable, looked)))
    made, skipped = _made(usable, division, ready, output, journal, hands)
    rows = tuple(sorted([*made, *_outside(found.pairs, looked, division)], key=_place))
    ready.rules.finish(rows, output)
    sweep(output, rows)
    write_settings(output, settings)
    notes = [f"{pair.name}: {note}" for pair in found.pairs for note in looked[pair.name].notes]
    if any(row.mask for row in rows) and not any(row.mask and row.part == "train" for row in rows):
        notes.append("no case is for training: with few patients say --shares train=1")
    return Curated(
        output=output,
        data=found,
        rows=rows,
        division=division,
        notes=(*found.notes, *notes),
        skipped=skipped,
    )


def _completed(pairs: Sequence[Pair], source: Path, modality: str) -> tuple[Pair, ...]:
    """Cases with a known part, a modality where one was given, and the name of a data set."""
    return tuple(
        replace(
            pair,
            dataset=pair.dataset or source.resolve().stem,
            modality=pair.modality or modality.upper(),
        )
        for pair in with_known_parts(pairs)
    )


def _looked(
    pairs: Sequence[Pair], settings: Settings, journal: Journal, hands: _Hands
) -> dict[str, Looked]:
    """The first round: what is in each case, by its name."""
    found: dict[str, Looked] = {}
    jobs: list[Look] = []
    keys = {
        pair.name: key_of(pair, settings.checks, settings.resample, rooms=ROOMS) for pair in pairs
    }
    for pair in pairs:
        old = journal.looked(pair, keys[pair.name])
        if old is not None:
            found[pair.name] = old
        else:
            jobs.append(Look(pair=pair, checks=settings.checks, resample=settings.resample))
    for job, result in hands.done(look, jobs, len(found), 2 * len(pairs)):
        pair = job.pair
        found[pair.name] = result or Looked(reason=DIED, detail=died(pair, "").detail)
        if found[pair.name].reason not in FAILURES:
            journal.keep_look(pair, keys[pair.name], found[pair.name])
    return found


def _made(
    pairs: Sequence[Pair],
    division: Division,
    settings: Settings,
    output: Path,
    journal: Journal,
    hands: _Hands,
) -> tuple[list[Row], int]:
    """The second round: the rows of all cases that are used, and how many were there already."""
    rows: list[Row] = []
    jobs: list[Case] = []
    used = [pair for pair in pairs if pair.name in division.parts]
    facts = replace(settings, shares=(), seed=0)
    keys = {pair.name: key_of(pair, facts, division.parts[pair.name], rooms=ROOMS) for pair in used}
    for pair in used:
        old = journal.rows(pair, keys[pair.name], output)
        if old is not None:
            rows += old
        else:
            part = division.parts[pair.name]
            jobs.append(Case(pair=pair, part=part, settings=settings, output=output.absolute()))
    total = 2 * len(used)
    for job, result in hands.done(make, jobs, total - len(jobs), total):
        pair = job.pair
        own = (died(pair, job.part),) if result is None else result
        rows += own
        if not any(row.reason in FAILURES for row in own):
            journal.keep_rows(pair, keys[pair.name], own)
    return rows, len(used) - len(jobs)


def _names(pairs: Sequence[Pair], looked: dict[str, Looked]) -> dict[str, tuple[str, ...]]:
    """The names of all structures that can be used, by data set, in order."""
    found: dict[str, set[str]] = {}
    for pair in pairs:
        found.setdefault(pair.dataset, set()).update(looked[pair.name].structures)
    return {dataset: tuple(sorted(found[dataset])) for dataset in sorted(found)}


def _outside(pairs: Sequence[Pair], looked: dict[str, Looked], division: Division) -> Iterator[Row]:
    """A row for each case that is not used."""
    for pair in pairs:
        reason, detail = looked[pair.name].reason, looked[pair.name].detail
        if not reason and pair.name in division.out:
            reason, detail = division.out[pair.name]
        if reason:
            yield left_out(pair, pair.part, reason, detail)


def _place(row: Row) -> tuple[str, ...]:
    """The order of the catalogue."""
    return row.dataset, row.case, row.structure, row.piece, row.reason, row.detail
