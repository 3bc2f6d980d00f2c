"""The training loop: encode a window once, click several rounds on several targets, learn from every round."""

import csv
import logging
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn.utils import clip_grad_norm_
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from vesal.models.nd import fast_layout
from vesal.models.promptable_unet import PromptableUNet
from vesal.progress import Progress, silent
from vesal.training.batches import Batch, batches
from vesal.training.clicks import rough_hints, with_click
from vesal.training.loss import dice_focal
from vesal.training.recipe import Recipe
from vesal.training.validate import Validation, validate

logger = logging.getLogger(__name__)


class Run:
    """A training run in a folder: its weights, optimiser, step, and logs; continues where the folder stands."""

    def __init__(self, recipe: Recipe, folder: Path) -> None:
        self.recipe, self.folder = recipe, folder
        torch.manual_seed(recipe.seed)
        self.model = PromptableUNet(recipe.model)
        for parameter in self.model.parameters():
            parameter.data = fast_layout(parameter.data)
        self.average = AveragedModel(
            self.model, multi_avg_fn=get_ema_multi_avg_fn(recipe.averaging)
        )
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
        """Train to the recipe's last step; returns the averaged model."""
        saved = time.monotonic()
        for batch in batches(corpus, names, self.recipe, self.step):
            started = time.monotonic()
            loss, dices = self._learn(batch)
            self.step += 1
            self._log(loss, dices, time.monotonic() - started)
            progress(self.step, self.recipe.steps, f"loss {loss:.3f}")
            if self.step % self.recipe.validate_every == 0 or self.step == self.recipe.steps:
                self._record(validate(self.averaged, validation))
            if time.monotonic() - saved > self.recipe.save_every_s or self.step == self.recipe.steps:
                self._save()
                saved = time.monotonic()
        return self.averaged

    @property
    def averaged(self) -> PromptableUNet:
        """The model with averaged weights."""
        model: PromptableUNet = self.average.module
        return model

    def _learn(self, batch: Batch) -> tuple[float, list[float]]:
        """One optimiser step; the loss and the mean Dice after each click."""
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
            answer = self.model.decode(embedding, prompts)
            losses.append(dice_focal(answer, targets))
            logits = answer.detach()
            dices.append(_mean_dice(logits > 0, targets > 0))
        loss = torch.stack(losses).mean()
        self._descend(loss)
        return float(loss.detach()), dices

    def _descend(self, loss: torch.Tensor) -> None:
        recipe = self.recipe
        warm = min(1.0, (self.step + 1) / recipe.warmup_steps)
        left = (recipe.steps - self.step) / (recipe.decay_share * recipe.steps)
        for group in self.optimiser.param_groups:
            group["lr"] = recipe.learning_rate * warm * min(1.0, max(left, 0.01))
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        clip_grad_norm_(self.model.parameters(), recipe.clip_norm)
        self.optimiser.step()
        self.average.update_parameters(self.model)

    @property
    def _checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"

    def _save(self) -> None:
        state = {
            "step": self.step,
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        partial = self._checkpoint.with_suffix(".part")
        torch.save(state, partial)
        partial.replace(self._checkpoint)

    def _load(self) -> None:
        state = torch.load(self._checkpoint, weights_only=True)
        self.step = state["step"]
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        logger.info("continuing %s at step %d", self.folder, self.step)

    def _log(self, loss: float, dices: list[float], elapsed_s: float) -> None:
        row = [self.step, f"{loss:.4f}", f"{dices[0]:.4f}", f"{dices[-1]:.4f}", len(dices), f"{elapsed_s:.2f}"]
        header = ["step", "loss", "dice_first", "dice_last", "clicks", "seconds"]
        _append(self.folder / "train.csv", header, row)

    def _record(self, scores: dict[str, float]) -> None:
        row = [self.step, *(f"{score:.4f}" for score in scores.values())]
        _append(self.folder / "validation.csv", ["step", *scores], row)
        logger.info("step %d: %s", self.step, scores)


def _mean_dice(mask: torch.Tensor, truth: torch.Tensor) -> float:
    axes = tuple(range(1, mask.ndim))
    overlap = 2 * (mask & truth).sum(axes)
    return float((overlap / (mask.sum(axes) + truth.sum(axes)).clamp(min=1)).mean())


def _append(path: Path, header: list[str], row: list[object]) -> None:
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(header)
        writer.writerow(row)
