"""The training loop, the same for every lesson: on one processor, one GPU, or many processes.

Lightning Fabric brings devices, processes and number formats; what decides a run is here.
"""

import logging
import math
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, nullcontext
from pathlib import Path
from typing import cast

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim import Adam, AdamW, Optimizer
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from vesal.checkpoints.automatic import save_automatic
from vesal.checkpoints.load import save_model
from vesal.errors import ConfigError
from vesal.models.automatic import Automatic
from vesal.models.build import Model
from vesal.progress import Progress, silent
from vesal.training.batch import Batch, Source
from vesal.training.lesson import Lesson
from vesal.training.loader import loader
from vesal.training.logs import PICTURES, Logs
from vesal.training.lora import plain
from vesal.training.settings import Settings
from vesal.training.state import UNFIT, load_state, save_state, unfit
from vesal.training.told import Told
from vesal.training.validation import Validated, Validation

logger = logging.getLogger(__name__)

CHECKPOINT = "checkpoint.pt"
LAST = "last.safetensors"
BEST = "best.safetensors"

_LOST_IN_HALF = 50  # batches in a row without a finite loss, before a run in float16 is given up
_OPTIMISERS = {"adam": Adam, "adamw": AdamW}


class Run:
    """A training run in a folder: a lesson, its optimiser, step and logs.

    It continues where the folder stands, to the same bits as if it had never stopped: batches and
    simulated users follow from seed and step, and all else is in the state.

    Args:
        lesson: what is taught, to which model.
        settings: how.
        folder: where it stands; made if it is not there.
        seed: of the batches' simulated users.
        fabric: devices, processes and number format; this process's CPU if not given.

    Raises:
        CheckpointError: what the folder holds is damaged or belongs to another network.
    """

    def __init__(
        self,
        lesson: Lesson,
        settings: Settings,
        folder: Path,
        *,
        seed: int,
        fabric: Fabric | None = None,
    ) -> None:
        self.settings, self.folder, self.seed = settings, folder, seed
        self.fabric = fabric or Fabric(accelerator="cpu", devices=1, precision="32-true")
        self.plain = lesson
        self.average = _average(lesson.model, settings)
        if self.fabric.world_size > 1 and self.fabric.device.type == "cuda":
            # Statistics of what all processes see; SAM-UNet was trained so. Gloo cannot do it.
            nn.SyncBatchNorm.convert_sync_batchnorm(lesson)  # type: ignore[no-untyped-call]
        self.lesson, optimiser = self.fabric.setup(lesson, _optimiser(lesson, settings))
        self.optimiser: Optimizer = optimiser
        self.average.to(self.fabric.device)
        self.step = 0
        self.best = -math.inf
        self.unchanged = 0  # validations since the best one
        self._lost = 0  # batches in a row without a finite loss
        self.folder.mkdir(parents=True, exist_ok=True)
        if (self.folder / CHECKPOINT).exists():
            self._load()

    @property
    def model(self) -> Model | Automatic:
        """The model as it would be kept: averaged, where weights are; corrected, where they are."""
        averaged = self.settings.averaging > 0
        kept = self.average.module if averaged else self.plain.model
        return kept if isinstance(kept, Automatic) else plain(cast("Model", kept))

    def steps(self, source: Source) -> int:
        """The number of steps of this run on that data."""
        if self.settings.steps:
            return self.settings.steps
        at_once = self.settings.accumulate * self.fabric.world_size
        return max(1, math.ceil(self.settings.epochs * source.batches / at_once))

    def fit(
        self,
        source: Source,
        validation: Validation | None = None,
        *,
        workers: int = 1,
        progress: Progress = silent,
    ) -> Path:
        """Train to the last step, or until validations get no better; returns the weights file.

        That is the one of the best validation, or the last one where nothing was validated.

        Args:
            source: of batches.
            validation: scores the model every so many steps.
            workers: processes that make batches ahead, for each process that learns.
            progress: is told each step.

        Raises:
            ResourceError: the process that makes batches ended early, or the disk refuses.
            ConfigError: the loss is no number any more.
        """
        steps = self.steps(source)
        chief = self.fabric.is_global_zero
        logs = Logs(self.folder, self.step) if chief else None
        ahead = loader(source, self._numbers(steps), workers)
        with closing(ahead), closing(logs) if logs else nullcontext():
            saved = time.monotonic()
            while self.step < steps and not self._stale:
                told = self.learn(ahead, steps)
                last = self.step == steps
                if logs is not None:
                    logs.taught(self.step, told.values())
                    progress(self.step, steps, f"loss {told.loss:.3f}")
                checked = validation is not None and (
                    last or self.step % self.settings.validate_every == 0
                )
                if checked and validation is not None:
                    self._validate(validation, logs)
                due = time.monotonic() - saved > self.settings.save_every_s
                if last or checked or self._together(due):
                    self.save()
                    saved = time.monotonic()
        if chief:
            _write(self.model, self.folder / LAST)
        best = self.folder / BEST
        return best if validation is not None and best.exists() else self.folder / LAST

    def learn(self, batches: Iterator[Batch], steps: int) -> Told:
        """Take a step: the lesson's turns over as many batches as are accumulated.

        Args:
            batches: of this process, in order.
            steps: of the whole run, from which the learning rate follows.

        Raises:
            ConfigError: the loss is no number any more.
        """
        started = time.monotonic()
        rate = self.settings.rate * self.settings.schedule.factor(self.step, steps)
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group["factor"]
        kept: list[tuple[Tensor, Tensor, tuple[Tensor, ...]]] = []
        losses: list[Tensor] = []
        dices: list[list[float]] = []
        waited = 0.0
        for turn in range(self.plain.turns):
            for micro in range(self.settings.accumulate):
                if turn == 0:
                    asked = time.monotonic()
                    kept.append((*self._tensors(next(batches)), ()))
                    waited += time.monotonic() - asked
                images, targets, memory = kept[micro]
                seed = (self.seed, self._number(micro), turn)
                last = micro == self.settings.accumulate - 1
                with self.fabric.no_backward_sync(self.lesson, enabled=not last):
                    taught = self.lesson(images, targets, turn, memory, seed)
                    self.fabric.backward(taught.loss / self.settings.accumulate)
                losses.append(taught.loss.detach())
                dices.append(list(taught.dices))
                # Only lessons of several turns need their batches again.
                kept[micro] = (images, targets, taught.memory) if self.plain.turns > 1 else _DONE
            self._descend()
        self.step += 1
        loss = self._mean(torch.stack(losses).mean())
        self._check(loss, rate)
        elapsed = time.monotonic() - started
        return Told(loss=loss, rate=rate, dices=dices, waited_s=waited, elapsed_s=elapsed)

    def save(self) -> None:
        """Write the state to the run's folder; a kill leaves the state before or the new one.

        Raises:
            ResourceError: the disk refuses.
        """
        if self.fabric.is_global_zero:
            state = {
                "step": self.step,
                "best": self.best,
                "unchanged": self.unchanged,
                "lesson": self.plain.state_dict(),
                "average": self.average.state_dict() if self.settings.averaging else {},
                "optimiser": self.optimiser.state_dict(),
                "precision": self.fabric.strategy.precision.state_dict(),
            }
            save_state(self.folder / CHECKPOINT, state)
        self.fabric.barrier()

    @property
    def _stale(self) -> bool:
        return 0 < self.settings.patience <= self.unchanged

    def _descend(self) -> None:
        settings = self.settings
        if settings.clip_norm:
            self.fabric.clip_gradients(
                self.lesson,
                self.optimiser,
                max_norm=settings.clip_norm,
                error_if_nonfinite=False,  # `_check` says it in words
            )
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        if settings.averaging:
            self.average.update_parameters(self.plain.model)

    def _tensors(self, batch: Batch) -> tuple[Tensor, Tensor]:
        images = torch.from_numpy(batch.images).to(self.fabric.device)
        targets = torch.from_numpy(batch.targets).to(self.fabric.device)
        return images, targets.float() if batch.targets.dtype == bool else targets.long()

    def _number(self, micro: int) -> int:
        """Which batch of the whole run it is: the same run however many processes share it."""
        mine = self.step * self.settings.accumulate + micro
        return mine * self.fabric.world_size + self.fabric.global_rank

    def _numbers(self, steps: int) -> Iterable[int]:
        world, at_once = self.fabric.world_size, self.settings.accumulate
        first = self.step * at_once * world + self.fabric.global_rank
        return range(first, steps * at_once * world, world)

    def _mean(self, value: Tensor) -> float:
        """The mean over all processes."""
        return float(cast("Tensor", self.fabric.all_reduce(value, reduce_op="mean")))

    def _together(self, decided: bool) -> bool:
        """What the first process decided: clocks differ, and all must do the same."""
        return bool(self.fabric.broadcast(decided)) if self.fabric.world_size > 1 else decided

    def _check(self, loss: float, rate: float) -> None:
        self._lost = 0 if math.isfinite(loss) else self._lost + 1
        most = _LOST_IN_HALF if self.settings.precision == "16-mixed" else 0
        if self._lost > most:
            msg = (
                f"the loss is no number any more at step {self.step} (learning rate {rate:.2g}); "
                f"lower the rate, clip the gradient, or look for NaN in the data "
                f"({self.folder / CHECKPOINT} is as it was saved before)"
            )
            raise ConfigError(msg)

    def _validate(self, validation: Validation, logs: Logs | None) -> None:
        validated = None
        if logs is not None:
            picture = self.folder / PICTURES / f"step-{self.step:07d}.png"
            picture.parent.mkdir(exist_ok=True)
            validated = self._scored(validation, picture)
            logs.validated(self.step, validated.scores, picture if picture.exists() else None)
            logger.info("step %d: %s", self.step, validated.scores)
        score = validated.score if validated else 0.0
        if self.fabric.world_size > 1:
            score = self.fabric.broadcast(score)
        self.unchanged = 0 if score > self.best else self.unchanged + 1
        if score > self.best:
            self.best = score
            if logs is not None:
                _write(self.model, self.folder / BEST)

    def _scored(self, validation: Validation, picture: Path) -> Validated:
        model = self.model
        training = [module for module in model.modules() if module.training]
        model.eval()
        try:
            return validation.scores(model, picture)
        finally:
            for module in training:
                module.training = True

    def _load(self) -> None:
        path = self.folder / CHECKPOINT
        state = load_state(path)
        try:
            self.plain.load_state_dict(state["lesson"])
            if self.settings.averaging:
                self.average.load_state_dict(state["average"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.fabric.strategy.precision.load_state_dict(state["precision"])
            self.step, self.unchanged = int(state["step"]), int(state["unchanged"])
            self.best = float(state["best"])
        except UNFIT as error:
            raise unfit(path, error) from error
        logger.info("continuing %s at step %d", self.folder, self.step)


_DONE: tuple[Tensor, Tensor, tuple[Tensor, ...]] = (torch.empty(0), torch.empty(0), ())


def _write(model: Model | Automatic, path: Path) -> None:
    if isinstance(model, Automatic):
        save_automatic(model, path)
    else:
        save_model(model, path)


def _average(model: nn.Module, settings: Settings) -> AveragedModel:
    if not settings.averaging:
        return AveragedModel(nn.Identity())
    decay = get_ema_multi_avg_fn(settings.averaging)  # type: ignore[no-untyped-call]
    return AveragedModel(model, multi_avg_fn=decay)


def _optimiser(lesson: Lesson, settings: Settings) -> Optimizer:
    groups = [
        {"params": list(group.parameters), "name": group.name, "factor": group.rate}
        for group in lesson.groups()
    ]
    if not any(group["params"] for group in groups):
        raise ConfigError("this lesson freezes the whole model: nothing would be learnt")
    made: Optimizer = _OPTIMISERS[settings.optimiser](
        groups, lr=settings.rate, weight_decay=settings.weight_decay
    )
    return made
