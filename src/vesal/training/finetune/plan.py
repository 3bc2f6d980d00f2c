"""What the user wants of a fine-tuning run, and what follows from it: kept with the run."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from vesal.errors import CheckpointError, ConfigError
from vesal.images.write import write_text
from vesal.training.batch import Source
from vesal.training.lesson import Lesson

MINUTES = 20.0
"""That a run takes where nothing is said."""
KEEP = 0.3
"""Share of the old weights in the result: docs/finetune.md has what it costs and what it saves."""

_PLAN = "plan.json"
_TRIALS = 3  # steps by which a run is timed; the first is slower and does not count
_FEWEST, _MOST = 10, 100_000  # steps of a run whose length is given in minutes
_SPENT = 0.85  # of the minutes go to steps, the others to checks


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the user wants of a fine-tuning run.

    Raises:
        ConfigError: a number out of range, or both minutes and steps.
    """

    method: str = "auto"
    structures: tuple[str, ...] = ()
    minutes: float | None = None
    steps: int | None = None
    validation: str = ""
    """A data set, or a share (see `vesal.training.finetune.data.material`)."""
    keep: float = KEEP
    seed: int = 0

    def __post_init__(self) -> None:
        if self.minutes is not None and self.steps is not None:
            msg = f"give minutes or steps, not both, got {self.minutes:g} and {self.steps}"
            raise ConfigError(msg)
        if self.minutes is not None and not 0 < self.minutes < float("inf"):
            msg = f"a run needs more than 0 minutes, got {self.minutes:g}"
            raise ConfigError(msg)
        if self.steps is not None and self.steps < 1:
            msg = f"a run needs at least 1 step, got {self.steps}"
            raise ConfigError(msg)
        if not 0 <= self.keep < 1:
            msg = f"the share of old weights to keep must be from 0 to below 1, got {self.keep:g}"
            raise ConfigError(msg)


def planned(
    folder: Path,
    facts: dict[str, object],
    wishes: Wishes,
    begun: Callable[[], tuple[int, tuple[float, ...]]],
) -> tuple[int, tuple[float, ...]]:
    """A run's steps, and scores before the first: those that its folder holds, or new ones.

    Args:
        folder: of the run.
        facts: what else decides it, and must be the same where it goes on.
        wishes: of the user.
        begun: gives both for a new run.

    Raises:
        ConfigError: the folder has a run with other wishes.
        CheckpointError: its plan is damaged.
        ResourceError: the disk refuses.
    """
    path = folder / _PLAN
    plan = json.loads(json.dumps({**facts, **asdict(wishes)}))  # as it is read: lists, no tuples
    if path.exists():
        return _kept(path, plan)
    steps, scores = begun()
    record = {"plan": plan, "steps": steps, "before": scores}
    write_text(path, json.dumps(record, indent=1))
    return steps, scores


def _kept(path: Path, plan: dict[str, object]) -> tuple[int, tuple[float, ...]]:
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        steps, old = int(known["steps"]), dict(known["plan"])
        scores = tuple(float(score) for score in known["before"])
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        msg = f"{path} is damaged: delete the folder {path.parent} to start anew"
        raise CheckpointError(msg) from error
    other = [key for key in plan if plan[key] != old.get(key)]
    if other:
        told = f"{other[0]} {old.get(other[0])!r}, now {plan[other[0]]!r}"
        msg = (
            f"{path.parent.parent} holds a run that was begun otherwise ({told}): go on with the "
            "same words, give another name, or delete it"
        )
        raise ConfigError(msg)
    return steps, scores


def steps_in(minutes: float, lesson: Lesson, source: Source) -> int:
    """How many steps such a time has room for on this machine: some are tried, none is taken.

    Raises:
        VesalError: the data cannot be read.
    """
    took_s: list[float] = []
    for trial in range(_TRIALS):
        started = time.monotonic()
        batch = source.batch(trial)
        images, targets = torch.from_numpy(batch.images), torch.from_numpy(batch.targets)
        lesson(images, targets.float(), 0, (), (0, trial)).loss.backward()
        took_s.append(time.monotonic() - started)
    lesson.zero_grad(set_to_none=True)
    usual_s = sum(took_s[1:]) / (len(took_s) - 1)
    return int(min(max(_SPENT * 60 * minutes / usual_s, _FEWEST), _MOST))
