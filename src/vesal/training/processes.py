"""Processes that work for this one and end with it, whichever way it ends."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

from vesal.errors import ResourceError


@contextmanager
def processes(
    workers: int, prepare: Callable[..., None] | None = None, *given: object
) -> Iterator[ProcessPoolExecutor]:
    """So many new processes; all have ended when the context is left.

    Args:
        workers: at least 1.
        prepare: a function of a module, called once in each process before its first job.
        given: to that function.

    Raises:
        ResourceError: a process died, of a lack of memory or from outside.
    """
    pool = ProcessPoolExecutor(
        max_workers=workers,
        mp_context=multiprocessing.get_context("spawn"),  # a fork would copy torch's threads
        initializer=_begin,
        initargs=(prepare, given),
    )
    try:
        yield pool
    except BrokenProcessPool as error:
        msg = (
            "a process that prepares data ended early, usually because memory ran out; "
            "start again with fewer workers, which goes on where it stopped"
        )
        raise ResourceError(msg) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin(prepare: Callable[..., None] | None, given: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this one
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if prepare is not None:
        prepare(*given)


def _end_with_parent() -> None:
    """Leave at once when the parent is gone: one that was killed cannot say goodbye."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
