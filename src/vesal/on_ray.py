"""Jobs done on a Ray cluster, as `workers.done_by_workers` does them on one machine.

All machines must see the data and the output folder under the same paths.
"""

import logging
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from vesal.errors import ResourceError
from vesal.extras import needing

LOCAL = "local"
_AT_ONCE = 4  # jobs handed out for each processor, so that none waits for the driver

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")


def done_on_ray(
    function: Callable[[_Job], _Result], jobs: Sequence[_Job], address: str, *, gpus: float = 0.0
) -> Iterator[tuple[_Job, _Result | None]]:
    """Each job with what the function makes of it, in the order in which they end.

    None where the process died in it; the others go on. A Ray that runs already is used and left
    alone; one that is started here is stopped at the end.

    Args:
        function: of a module that all machines have.
        jobs: started in this order, one processor each.
        address: of a cluster, as Ray takes it; "local" starts one of this machine's processors.
        gpus: that each job takes for itself; with a half, two share one.

    Raises:
        ResourceError: Ray is not installed, cannot be reached, or has no GPU for such jobs.
        Exception: what the function raises; the other jobs are given up.
    """
    if not jobs:
        return
    ray = _imported()
    ours = not ray.is_initialized()
    if ours:
        _start(ray, address)
    try:
        yield from _results(ray, function, jobs, gpus)
    finally:
        if ours:
            ray.shutdown()


def _imported() -> Any:  # noqa: ANN401  # the module itself, which is imported only when asked for
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would tell its makers
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else it warns of a change
    with needing("ray", "--ray"):
        import ray
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
    gpus: float,
) -> Iterator[tuple[_Job, _Result | None]]:
    here = ray.cluster_resources()
    if here.get("GPU", 0) < gpus:
        raise ResourceError("this Ray has no GPU; compute on the CPU, or add a machine with one")
    task = ray.remote(num_cpus=1, num_gpus=gpus, max_retries=0)(function)
    most = _AT_ONCE * max(1, int(here.get("CPU", 1)))
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
