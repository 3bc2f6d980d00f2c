"""The steps of a fine-tuning run: few, in one process, and resumed to the bit."""

import csv
import logging
import pickle
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from vesal.errors import CheckpointError
from vesal.images.write import replacing
from vesal.progress import Progress, silent
from vesal.training.batch import Source
from vesal.training.lesson import Lesson
from vesal.training.settings import Settings

logger = logging.getLogger(__name__)

_STATE = "state.pt"
_HEADER = ("step", "loss", "dice_first", "dice_last", "seconds")
_CLICK_SEED = 2  # beside those of the windows

# What torch.load and load_state_dict raise for a file that is no state of this run.
_UNFIT = (
    OSError,
    EOFError,
    RuntimeError,
    LookupError,
    TypeError,
    ValueError,
    pickle.UnpicklingError,
)


class Loop:
    """A run in a folder, which goes on where it stands.

    Args:
        lesson: what learns; already frozen where it is not to.
        settings: number of steps, rate and its schedule.
        folder: for the state and `train.csv`.
        seed: of the clicks.

    Raises:
        CheckpointError: the folder's state is damaged or of another run.
    """

    def __init__(self, lesson: Lesson, settings: Settings, folder: Path, *, seed: int) -> None:
        self.lesson, self.settings, self.folder, self.seed = lesson, settings, folder, seed
        self._learning = [p for p in lesson.parameters() if p.requires_grad]
        self._optimiser = torch.optim.AdamW(
            self._learning, lr=settings.rate, weight_decay=settings.weight_decay
        )
        self.step = 0
        self.elapsed_s = 0.0
        """Spent on all steps so far."""
        if (folder / _STATE).exists():
            self._load()

    def fit(
        self,
        source: Source,
        *,
        now_and_then: Callable[[int], None] = lambda step: None,
        progress: Progress = silent,
    ) -> None:
        """Take all steps that are left.

        Args:
            source: of the batches.
            now_and_then: called with the step each `validate_every` steps, and after the last.
            progress: told of every step.

        Raises:
            VesalError: the data cannot be read, or the disk refuses.
        """
        saved = time.monotonic()
        steps = self.settings.steps
        while self.step < steps:
            text = self.learn(source)
            progress(self.step, steps, text)
            due = self.step == steps or self.step % self.settings.validate_every == 0
            if due:
                now_and_then(self.step)
            if due or time.monotonic() - saved > self.settings.save_every_s:
                self.save()
                saved = time.monotonic()

    def learn(self, source: Source) -> str:
        """Take one step; returns in words what came of it."""
        started = time.monotonic()
        batch = source.batch(self.step)
        images = torch.from_numpy(batch.images)
        targets = torch.from_numpy(batch.targets).float()
        taught = self.lesson(images, targets, 0, (), (self.seed, self.step, _CLICK_SEED))
        factor = self.settings.schedule.factor(self.step, self.settings.steps)
        for group in self._optimiser.param_groups:
            group["lr"] = self.settings.rate * factor
        self._optimiser.zero_grad(set_to_none=True)
        taught.loss.backward()
        if self.settings.clip_norm:
            nn.utils.clip_grad_norm_(self._learning, self.settings.clip_norm)
        self._optimiser.step()
        self.step += 1
        took_s = time.monotonic() - started
        self.elapsed_s += took_s
        loss = float(taught.loss.detach())
        numbers = [f"{n:.4f}" for n in (loss, taught.dices[0], taught.dices[-1])]
        append(self.folder / "train.csv", _HEADER, [str(self.step), *numbers, f"{took_s:.2f}"])
        return f"loss {loss:.2f}, Dice at the first click {taught.dices[0]:.2f}"

    def save(self) -> None:
        """Write the state; a kill leaves the state before or the new one.

        Raises:
            ResourceError: the disk refuses.
        """
        state = {
            "step": self.step,
            "elapsed_s": self.elapsed_s,
            "lesson": self.lesson.state_dict(),
            "optimiser": self._optimiser.state_dict(),
        }
        with replacing(self.folder / _STATE, ".part") as temporary:
            torch.save(state, temporary)

    def _load(self) -> None:
        try:
            state = torch.load(self.folder / _STATE, weights_only=True)
            self.lesson.load_state_dict(state["lesson"])
            self._optimiser.load_state_dict(state["optimiser"])
            self.step, self.elapsed_s = int(state["step"]), float(state["elapsed_s"])
        except _UNFIT as error:
            reason = str(error).strip().split("\n", maxsplit=1)[0]
            msg = (
                f"{self.folder / _STATE} is damaged or of another run ({reason}); "
                "delete its folder to start anew"
            )
            raise CheckpointError(msg) from error
        for name in ("train.csv", "validation.csv"):
            _forget_after(self.folder / name, self.step)
        logger.info("going on with %s at step %d", self.folder, self.step)


def append(path: Path, header: tuple[str, ...], row: list[str]) -> None:
    """Add a row to a table, which begins with its header."""
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(header)
        writer.writerow(row)


def _forget_after(path: Path, step: int) -> None:
    """Take out of a table the steps that were lost with a kill and are about to come again."""
    if not path.exists():
        return
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.reader(file) if row]
    kept = [row for row in rows[1:] if row[0].isdecimal() and int(row[0]) <= step]
    with (
        replacing(path, ".csv") as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        csv.writer(file).writerows([*rows[:1], *kept])
