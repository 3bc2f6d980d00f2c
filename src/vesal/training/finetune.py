"""A model and a user's scans to a model of the user's own, which loads wherever the first one did.

Weights are averaged with those from before at the end: a model that was tuned on one scan forgets
less so, and loses little of what it has learnt (Wortsman et al., WiSE-FT, 2022).
"""

import csv
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

import vesal
from vesal.checkpoints.identity import identity
from vesal.checkpoints.load import load_model
from vesal.checkpoints.locate import MODEL_FILE
from vesal.checkpoints.tensors import empty
from vesal.errors import ConfigError, ResourceError
from vesal.images.write import make_folder
from vesal.models.build import Model
from vesal.progress import Progress, silent
from vesal.training.finetune_card import Tuned, write
from vesal.training.finetune_data import Material, material
from vesal.training.finetune_loop import Loop, append
from vesal.training.finetune_methods import Method, chosen, freeze
from vesal.training.finetune_plan import MINUTES, Wishes, planned, steps_in
from vesal.training.finetune_seam import lesson_for, needs, source_for
from vesal.training.finetune_validate import CLICKS, checked
from vesal.training.lora import plain_state
from vesal.training.memory import check_room, free_bytes
from vesal.training.schedule import Schedule
from vesal.training.settings import Settings

_RUN = "run"
_CHECKS = 4  # of the model in a run, beside the one before it
_WARMUP = 20  # steps over which the rate rises
_VALIDATION = "validation.csv"
_HEADER = ("step", *(f"dice_{n}" for n in CLICKS))


def finetune(
    base: str | Path,
    data: Path,
    output: Path,
    wishes: Wishes,
    *,
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
    run.fit(progress)
    result, scores = run.result(), run.scores()
    card = Tuned(
        base=Path(base).name,
        base_sha256=run.origin,
        method=run.method.name,
        rate=run.method.rate,
        steps=run.loop.settings.steps,
        keep=wishes.keep,
        seed=wishes.seed,
        scans=len(what.pairs),
        structures=what.structures,
        labelled=what.labelled,
        checked=len(what.checked.structures),
        checked_are_held_out=not what.checked.seen,
        before=scores[0],
        after=scores[-1],
        seconds=round(run.loop.elapsed_s, 1),
        vesal=vesal.__version__,
    )
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

    def __init__(self, model: Model, what: Material, output: Path, wishes: Wishes) -> None:
        self._keep, self._what = wishes.keep, what
        self.method = chosen(wishes.method, model, what.labelled)
        self.origin = identity(model)
        self._original = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        self._model = model.train()
        freeze(model, self.method.name, seed=wishes.seed)
        check_room(needs(model), free_bytes())
        self._folder, self._output = output / _RUN, output
        make_folder(output)
        make_folder(self._folder)
        lesson, self._source = lesson_for(model), source_for(model, what, wishes.seed)
        facts = {"base": self.origin, "learns": self.method.name, "found": what.structures}
        minutes = wishes.minutes or MINUTES
        steps = planned(
            self._folder, facts, wishes, lambda: steps_in(minutes, lesson, self._source)
        )
        settings = _settings(self.method, steps)
        self.loop = Loop(lesson, settings, self._folder, seed=wishes.seed)

    def fit(self, progress: Progress) -> None:
        """Take all steps that are left, and note now and then what the result would be worth."""
        steps = self.loop.settings.steps

        def check(step: int) -> None:
            progress(step, steps, "asking the model for structures")
            scores = checked(self.result(), self._what.checked)
            row = [str(step), *(f"{score:.4f}" for score in scores)]
            append(self._folder / _VALIDATION, _HEADER, row)

        if self.loop.step == 0:
            (self._folder / _VALIDATION).unlink(missing_ok=True)  # of a run stopped before a step
            check(0)
        self.loop.fit(self._source, now_and_then=check, progress=progress)

    def result(self) -> Model:
        """A plain model of what was learnt so far, with a share of the old weights."""
        model = empty(self._model.config)
        state = mixed(self._original, plain_state(self._model), self._keep)
        model.load_state_dict({name: t.clone() for name, t in state.items()}, assign=True)
        return model.requires_grad_(False).eval()

    def scores(self) -> list[tuple[float, ...]]:
        """Of all checks so far."""
        with (self._folder / _VALIDATION).open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))[1:]
        return [tuple(float(value) for value in row[1:]) for row in rows]

    def tidy(self) -> None:
        """Leave the tables beside the weights, and nothing of the state."""
        for name in (_VALIDATION, "train.csv"):
            (self._folder / name).replace(self._output / name)
        for path in self._folder.iterdir():
            path.unlink()
        self._folder.rmdir()


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
