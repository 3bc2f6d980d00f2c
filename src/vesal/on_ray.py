"""Jobs done on a Ray cluster, as `workers.done_by_workers` does them on one machine.

All machines must see the data and the output folder under the same paths.
"""

import logging
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from vesal.errors import ResourceError

LOCAL = "local"
_AT_ONCE = 4  # jobs handed out for each processor, so that none waits for the driver

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")


def done_on_ray(
    function: Callable[[_Job], _Result], jobs: Sequence[_Job], address: str
) -> Iterator[tuple[_Job, _Result | None]]:
    """Each job with what the function makes of it, in the order in which they end.

    None where the process died in it; the others go on. A Ray that runs already is used and left
    alone; one that is started here is stopped at the end.

    Args:
        function: of a module that all machines have.
        jobs: started in this order, one processor each.
        address: of a cluster, as Ray takes it; "local" starts one of this machine's processors.

    Raises:
        ResourceError: Ray is not installed, or cannot be reached.
        Exception: what the function raises; the other jobs are given up.
    """
    if not jobs:
        return
    ray = _imported()
    ours = not ray.is_initialized()
    if ours:
        _start(ray, address)
    try:
        yield from _results(ray, function, jobs)
    finally:
        if ours:
            ray.shutdown()


def _imported() -> Any:  # noqa: ANN401  # the module itself, which is imported only when asked for
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would tell its makers
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else it warns of a change
    try:
        import ray
    except ModuleNotFoundError as error:
        msg = f"--ray needs {error.name}, which is not here: pip install 'vesal[ray]'"
        raise ResourceError(msg) from error
    return ray


def _start(ray: Any, address: str) -> None:  # noqa: ANN401
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Ray's own insides
            ray.init(
                address=address,
                include_dashboard=False if address == LOCAL else None,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
    except (ConnectionError, OSError, ValueError, RuntimeError) as error:
        msg = f"Ray at {address!r} cannot be reached ({error}); start it, or give --ray local"
        raise ResourceError(msg) from error


def _results(
    ray: Any,  # noqa: ANN401
    function: Callable[[_Job], _Result],
    jobs: Sequence[_Job],
) -> Iterator[tuple[_Job, _Result | None]]:
    task = ray.remote(num_cpus=1, max_retries=0)(function)
    most = _AT_ONCE * max(1, int(ray.cluster_resources().get("CPU", 1)))
    waiting = list(reversed(jobs))
    running: dict[Any, _Job] = {}
    while waiting or running:
        while waiting and len(running) < most:
            job = waiting.pop()
            running[task.remote(job)] = job
        ready, _ = ray.wait(list(running), num_returns=1)
        for one in ready:
            yield running.pop(one), _result(ray, one)


def _result(ray: Any, one: Any) -> Any:  # noqa: ANN401
    """What a job gave; None where its process died."""
    try:
        return ray.get(one)
    except (
        ray.exceptions.WorkerCrashedError,
        ray.exceptions.OutOfMemoryError,
        ray.exceptions.NodeDiedError,
    ):
        return None
    except ray.exceptions.RayTaskError as error:
        raise error.cause from error
