"""A model and a user's scans to a model of the user's own, which loads wherever the first one did.

Weights are averaged with those from before at the end: a model that was tuned on one scan forgets
less so, and loses little of what it has learnt (Wortsman et al., WiSE-FT, 2022).
"""

import csv
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

import vesal
from vesal.checkpoints.identity import identity
from vesal.checkpoints.load import load_model
from vesal.checkpoints.locate import MODEL_FILE
from vesal.checkpoints.tensors import empty
from vesal.errors import ConfigError, ResourceError
from vesal.images.write import make_folder
from vesal.models.build import Model
from vesal.models.promptable import Promptable
from vesal.progress import Progress, silent
from vesal.training.finetune.card import Tuned, write
from vesal.training.finetune.check import CLICKS, checked
from vesal.training.finetune.data import TuningData, material
from vesal.training.finetune.memory import check_room, free_bytes
from vesal.training.finetune.methods import Method, chosen
from vesal.training.finetune.plan import MINUTES, Wishes, planned, steps_in
from vesal.training.finetune.seam import lesson_for, needs, source_for
from vesal.training.fit import Run
from vesal.training.schedule import Schedule
from vesal.training.settings import Settings
from vesal.training.validation import Validated

_RUN = "run"
_CHECKS = 4  # of the model in a run, beside the one before it
_WARMUP = 20  # steps over which the rate rises


def finetune(
    base: str | Path,
    data: Path,
    output: Path,
    wishes: Wishes,
    *,
    workers: int = 1,
    progress: Progress = silent,
) -> Tuned:
    """Tune a model on scans; `output` becomes a folder that `load_model` takes.

    A run that was stopped goes on when it is started again with the same wishes. The weights appear
    when they are whole.

    Args:
        base: name or weights of the model to begin with.
        data: anything that `find_pairs` reads.
        output: folder of the result.
        wishes: how.
        workers: processes that cut windows ahead; 0 for none beside this one.
        progress: told of every step.

    Raises:
        ConfigError: nothing to learn, or wishes that do not fit model or data; or the folder holds
            a model already, or a run with other wishes.
        CheckpointError: weights that do not fit, or a damaged run.
        ResourceError: too little memory, or the disk refuses.
    """
    check_output(output)
    model = load_model(base)
    what = material(
        data, model, only=wishes.structures, validation=wishes.validation, seed=wishes.seed
    )
    run = _Run(model, what, output, wishes)
    result = run.fit(workers, progress)
    card = run.card(Path(base).name)
    write(result, output, card)
    run.tidy()
    return card


def check_output(folder: Path) -> None:
    """Refuse a folder that cannot take the result.

    Raises:
        ConfigError: it holds a model, or something that is no run of fine-tuning; or it is a file.
        ResourceError: the folder above it does not exist.
    """
    if not folder.absolute().parent.is_dir():
        msg = f"the folder {folder.parent} of {folder.name} does not exist; make it first"
        raise ResourceError(msg)
    if folder.is_file() or folder.suffix in (".safetensors", ".pth", ".pt"):
        msg = f"the result is a folder, got {folder}; give the name of one that is not there yet"
        raise ConfigError(msg)
    if (folder / MODEL_FILE).exists():
        msg = f"{folder} holds a model already; give another name, or delete it"
        raise ConfigError(msg)
    if folder.is_dir() and any(folder.iterdir()) and not (folder / _RUN).is_dir():
        msg = f"{folder} holds other files; give the name of a folder that is not there yet"
        raise ConfigError(msg)


class _Run:
    """A model that learns, in a folder beside which its weights will lie."""

    def __init__(self, model: Model, what: TuningData, output: Path, wishes: Wishes) -> None:
        self.method = chosen(wishes.method, model, what.labelled)
        self.origin = identity(model)
        self._output, self._folder = output, output / _RUN
        self._asked = _Asked(model, what, wishes.keep)
        self._what, self._wishes = what, wishes
        self._model = model
        self._lesson = lesson_for(model.train(), self.method.name, wishes.seed)
        check_room(needs(model), free_bytes())
        make_folder(output)
        make_folder(self._folder)
        self.before: tuple[float, ...] = ()
        self.steps = 0

    def fit(self, workers: int, progress: Progress) -> Model:
        """Take all steps that are left; returns a plain model with a share of the old weights."""
        wishes = self._wishes
        source = source_for(self._model, self._what, wishes.seed, self._folder / "cases", progress)
        facts: dict[str, object] = {
            "base": self.origin,
            "learns": self.method.name,
            "found": self._what.structures,
            "scans": [str(pair.image.resolve()) for pair in self._what.pairs],
        }
        minutes = wishes.minutes or MINUTES
        self.steps, self.before = planned(
            self._folder,
            facts,
            wishes,
            lambda: (
                wishes.steps or steps_in(minutes, self._lesson, source),
                checked(self._asked.original, self._what.checked),
            ),
        )
        settings = _settings(self.method, self.steps)
        run = Run(self._lesson, settings, self._folder, seed=wishes.seed)
        best = run.fit(source, self._asked, workers=workers, progress=progress)
        return self._asked.mixed(load_model(best))

    @property
    def after(self) -> tuple[float, ...]:
        """Scores of the check that was best, whose weights are kept."""
        rows = _columns(self._folder / "validation.csv")
        return max((tuple(row[1:]) for row in rows), key=sum)

    @property
    def seconds(self) -> float:
        """Spent on steps, over all sittings."""
        with (self._folder / "train.csv").open(newline="", encoding="utf-8") as file:
            return sum(float(row["seconds"]) for row in csv.DictReader(file))

    def card(self, base: str) -> Tuned:
        """Where the result is from.

        Args:
            base: name of the model that the run began with.
        """
        what, wishes = self._what, self._wishes
        return Tuned(
            base=base,
            base_sha256=self.origin,
            method=self.method.name,
            rate=self.method.rate,
            steps=self.steps,
            keep=wishes.keep,
            seed=wishes.seed,
            scans=len(what.pairs),
            structures=what.structures,
            labelled=what.labelled,
            checked=len(what.checked.structures),
            checked_are_held_out=not what.checked.seen,
            before=self.before,
            after=self.after,
            seconds=round(self.seconds, 1),
            vesal=vesal.__version__,
        )

    def tidy(self) -> None:
        """Leave the tables beside the weights, and nothing of the state."""
        for name in ("validation.csv", "train.csv"):
            (self._folder / name).replace(self._output / name)
        shutil.rmtree(self._folder)


class _Asked:
    """Asks the model that would be the result: a `Validation`."""

    def __init__(self, model: Model, what: TuningData, keep: float) -> None:
        self.original = empty(model.config)
        state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        self.original.load_state_dict(state, assign=True)
        self.original.requires_grad_(False).eval()
        self._what, self._keep = what, keep

    @torch.no_grad()
    def scores(self, model: nn.Module | Promptable, picture: Path | None) -> Validated:
        """Mean Dice after 1 and after 3 clicks; no picture."""
        del picture
        result = self.mixed(cast("Model", model))
        dices = checked(result, self._what.checked)
        return Validated(scores={f"dice@{n}": d for n, d in zip(CLICKS, dices, strict=True)})

    def mixed(self, model: Model) -> Model:
        """A model with a share of the old weights."""
        made = empty(model.config)
        state = mixed(self.original.state_dict(), model.state_dict(), self._keep)
        made.load_state_dict({name: t.clone() for name, t in state.items()}, assign=True)
        return made.requires_grad_(False).eval()


def _columns(path: Path) -> list[list[float]]:
    with path.open(newline="", encoding="utf-8") as file:
        return [[float(value) for value in row] for row in list(csv.reader(file))[1:]]


@torch.no_grad()
def mixed(old: Mapping[str, Tensor], new: Mapping[str, Tensor], keep: float) -> dict[str, Tensor]:
    """Weights between old and new ones; whole numbers, and where nothing is kept, are new."""
    return {
        name: torch.lerp(tensor, old[name], keep) if keep and tensor.is_floating_point() else tensor
        for name, tensor in new.items()
    }


def _settings(method: Method, steps: int) -> Settings:
    schedule = Schedule(kind="linear", warmup_steps=min(_WARMUP, steps), fall_share=0.5)
    return Settings(
        steps=steps,
        rate=method.rate,
        weight_decay=1e-4,
        schedule=schedule,
        clip_norm=1.0,
        validate_every=max(1, -(-steps // _CHECKS)),
        save_every_s=60.0,
    )
