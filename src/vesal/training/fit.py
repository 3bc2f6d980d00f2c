"""The training loop: encode a window once, click on several targets, learn from every click."""

import csv
import logging
import pickle
import time
from contextlib import closing
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch.nn.utils import clip_grad_norm_
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from vesal.checkpoints.load import load_model
from vesal.errors import CheckpointError
from vesal.images.write import replacing
from vesal.models.nd import fast_layout
from vesal.models.promptable_unet import PromptableUNet
from vesal.models.shapes import Scalar
from vesal.progress import Progress, silent
from vesal.training.batches import Batch, batches
from vesal.training.clicks import rough_hints, with_click
from vesal.training.loss import dice_focal
from vesal.training.recipe import Recipe
from vesal.training.validate import Validation, validate

logger = logging.getLogger(__name__)

_LAST_RATE = 0.01  # of the learning rate is left in the last step
_TRAINING_LOG = "train.csv"
_VALIDATION_LOG = "validation.csv"

# What torch.load and load_state_dict raise for a file that is no checkpoint of this network.
_UNFIT = (
    OSError,
    EOFError,
    RuntimeError,
    LookupError,
    TypeError,
    ValueError,
    pickle.UnpicklingError,
)


class Run:
    """A training run in a folder: its weights, optimiser, step and logs.

    It continues where the folder stands, to the same bits as if it had never stopped.

    Args:
        recipe: everything else that decides it.
        folder: where it stands; made if it is not there.
        start: weights file to begin with; from nothing if not given.

    Raises:
        CheckpointError: what the folder holds is damaged or belongs to another recipe; or the
            weights are of another network.
    """

    def __init__(self, recipe: Recipe, folder: Path, *, start: Path | None = None) -> None:
        self.recipe, self.folder = recipe, folder
        with torch.random.fork_rng(devices=[]):  # the caller's random numbers stay their own
            torch.manual_seed(recipe.seed)
            self.model = PromptableUNet(recipe.model)
        if start is not None:
            self._begin_with(start)
        for parameter in self.model.parameters():
            parameter.data = fast_layout(parameter.data)
        decay = get_ema_multi_avg_fn(recipe.averaging)  # type: ignore[no-untyped-call]
        self.average = AveragedModel(self.model, multi_avg_fn=decay)
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self.step = 0
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._checkpoint.exists():
            self._load()

    def fit(
        self, corpus: Path, names: list[str], validation: Validation, *, progress: Progress = silent
    ) -> PromptableUNet:
        """Train to the recipe's last step; returns the averaged model.

        Raises:
            ResourceError: the process that makes batches ended early, or the disk refuses.
        """
        saved = time.monotonic()
        with closing(batches(corpus, names, self.recipe, self.step)) as made:
            for batch in made:
                started = time.monotonic()
                loss, dices = self.learn(batch)
                self._log(loss, dices, time.monotonic() - started)
                progress(self.step, self.recipe.steps, f"loss {loss:.3f}")
                last = self.step == self.recipe.steps
                if last or self.step % self.recipe.validate_every == 0:
                    self._record(validate(self.averaged, validation))
                if last or time.monotonic() - saved > self.recipe.save_every_s:
                    self.save()
                    saved = time.monotonic()
        return self.averaged

    @property
    def averaged(self) -> PromptableUNet:
        """The model with averaged weights."""
        return cast("PromptableUNet", self.average.module)

    def learn(self, batch: Batch) -> tuple[float, list[float]]:
        """Take one optimiser step; returns the loss and the mean Dice after each click."""
        recipe = self.recipe
        rng = np.random.default_rng([recipe.seed, self.step, 2])
        images = torch.from_numpy(batch[0])
        targets = torch.from_numpy(batch[1].astype(np.float32)).flatten(0, 1)[:, None]
        embedding = self.model.encode(images).expanded(recipe.targets)
        rounds = int(rng.choice(recipe.rounds))
        prompts, losses, dices = None, [], []
        logits = rough_hints(targets, recipe.hint_share, rng)
        for _ in range(rounds):
            prompts = with_click(prompts, targets, logits, rng)
            answer = self.model.decode(embedding, prompts).logits
            losses.append(dice_focal(answer, targets))
            logits = answer.detach()
            dices.append(_mean_dice(logits > 0, targets > 0))
        loss = torch.stack(losses).mean()
        self._descend(loss)
        self.step += 1
        return float(loss.detach()), dices

    def save(self) -> None:
        """Write the state to the run's folder; a kill leaves the state before or the new one.

        Raises:
            ResourceError: the disk refuses.
        """
        state = {
            "step": self.step,
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        with replacing(self._checkpoint, ".part") as temporary:
            torch.save(state, temporary)

    def _descend(self, loss: Scalar) -> None:
        recipe = self.recipe
        warm = min(1.0, (self.step + 1) / recipe.warmup_steps)
        left = (recipe.steps - self.step) / (recipe.decay_share * recipe.steps)
        for group in self.optimiser.param_groups:
            group["lr"] = recipe.learning_rate * warm * min(1.0, max(left, _LAST_RATE))
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        clip_grad_norm_(self.model.parameters(), recipe.clip_norm)
        self.optimiser.step()
        self.average.update_parameters(self.model)

    @property
    def _checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"

    def _begin_with(self, weights: Path) -> None:
        known = load_model(weights)
        if not isinstance(known, PromptableUNet) or known.config != self.recipe.model:
            msg = f"{weights} is not of this recipe's network; start from one that is"
            raise CheckpointError(msg)
        self.model.load_state_dict(known.state_dict())

    def _load(self) -> None:
        try:
            state = torch.load(self._checkpoint, weights_only=True)
            self.model.load_state_dict(state["model"])
            self.average.load_state_dict(state["average"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.step = int(state["step"])
        except _UNFIT as error:
            reason = str(error).strip().split("\n", maxsplit=1)[0]
            msg = (
                f"{self._checkpoint} is damaged or of another recipe ({reason}); "
                "train in another folder, or delete it to start anew"
            )
            raise CheckpointError(msg) from error
        for name in (_TRAINING_LOG, _VALIDATION_LOG):
            _forget_after(self.folder / name, self.step)
        logger.info("continuing %s at step %d", self.folder, self.step)

    def _log(self, loss: float, dices: list[float], elapsed_s: float) -> None:
        numbers = [f"{value:.4f}" for value in (loss, dices[0], dices[-1])]
        row = [str(self.step), *numbers, str(len(dices)), f"{elapsed_s:.2f}"]
        header = ["step", "loss", "dice_first", "dice_last", "clicks", "seconds"]
        _append(self.folder / _TRAINING_LOG, header, row)

    def _record(self, scores: dict[str, float]) -> None:
        row = [str(self.step), *(f"{score:.4f}" for score in scores.values())]
        _append(self.folder / _VALIDATION_LOG, ["step", *scores], row)
        logger.info("step %d: %s", self.step, scores)


def _mean_dice(mask: torch.Tensor, truth: torch.Tensor) -> float:
    axes = tuple(range(1, mask.ndim))
    overlap = 2 * (mask & truth).sum(axes)
    return float((overlap / (mask.sum(axes) + truth.sum(axes)).clamp(min=1)).mean())


def _append(path: Path, header: list[str], row: list[str]) -> None:
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(header)
        writer.writerow(row)


def _forget_after(path: Path, step: int) -> None:
    """Take out of a log the steps that were lost with a kill and are about to come again."""
    if not path.exists():
        return
    with path.open(newline="") as file:
        rows = [row for row in csv.reader(file) if row]
    kept = [row for row in rows[1:] if row[0].isdecimal() and int(row[0]) <= step]
    with replacing(path, ".csv") as temporary, temporary.open("w", newline="") as file:
        csv.writer(file).writerows([*rows[:1], *kept])
