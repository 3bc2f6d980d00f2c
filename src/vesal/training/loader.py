"""Batches made ahead by other processes, in order."""

import os
import sys
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future
from itertools import islice

from vesal.errors import ConfigError
from vesal.training.batch import Batch, Source
from vesal.training.processes import processes

_AHEAD = 2  # batches that wait, beyond those being made


def loader(source: Source, numbers: Iterable[int], workers: int) -> Generator[Batch, None, None]:
    """The batches of those numbers, in that order; close it to end its processes.

    At most ``workers + 2`` batches are there at once, whoever is slow. The processes hold nothing
    but the source: what they read stays in the system's cache of files.

    Args:
        source: sent to each process once.
        numbers: may be without end.
        workers: processes that make batches; 0 makes each in this one when it is asked for.

    Raises:
        ConfigError: a negative number of workers.
        ResourceError: a process died, or the data cannot be read any more.
        VesalError: what the source raises.
    """
    if workers < 0:
        msg = f"workers must be 0 or more, got {workers}"
        raise ConfigError(msg)
    if workers == 0:
        for number in numbers:
            yield source.batch(number)
        return
    following = iter(numbers)
    with processes(workers, _begin, source) as pool:
        coming: deque[Future[Batch]] = deque(
            pool.submit(_batch, number) for number in islice(following, workers + _AHEAD)
        )
        while coming:
            batch = coming.popleft().result()
            coming.extend(pool.submit(_batch, number) for number in islice(following, 1))
            yield batch
            del batch  # this frame would hold it until the next one is there


_source: Source | None = None  # of a process that makes batches


def _begin(source: Source) -> None:
    global _source  # a process has no other place that its jobs can see
    _source = source
    # The other cores are the trainer's, or other workers'. Not every source needs torch.
    os.environ["OMP_NUM_THREADS"] = "1"  # for what is loaded later
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)


def _batch(number: int) -> Batch:
    if _source is None:
        msg = "a process that makes batches was not prepared"
        raise AssertionError(msg)
    return _source.batch(number)
