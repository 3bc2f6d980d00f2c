"""Batches made ahead by other processes, in order."""

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice

from vesal.errors import ConfigError, ResourceError
from vesal.interrupts import unheard
from vesal.training.batch import Batch, Source

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
    with _processes(workers, source) as pool:
        coming: deque[Future[Batch]] = deque(
            _asked(pool, number) for number in islice(following, workers + _AHEAD)
        )
        while coming:
            batch = coming.popleft().result()
            coming.extend(_asked(pool, number) for number in islice(following, 1))
            yield batch
            del batch  # this frame would hold it until the next one is there


@contextmanager
def _processes(workers: int, source: Source) -> Iterator[ProcessPoolExecutor]:
    """So many new processes that have the source; all have ended when the context is left."""
    pool = ProcessPoolExecutor(
        max_workers=workers,
        mp_context=multiprocessing.get_context("spawn"),  # a fork would copy torch's threads
        initializer=_begin,
        initargs=(source,),
    )
    try:
        yield pool
    except BrokenProcessPool as error:
        msg = (
            "a process that makes batches ended early, usually because memory ran out; "
            "start again with fewer workers, which goes on where it stopped"
        )
        raise ResourceError(msg) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _asked(pool: ProcessPoolExecutor, number: int) -> Future[Batch]:
    with unheard():  # it may start a process
        return pool.submit(_batch, number)


_source: Source | None = None  # of a process that makes batches


def _begin(source: Source) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this one
    threading.Thread(target=_end_with_parent, daemon=True).start()
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


def _end_with_parent() -> None:
    """Leave at once when the parent is gone: one that was killed cannot say goodbye."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
