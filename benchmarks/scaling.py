"""What a full training run of a paper would cost on many GPUs: measured here, then scaled.

    OMP_NUM_THREADS=2 python benchmarks/scaling.py [sam-med3d-1 ...] [--json runs/scaling.json]

Measured, for one sample of each recipe at its full size: operations of a training step (counted by
torch), its seconds on this CPU, seconds of processor that the simulated user and the making of a
sample take, bytes that a sample keeps for the way back, those of weights and optimiser. Assumed and
printed: `ASSUMED`. docs/scaling.md says what follows, and where it may be wrong.
"""

import argparse
import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from pipeline import pairs
from torch.utils.flop_counter import FlopCounterMode

from vesal.models.build import build
from vesal.training.batch import Batch
from vesal.training.lessons import prompted
from vesal.training.recipe import Recipe
from vesal.training.recipes import RECIPES
from vesal.training.sources.pairs import Pairs
from vesal.training.store import prepare

SAMPLES = {"sam-med3d-1": 131_000, "sam-med3d-2": 75_000, "sam-med2d": 3_680_000,
           "sam-unet": 3_018_000}  # fmt: skip
"""Masks (SAM-Med3D) or images (80 % of 4.6 million; of the 3.77 million released) of an epoch."""

CASES = {"sam-med3d-1": 22_000, "sam-med3d-2": 22_000, "sam-med2d": 4_600_000,
         "sam-unet": 3_772_000}  # fmt: skip

TOGETHER = {"sam-med3d-1": 240, "sam-med3d-2": 240, "sam-med2d": 400, "sam-unet": 200}
"""Samples that a published optimiser step learns from: 12 cubes 20 times; 50 pictures on each of 8
or 4 GPUs. With fewer GPUs they are accumulated; with more GPUs each has one sample."""

GPUS = (1, 8, 64, 512)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """What was not measured: H100 SXM, 8 a machine, as vendors state them, and usual shares."""

    peak_flops: float = 989e12
    """bfloat16, dense, of the data sheet."""
    utilisation: float = 0.3
    """Of it, for ViTs of this size; 0.4 is good, and 0.15 what unoptimised code often has."""
    cores: int = 12
    """Processor cores for each GPU, as fast as the one here."""
    bandwidth_inside: float = 300e9
    """Bytes a second for each GPU within a machine."""
    click_s: float = 1e-4
    """Seconds to place one target's clicks on a GPU: a few small kernels, and an answer waited for.
    On a core it is what the first table says, which would take most of a GPU's time."""
    bandwidth_between: float = 40e9
    """The same between machines of 8."""
    dollars_an_hour: float = 2.5
    """For a GPU with its share of the machine."""


ASSUMED = Assumed()


@dataclass(slots=True, kw_only=True)
class Measured:
    """One sample of a recipe on this machine."""

    tera_operations: float
    step_s: float
    turns: int
    """Optimiser steps, each with an exchange of gradients."""
    clicks: int
    """Times that the simulated user clicks on a target."""
    clicks_s: float
    boxes_s: float
    sample_s: float
    kept_bytes: float
    state_bytes: float
    gradient_bytes: float
    stored_bytes: float


class Stopwatch:
    """How often and how long the simulated user is at work, on a core of this machine."""

    def __init__(self) -> None:
        self.total_s = 0.0
        self.targets = 0

    @contextmanager
    def on(self, *names: str) -> Iterator[None]:
        """Time these functions of the lesson's module."""
        kept = {name: getattr(prompted, name) for name in names}
        for name, function in kept.items():
            setattr(prompted, name, self._timed(function))
        try:
            yield
        finally:
            for name, function in kept.items():
                setattr(prompted, name, function)

    def _timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(truths: Any, *args: object, **kwargs: object) -> object:  # noqa: ANN401
            started = time.thread_time()
            try:
                return function(truths, *args, **kwargs)
            finally:
                self.total_s += time.thread_time() - started
                self.targets += len(truths)

        return timed


def measure(recipe: Recipe, folder: Path) -> Measured:
    """A sample of the recipe, at the size that it has."""
    data = recipe.data
    assert isinstance(data, Pairs)
    shown = replace(data.shown, batch=1)
    found = prepare(list(pairs()), folder, shown.preparation())
    source = shown.source(found.cases)
    batch = source.batch(0)
    started = time.process_time()
    for number in range(1, 9):
        source.batch(number)
    sample_s = (time.process_time() - started) / 8
    lesson = recipe.lesson.lesson(build(recipe.model).train())
    learning = [p for p in lesson.parameters() if p.requires_grad]
    counter = FlopCounterMode(display=False)
    with counter:
        taught(lesson, batch)
    kept = kept_bytes(lesson, batch)
    clicks, boxes = Stopwatch(), Stopwatch()
    with clicks.on("with_first_clicks", "with_error_clicks"), boxes.on("with_boxes"):
        started = time.perf_counter()
        taught(lesson, batch)
        step_s = time.perf_counter() - started
    weights = sum(p.nbytes for p in lesson.parameters())
    gradients = sum(p.nbytes for p in learning)
    return Measured(
        tera_operations=counter.get_total_flops() / 1e12,
        step_s=step_s,
        turns=lesson.turns,
        clicks=clicks.targets,
        clicks_s=clicks.total_s,
        boxes_s=boxes.total_s,
        sample_s=sample_s,
        kept_bytes=kept,
        state_bytes=weights + 3 * gradients,  # gradient and Adam's two moments
        gradient_bytes=gradients,
        stored_bytes=found.size_bytes / len(found.cases),
    )


def tensors(batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Images and targets."""
    return torch.from_numpy(batch.images), torch.from_numpy(batch.targets).float()


def taught(lesson: Any, batch: Batch) -> None:  # noqa: ANN401
    """All turns of a batch, there and back."""
    images, targets = tensors(batch)
    memory: tuple[torch.Tensor, ...] = ()
    for turn in range(lesson.turns):
        outcome = lesson(images, targets, turn, memory, (0, 0, turn))
        outcome.loss.backward()
        memory = outcome.memory
    lesson.zero_grad(set_to_none=True)


def kept_bytes(lesson: Any, batch: Batch) -> float:  # noqa: ANN401
    """Bytes that the first turn, which is the largest, keeps for the way back."""
    images, targets = tensors(batch)
    owned = {p.untyped_storage().data_ptr() for p in lesson.parameters()}
    seen: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in owned:
            seen[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        lesson(images, targets, 0, (), (0, 0, 0))
    return float(sum(seen.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """A whole run on so many GPUs."""

    gpus: int
    hours: float
    dollars: float
    bound: str
    share: float


def forecast(name: str, recipe: Recipe, one: Measured, gpus: int) -> Forecast:
    """Time of a step for the slowest of what it needs, times steps."""
    together = max(TOGETHER[name], gpus)
    mine = math.ceil(together / gpus)
    computing = mine * one.tera_operations * 1e12 / (ASSUMED.peak_flops * ASSUMED.utilisation)
    user = mine * (one.clicks * ASSUMED.click_s + one.boxes_s)  # while the GPU waits
    making = mine * one.sample_s / (ASSUMED.cores - 1)
    bandwidth = ASSUMED.bandwidth_inside if gpus <= 8 else ASSUMED.bandwidth_between
    ring = 2 * (gpus - 1) / gpus * one.gradient_bytes / bandwidth
    parts = {"GPU": computing, "simulated user": user, "network": ring * one.turns}
    step = max(sum(parts.values()), making)
    parts["data"] = making
    bound = max(parts, key=lambda part: parts[part])
    hours = SAMPLES[name] * recipe.settings.epochs / together * step / 3600
    return Forecast(
        gpus=gpus,
        hours=hours,
        dollars=hours * gpus * ASSUMED.dollars_an_hour,
        bound=bound,
        share=parts[bound] / step,
    )


def main() -> None:
    """Measure, and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipes", nargs="*", default=list(SAMPLES))
    parser.add_argument("--json", type=Path, help="where to keep what is measured")
    parser.add_argument("--measured", type=Path, help="scale what --json kept")
    options = parser.parse_args()
    results: dict[str, Measured] = {}
    known = json.loads(options.measured.read_text()) if options.measured else {}
    print(
        "| recipe | TFLOP | step s | clicks | their s | boxes s | data s "
        "| kept MB | state MB | gradient MB | case MB |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for name in options.recipes:
        if name in known:
            one = Measured(**known[name])
        elif name == "sam-med3d-2" and "sam-med3d-1" in results:
            one = results["sam-med3d-1"]  # the same step
        else:
            with TemporaryDirectory() as folder:
                one = measure(RECIPES[name], Path(folder))
        results[name] = one
        numbers = [one.tera_operations, one.step_s, one.clicks, one.clicks_s, one.boxes_s]
        numbers.append(one.sample_s)
        sizes = [one.kept_bytes, one.state_bytes, one.gradient_bytes, one.stored_bytes]
        row = [f"{n:.3g}" for n in numbers] + [f"{s / 1e6:.0f}" for s in sizes]
        print(f"| {name} | {' | '.join(row)} |", flush=True)
    print()
    print(f"{ASSUMED}\n")
    print("| recipe | GPUs | hours | dollars | slowest part | its share | prepared TB |")
    print("|---|---|---|---|---|---|---|")
    for name, one in results.items():
        for gpus in GPUS:
            made = forecast(name, RECIPES[name], one, gpus)
            stored = CASES[name] * one.stored_bytes / 1e12
            print(
                f"| {name} | {gpus} | {made.hours:,.1f} | {made.dollars:,.0f} | {made.bound} "
                f"| {made.share:.0%} | {stored:.1f} |"
            )
    if options.json:
        options.json.write_text(json.dumps({n: vars_of(one) for n, one in results.items()}))


def vars_of(one: Measured) -> dict[str, float]:
    """The numbers by name."""
    return {name: getattr(one, name) for name in one.__slots__}


if __name__ == "__main__":
    main()
