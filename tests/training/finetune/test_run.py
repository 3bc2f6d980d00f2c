"""Tests of vesal.training.finetune.run: from scans to a folder that loads as a model."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.networks import random_network, tiny_config, tiny_sam
from tests.training.scans import picture_folder, scan_folder
from tests.typechecks import types_checked
from vesal.checkpoints.load import load_model, save_model
from vesal.checkpoints.summary import summarised
from vesal.datasets import find_pairs, open_pair
from vesal.errors import CheckpointError, ConfigError, ResourceError
from vesal.inference.clicks import Clicks
from vesal.inference.predictor import predictor_for
from vesal.inference.request import Request
from vesal.models.build import Model
from vesal.progress import Counter, Progress, silent
from vesal.training.finetune import Tuned, Wishes, seam
from vesal.training.finetune import run as module
from vesal.training.finetune.memory import kept_by
from vesal.training.finetune.run import mixed


@pytest.fixture(scope="module")
def scans_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One patient."""
    return scan_folder(tmp_path_factory.mktemp("scans"))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of the tiny network."""
    path = tmp_path_factory.mktemp("base") / "tiny.safetensors"
    save_model(random_network(tiny_config()), path)
    return path


@pytest.fixture(autouse=True)
def one_structure(monkeypatch: pytest.MonkeyPatch) -> None:
    """One structure is asked for, not eight, but where a mean is told: each takes seconds."""
    monkeypatch.setattr("vesal.training.finetune.check._MOST", 1)


@pytest.fixture(scope="module")
def weighed() -> dict[str, int]:
    """What a step of a model needs, by all that decides it."""
    return {}


@pytest.fixture(autouse=True)
def weighed_once(monkeypatch: pytest.MonkeyPatch, weighed: dict[str, int]) -> None:
    """What the same step of the same model needs is found out once for all tests."""

    def known(model: Model, **step: int) -> int:
        learning = [name for name, p in model.named_parameters() if p.requires_grad]
        key = repr((model.config, learning, step))
        if key not in weighed:
            weighed[key] = kept_by(model, **step)
        return weighed[key]

    monkeypatch.setattr(seam, "kept_by", known)


def finetune(
    base: Path, data: Path, output: Path, wishes: Wishes, progress: Progress = silent
) -> Tuned:
    """Windows are cut in this process, which is quicker for a few."""
    return module.finetune(base, data, output, wishes, workers=0, progress=progress)


class Killed(BaseException):
    """The process is ended from outside."""


def test_a_tuned_model_loads_answers_clicks_and_says_where_it_is_from(
    base: Path, scans_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is a model; its card and the header of its weights tell the same.

    Clicks go through the predictor that commands and server use.
    """
    monkeypatch.setattr("vesal.training.finetune.check._MOST", 2)
    told = Counter()
    output = tmp_path / "my-model"
    card = finetune(
        base, scans_folder, output, Wishes(steps=2, method="lora", keep=0.25), progress=told
    )
    assert told.finished
    assert sorted(path.name for path in output.iterdir()) == [
        "card.json",
        "model.safetensors",
        "train.csv",
        "validation.csv",
    ]
    tuned = load_model(output)
    assert tuned.config == tiny_config()
    assert any(
        not torch.equal(a, b)
        for a, b in zip(tuned.parameters(), load_model(base).parameters(), strict=True)
    )
    written = json.loads((output / "card.json").read_text())
    assert written["base"] == "tiny.safetensors"
    assert written["steps"] == card.steps == 2
    assert written["structures"] == list(card.structures)
    assert not card.checked_are_held_out
    notes = summarised(output / "model.safetensors").notes
    assert card.base_sha256[:16] in notes[0]
    assert "lora, 2 steps" in notes[1]
    with (output / "validation.csv").open(newline="") as file:
        steps = [row["step"] for row in csv.DictReader(file)]
    assert steps == ["1", "2"]
    assert all(0 <= dice <= 1 for dice in (*card.before, *card.after))
    image = open_pair(find_pairs(scans_folder).pairs[0]).image
    middle = image.grid.to_world(np.array([[14.0, 13, 9]]))
    clicks = Clicks(points_mm=middle, positive=np.array([True]))
    answer = predictor_for(image, tuned).predict(Request(clicks=clicks))
    assert not answer.mask.is_empty


@pytest.mark.usefixtures("types_unchecked")
def test_a_stopped_run_goes_on_to_the_same_weights(
    base: Path, scans_folder: Path, tmp_path: Path
) -> None:
    """Nothing that loads lies there before the end; other words are refused in between."""
    wishes = Wishes(steps=3, method="decoder", seed=2)
    finetune(base, scans_folder, tmp_path / "whole", wishes)

    def kill(done: int, total: int, text: str) -> None:
        if done == 2 and text.startswith("loss"):
            raise Killed

    halves = tmp_path / "halves"
    with pytest.raises(Killed):
        finetune(base, scans_folder, halves, wishes, progress=kill)
    with pytest.raises(ConfigError, match="neither a weights file nor a known model"):
        load_model(halves)
    with pytest.raises(ConfigError, match=r"begun otherwise .learns 'decoder', now 'full'"):
        finetune(base, scans_folder, halves, Wishes(steps=3, method="full", seed=2))
    finetune(base, scans_folder, halves, wishes)
    ends = [(tmp_path / run / "model.safetensors").read_bytes() for run in ("whole", "halves")]
    assert ends[0] == ends[1]
    tables = [(tmp_path / run / "validation.csv").read_text() for run in ("whole", "halves")]
    assert tables[0] == tables[1]


@pytest.mark.usefixtures("types_unchecked")
def test_minutes_become_steps_once(
    base: Path, scans_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Timed at the start and then kept, so that a run goes on to where it was bound for."""
    counts = iter([2, 99])
    monkeypatch.setattr(module, "steps_in", lambda *_: next(counts))

    def kill(done: int, total: int, text: str) -> None:
        if done == 1:
            raise Killed

    for progress in (kill, silent):
        try:
            card = finetune(
                base, scans_folder, tmp_path / "my", Wishes(minutes=1.0), progress=progress
            )
        except Killed:
            continue
    assert card.steps == 2
    assert next(counts) == 99  # nobody asked again


def test_what_is_kept_of_the_old_weights_lies_between() -> None:
    """None, half, and whole numbers as they are."""
    old = {"w": torch.tensor([0.0, 2.0]), "n": torch.tensor(3)}
    new = {"w": torch.tensor([1.0, 4.0]), "n": torch.tensor(5)}
    assert torch.equal(mixed(old, new, 0.0)["w"], new["w"])
    assert mixed(old, new, 0.5)["w"].tolist() == [0.5, 3.0]
    assert mixed(old, new, 0.25)["w"].tolist() == [0.75, 3.5]
    assert mixed(old, new, 0.5)["n"] == 5


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"plan": {}}'])
def test_a_damaged_plan_is_refused_in_words(
    base: Path, scans_folder: Path, tmp_path: Path, damage: str
) -> None:
    """With what to delete."""
    (tmp_path / "my" / "run").mkdir(parents=True)
    (tmp_path / "my" / "run" / "plan.json").write_text(damage)
    with pytest.raises(CheckpointError, match="is damaged: delete the folder"):
        finetune(base, scans_folder, tmp_path / "my", Wishes(steps=1))


def test_nothing_is_written_over(base: Path, scans_folder: Path, tmp_path: Path) -> None:
    """A model, other files, a file, a name of weights, a folder that is not there."""
    other, model, file = (tmp_path / name for name in ("other", "model", "file"))
    for folder, name in ((other, "thesis.txt"), (model, "model.safetensors")):
        folder.mkdir()
        (folder / name).touch()
    file.touch()
    for output, message in (
        (other, "holds other files"),
        (model, "holds a model already"),
        (file, "the result is a folder"),
        (tmp_path / "my.safetensors", "the result is a folder"),
    ):
        with pytest.raises(ConfigError, match=message):
            finetune(base, scans_folder, output, Wishes(steps=1))
    with pytest.raises(ResourceError, match="does not exist; make it first"):
        finetune(base, scans_folder, tmp_path / "no" / "my", Wishes(steps=1))


def test_too_little_memory_is_said_before_anything_is_written(
    base: Path, scans_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is not made."""
    monkeypatch.setattr(module, "free_bytes", lambda: 2**20)
    with pytest.raises(ResourceError, match="GiB are free"):
        finetune(base, scans_folder, tmp_path / "my", Wishes(steps=1))
    assert not (tmp_path / "my").exists()


def test_a_run_that_goes_astray_writes_no_weights(
    base: Path, scans_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NaN is found before it is stored."""

    def astray(*_: object) -> dict[str, torch.Tensor]:
        state = load_model(base).state_dict()
        return {name: tensor * float("nan") for name, tensor in state.items()}

    monkeypatch.setattr(module, "mixed", astray)
    monkeypatch.setattr(module, "checked", lambda *_: (0.0, 0.0))
    with pytest.raises(CheckpointError, match="would hold NaN"):
        finetune(base, scans_folder, tmp_path / "my", Wishes(steps=1))
    assert not (tmp_path / "my" / "model.safetensors").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"minutes": 1.0, "steps": 3},
        {"minutes": 0.0},
        {"minutes": float("nan")},
        {"steps": 0},
        {"keep": 1.0},
        {"keep": -0.1},
    ],
)
def test_wishes_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    """With what was given."""
    with pytest.raises(ConfigError, match="got"):
        Wishes(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("adapters", "method"),
    [(False, "decoder"), (False, "lora"), (True, "adapters"), (True, "full")],
)
def test_models_of_the_sam_family_are_tuned_too(
    adapters: bool, method: str, tmp_path: Path
) -> None:
    """From a file of weights to one of the same tensors, slice by slice; what learns has moved."""
    sam = tmp_path / "sam.safetensors"
    save_model(tiny_sam(adapters=adapters), sam)
    data = picture_folder(tmp_path / "data")
    output = tmp_path / "my"
    with types_checked(now=method in ("decoder", "adapters")):  # once for each network
        finetune(sam, data, output, Wishes(steps=2, method=method, keep=0.0))
    before, after = load_model(sam), load_model(output)
    assert after.config == before.config
    moved = {
        name
        for name, tensor in after.state_dict().items()
        if not torch.equal(tensor, before.state_dict()[name])
    }
    assert any(name.startswith("mask_decoder.") for name in moved)
    assert any(".attn.qkv." in name for name in moved) == (method in ("lora", "full"))
    assert any(".Adapter." in name for name in moved) == adapters
