"""`vesal run` with more workers than there are here: a simulation of its queues.

    python benchmarks/cohort_simulation.py [--volumes 100000] [--workers 1 16 256]
        [--measured runs/cohort.json]

A worker starts and loads the model; then, case after case: the driver hands it a case, the storage
gives the image, a core reads and answers, the storage takes the result, the driver keeps the record
and syncs it. Driver and storage serve one case at a time, first come, first served; each worker has
a core of its own. docs/scaling.md says what is measured and what is assumed.
"""

import argparse
import heapq
import json
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What a case takes, and what it takes from others. Seconds and bytes."""

    compute_s: float
    """Of a worker's core: reading, answering, writing."""
    keep_s: float
    """Of the driver: taking the result, its line in the journal on the disk, the next case."""
    start_s: float = 4.0
    """Of a worker, before its first case: the interpreter, its imports, the model."""
    image_bytes: float = 0.0
    result_bytes: float = 0.0
    bandwidth: float = 1e9
    """Bytes a second of the storage that all workers share."""
    driver_s: float = 0.0
    """Of the driver once: start, prompt file, and in the end the report and the mosaic."""
    driver_case_s: float = 0.0
    """Of the driver a case, before the first and after the last: keys, report."""
    lost_an_hour: float = 0.0
    """How often a worker is lost in an hour; its case is done again by a new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """How a run would go.

    Attributes:
        seconds: from start to report.
        busy: share of that time in which each resource works, of workers their mean.
        lost: cases that were begun again.
    """

    seconds: float
    busy: dict[str, float]
    lost: int

    @property
    def bottleneck(self) -> str:
        """The resource that is busy for longest."""
        return max(self.busy, key=lambda name: self.busy[name])


class _Line:
    """What serves one case at a time."""

    def __init__(self) -> None:
        self.free, self.busy = 0.0, 0.0

    def serve(self, now: float, seconds: float) -> float:
        """When somebody who comes now has been served."""
        self.free = max(self.free, now) + seconds
        self.busy += seconds
        return self.free


class _Run:
    """A run as it goes on: what happens next, and who is busy."""

    def __init__(self, costs: Costs, volumes: int, random: Random) -> None:
        self.costs, self.left, self.random = costs, volumes, random
        self.driver, self.storage = _Line(), _Line()
        self.computed, self.lost, self.order, self.end = 0.0, 0, 0, 0.0
        self.events: list[tuple[float, int, Callable[[float], None]]] = []

    def after(self, when: float, what: Callable[[float], None]) -> None:
        """Let something happen then."""
        self.order += 1
        heapq.heappush(self.events, (when, self.order, what))

    def give(self, now: float) -> None:
        """A worker is free: it takes a case, if there is one, and waits for the image."""
        if self.left:
            self.left -= 1
            read_s = self.costs.image_bytes / self.costs.bandwidth
            self.after(self.storage.serve(now, read_s), self.compute)

    def compute(self, now: float) -> None:
        """The image is there; the worker may be lost while it works."""
        work_s = self.costs.compute_s
        rate = self.costs.lost_an_hour / 3600
        survives_s = self.random.expovariate(rate) if rate else work_s
        if survives_s < work_s:
            self.lost += 1
            self.left += 1
            self.computed += survives_s
            self.after(now + survives_s + self.costs.start_s, self.give)
        else:
            self.computed += work_s
            self.after(now + work_s, self.write)

    def write(self, now: float) -> None:
        """The result goes to the storage."""
        write_s = self.costs.result_bytes / self.costs.bandwidth
        self.after(self.storage.serve(now, write_s), self.keep)

    def keep(self, now: float) -> None:
        """The driver takes it down, then gives the worker the next case."""
        self.end = self.driver.serve(now, self.costs.keep_s)
        self.after(self.end, self.give)


def simulate(costs: Costs, volumes: int, workers: int, *, seed: int = 0) -> Forecast:
    """A run of so many volumes on so many workers.

    Args:
        costs: of each case.
        volumes: how many cases, all alike.
        workers: how many, each with a core.
        seed: of the losses.
    """
    going = _Run(costs, volumes, Random(seed))  # noqa: S311  # no secret
    opening_s = costs.driver_s / 2 + costs.driver_case_s * volumes / 2
    for _ in range(workers):
        going.after(opening_s + costs.start_s, going.give)
    while going.events:
        now, _, what = heapq.heappop(going.events)
        what(now)
    seconds = going.end + opening_s
    busy = {
        "workers": going.computed / (seconds * workers),
        "storage": going.storage.busy / seconds,
        "driver": (going.driver.busy + 2 * opening_s) / seconds,
    }
    return Forecast(seconds=seconds, busy=busy, lost=going.lost)


def saturating(costs: Costs) -> dict[str, float]:
    """From how many workers on each shared resource is always busy."""
    storage_s = (costs.image_bytes + costs.result_bytes) / costs.bandwidth
    cycle_s = costs.compute_s + storage_s + costs.keep_s
    shared = {"driver": costs.keep_s, "storage": storage_s}
    return {name: cycle_s / taken for name, taken in shared.items() if taken}


def table(costs: Costs, volumes: int, counts: list[int]) -> list[str]:
    """Lines of a Markdown table."""
    lines = ["| workers | hours | volumes a second | efficiency | workers busy | storage busy "
             "| driver busy | first bottleneck |", "|---|---|---|---|---|---|---|---|"]  # fmt: skip
    alone = simulate(costs, volumes, 1).seconds
    for workers in counts:
        made = simulate(costs, volumes, workers)
        cells = [
            f"{workers}",
            f"{made.seconds / 3600:,.2f}",
            f"{volumes / made.seconds:,.2f}",
            f"{alone / made.seconds / workers:.0%}",
            *(f"{made.busy[name]:.1%}" for name in ("workers", "storage", "driver")),
            made.bottleneck,
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def costs_of(measured: dict[str, float]) -> Costs:
    """What benchmarks/cohort.py has measured, as far as it is about costs."""
    known = {field.name for field in fields(Costs)}
    return Costs(**{name: value for name, value in measured.items() if name in known})


def main() -> None:
    """Print the forecast, and how it changes with what is assumed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--volumes", type=int, default=100_000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 16, 256])
    parser.add_argument("--measured", type=Path, default=Path("runs/cohort.json"))
    options = parser.parse_args()
    for name, measured in json.loads(options.measured.read_text())["costs"].items():
        costs = costs_of(measured)
        assumed = {
            "as measured, storage of 1 GB/s": costs,
            "storage of 100 MB/s": replace(costs, bandwidth=1e8),
            "a sync of 10 ms more, as on a network disk": replace(
                costs, keep_s=costs.keep_s + 0.01
            ),
            "each worker lost once an hour": replace(costs, lost_an_hour=1.0),
        }
        for what, one in assumed.items():
            full = ", ".join(f"{who} {n:,.0f}" for who, n in saturating(one).items())
            print(f"\n**{name}: {what}**; always busy from so many workers on: {full}\n")
            print("\n".join(table(one, options.volumes, options.workers)), flush=True)


if __name__ == "__main__":
    main()
