"""Evaluates methods on a data set: jobs to workers, results to a folder, a report at the end."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vesal.datasets.find import find_pairs
from vesal.datasets.found import Found
from vesal.datasets.pair import Pair
from vesal.datasets.stamp import key_of
from vesal.errors import ConfigError
from vesal.evaluation.job import Job, Settings, lost_job, run_job
from vesal.evaluation.method import Submission
from vesal.evaluation.methods.choose import method
from vesal.evaluation.protocols.protocol import Protocol
from vesal.evaluation.results import Result, Results, rows_of
from vesal.evaluation.row import Row
from vesal.images.write import make_folder
from vesal.lock import alone
from vesal.models.cards import CARDS, Card
from vesal.progress import Progress, silent
from vesal.workers import done_by_workers, tried_twice

logger = logging.getLogger(__name__)

_DIED = "its process died: killed, out of memory, or a crash in a library"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """A method before it is built in a worker.

    Attributes:
        spec: the words that choose it.
        name: how it is called in tables.
        identity: what its answers depend on.
        prompts: kinds of prompts that it answers.
        whole_cases: whether it answers whole cases of the challenge, and nothing else.
        card: what is known of its training.
    """

    spec: str
    name: str
    identity: str
    prompts: tuple[str, ...]
    whole_cases: bool
    card: Card


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """All results, in the order of cases and, for each, of methods.

    Attributes:
        data: what was found in the data set.
        contestants: the methods.
        results: by (name of the method, name of the case).
        skipped: number of results that were there from an earlier run.
    """

    data: Found
    contestants: tuple[Contestant, ...]
    results: dict[tuple[str, str], Result]
    skipped: int

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows, case by case."""
        return tuple(rows_of(list(self.results.values())))

    @property
    def problems(self) -> dict[str, str]:
        """Cases that could not be read, and why."""
        return {case: one.problem for (_, case), one in self.results.items() if one.problem}

    @property
    def notes(self) -> tuple[str, ...]:
        """What deserves a warning, each once."""
        every = [note for one in self.results.values() for note in one.notes]
        return tuple(dict.fromkeys([*self.data.notes, *every]))


def contestants(specs: Sequence[str]) -> tuple[Contestant, ...]:
    """The methods of these words; each is built once, to see that it can be.

    Raises:
        ConfigError: no method at all, an unknown one, or two of one name.
        VesalError: weights that cannot be loaded.
    """
    if not specs:
        raise ConfigError("give at least one --model")
    found: list[Contestant] = []
    for spec in specs:
        built = method(spec)
        if built.name in {one.name for one in found}:
            msg = f"two models are called {built.name!r}; call one otherwise: NAME={spec}"
            raise ConfigError(msg)
        card = CARDS.get(spec.partition("=")[2] or spec, Card())
        found.append(
            Contestant(
                spec=spec,
                name=built.name,
                identity=built.identity,
                prompts=built.prompts,
                whole_cases=isinstance(built, Submission),
                card=card,
            )
        )
    return tuple(found)


def evaluate(
    data: Path | Found,
    specs: Sequence[str],
    folder: Path,
    settings: Settings,
    *,
    workers: int = 1,
    again: bool = False,
    progress: Progress = silent,
) -> Evaluated:
    """What the methods make of every case of a data set; results are kept as they come.

    A result that is in the folder, of the same method, files and settings, is not made again. A
    method that fails on an object is counted as having found nothing there; one that takes its
    process down twice, in all objects of the case. A case that cannot be read is left out and
    named. What died and what could not be read is tried again by the next run.

    Args:
        data: a folder, table or JSON (see `find_pairs`), or what was found there.
        specs: the methods (see `methods.choose`).
        folder: for results; made if it is not there, its parent must be.
        settings: the same for all cases.
        workers: processes at once; 0 does all in this one, without protection from crashes.
        again: make all results anew.
        progress: told of every job.

    Raises:
        InputError: no data, an unknown protocol or method, or another run is at work there.
        CheckpointError: weights that cannot be loaded.
        ResourceError: the disk refuses; what is done stays.
    """
    protocol = settings.chosen()
    found = find_pairs(data) if isinstance(data, Path) else data
    chosen = contestants(specs)
    _check_whole_cases(chosen, protocol)
    make_folder(folder)
    results = Results(folder, settings.protocol)
    names = {one.spec: one.name for one in chosen}
    with alone(results.folder):
        done, waiting = _sorted(_jobs(found.pairs, chosen, settings), names, results, again=again)
        for place, result in _made(waiting, names, workers, progress):
            results.keep(*place, result)
            done[place] = result
    order = [(one.name, pair.name) for pair in found.pairs for one in chosen]
    return Evaluated(
        data=found,
        contestants=chosen,
        results={place: done[place] for place in order},
        skipped=len(order) - len(waiting),
    )


def _check_whole_cases(chosen: Sequence[Contestant], protocol: Protocol) -> None:
    """Refuse submissions to the challenge under another protocol; raises ConfigError."""
    whole = [one.name for one in chosen if one.whole_cases]
    if whole and not protocol.together:
        msg = f"{whole[0]} answers whole cases of the challenge: use --protocol cvpr-2025"
        raise ConfigError(msg)


def _made(
    waiting: Sequence[Job], names: Mapping[str, str], workers: int, progress: Progress
) -> Iterator[tuple[tuple[str, str], Result]]:
    """Every job's result, in the order in which they end, and whose it is."""
    progress(0, len(waiting), "starting")

    def title(job: Job) -> str:
        return f"{job.pair.name}, {names[job.spec]}"

    done = tried_twice(lambda jobs: done_by_workers(run_job, jobs, workers), waiting, title)
    for number, (job, made) in enumerate(done, 1):
        result = made or lost_job(job, names[job.spec], _DIED)
        if result.problem:
            logger.warning("%s cannot be read: %s", job.pair.name, result.problem)
        yield (names[job.spec], job.pair.name), result
        progress(number, len(waiting), title(job))


def _sorted(
    jobs: Iterator[Job], names: Mapping[str, str], results: Results, *, again: bool
) -> tuple[dict[tuple[str, str], Result], list[Job]]:
    """What is there already, and what is still to be done."""
    done: dict[tuple[str, str], Result] = {}
    waiting: list[Job] = []
    for job in jobs:
        place = (names[job.spec], job.pair.name)
        old = None if again else results.of(*place, job.key)
        if old is None:
            waiting.append(job)
        else:
            done[place] = old
    return done, waiting


def _jobs(pairs: Sequence[Pair], chosen: Sequence[Contestant], settings: Settings) -> Iterator[Job]:
    protocol = settings.chosen()
    for pair in pairs:
        for one in chosen:
            seen = one.card.saw(pair.dataset)
            facts = (one.identity, protocol.name, protocol.version, settings, seen)
            key = key_of(pair, *facts)
            yield Job(spec=one.spec, pair=pair, settings=settings, seen=seen, key=key)
