"""Tests of vesal.training.fit: a run learns, and continues as if it had never stopped."""

import csv
import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.networks import tiny_config
from tests.volumes import tiny_corpus, tiny_recipe
from vesal.checkpoints.load import save_model
from vesal.errors import CheckpointError, ResourceError
from vesal.models.promptable_unet import PromptableUNet
from vesal.models.unet_config import PromptableUNetConfig
from vesal.progress import Counter
from vesal.training.batches import Batch, batch_at, training_sampler
from vesal.training.fit import Run
from vesal.training.recipe import Recipe
from vesal.training.sample import Sampler
from vesal.training.validate import Validation, validation_windows

STATES = ("model", "average", "optimiser")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two volumes."""
    folder = tmp_path_factory.mktemp("corpus")
    tiny_corpus(folder)
    return folder


@pytest.fixture(scope="module")
def sampler(corpus: Path) -> Sampler:
    """The sampler of the tiny recipe."""
    return training_sampler(corpus, ["body", "slice"], tiny_recipe())


def flattened(value: object) -> Iterator[object]:
    """All leaves of nested records."""
    if isinstance(value, dict):
        for key in value:
            yield key
            yield from flattened(value[key])
    elif isinstance(value, list | tuple):
        for part in value:
            yield from flattened(part)
    else:
        yield value


def assert_same_state(one: Run, two: Run) -> None:
    """Step, weights, averages, and all that the optimiser remembers: equal to the bit."""
    assert one.step == two.step
    for name in STATES:
        first, second = (list(flattened(getattr(run, name).state_dict())) for run in (one, two))
        assert len(first) == len(second)
        for a, b in zip(first, second, strict=True):
            if isinstance(a, torch.Tensor):
                assert isinstance(b, torch.Tensor)
                assert torch.equal(a, b)
            else:
                assert a == b


def learn(run: Run, sampler: Sampler, until: int) -> list[float]:
    """The losses of the steps up to that one, batches made here."""
    return [run.learn(batch_at(sampler, run.recipe, step))[0] for step in range(run.step, until)]


def test_a_run_learns_two_tiny_volumes(sampler: Sampler, tmp_path: Path) -> None:
    """Shown four batches ten times, the loss falls by a third and the first click says more."""
    recipe = tiny_recipe(steps=40, warmup_steps=4, slice_every=4, volume_windows=2, hint_share=0.0)
    run = Run(recipe, tmp_path)
    shown = [batch_at(sampler, recipe, step) for step in range(4)]
    results = [run.learn(shown[step % 4]) for step in range(40)]
    losses = np.array([loss for loss, _ in results])
    first = np.array([dices[0] for _, dices in results])
    assert np.isfinite(losses).all()
    assert losses[-8:].mean() < 0.67 * losses[:8].mean()
    assert first[-8:].mean() > first[:8].mean() + 0.2


def test_a_step_tells_the_dice_after_each_of_its_clicks(sampler: Sampler, tmp_path: Path) -> None:
    """As many as the recipe's rounds allow, all of them in turn."""
    run = Run(tiny_recipe(), tmp_path)
    batch = batch_at(sampler, run.recipe, 0)
    rounds = {len(run.learn(batch)[1]) for _ in range(12)}
    assert rounds == {1, 2, 3}
    assert run.step == 12


def test_a_resumed_run_is_the_same_to_the_bit(sampler: Sampler, tmp_path: Path) -> None:
    """Six steps at once, and three, a new process of mind, three."""
    whole = Run(tiny_recipe(), tmp_path / "whole")
    losses = learn(whole, sampler, 6)
    half = Run(tiny_recipe(), tmp_path / "halves")
    first = learn(half, sampler, 3)
    half.save()
    resumed = Run(tiny_recipe(), tmp_path / "halves")
    assert_same_state(resumed, half)
    assert first + learn(resumed, sampler, 6) == losses
    assert_same_state(resumed, whole)


class Killed(BaseException):
    """The process is ended from outside."""


def test_a_killed_fit_continues_and_ends_where_an_unbroken_one_does(
    corpus: Path, tmp_path: Path
) -> None:
    """With its worker process, logs and validation: no step lost, none told twice."""
    validation = validation_windows(corpus, ["body"], side=16, each=1, seed=0)

    def fit(folder: Path, stop: int | None = None) -> Run:
        def progress(done: int, total: int, text: str) -> None:
            if done == stop:
                raise Killed

        run = Run(tiny_recipe(save_every_s=0.0), folder)
        model = run.fit(corpus, ["body", "slice"], validation, progress=progress)
        assert model is run.averaged
        return run

    unbroken = fit(tmp_path / "unbroken")
    with pytest.raises(Killed):
        fit(tmp_path / "killed", stop=5)  # learned and told, not yet saved
    continued = fit(tmp_path / "killed")
    assert_same_state(continued, unbroken)
    for name, steps in (("train.csv", "123456"), ("validation.csv", "36")):
        logs = [_rows(tmp_path / run / name) for run in ("killed", "unbroken")]
        assert [row["step"] for row in logs[0]] == list(steps)
        for row in (*logs[0], *logs[1]):
            row.pop("seconds", None)
        assert logs[0] == logs[1]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _without_worker(monkeypatch: pytest.MonkeyPatch, sampler: Sampler) -> None:
    """Let `fit` make its batches in this process, which is quicker."""

    def here(folder: Path, names: list[str], recipe: Recipe, start: int) -> Iterator[Batch]:
        return (batch_at(sampler, recipe, step) for step in range(start, recipe.steps))

    monkeypatch.setattr("vesal.training.fit.batches", here)


def test_fit_tells_each_step_and_logs_validation_now_and_then(
    sampler: Sampler, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every third step here, and the last one; the state is saved at the end."""
    _without_worker(monkeypatch, sampler)
    validation = validation_windows(corpus, ["body"], side=16, each=1, seed=0)
    told = Counter()
    run = Run(tiny_recipe(steps=5), tmp_path)
    run.fit(corpus, [], validation, progress=told)
    assert [(done, total) for done, total, _ in told.reports] == [(n, 5) for n in range(1, 6)]
    assert told.finished
    assert [row["step"] for row in _rows(tmp_path / "validation.csv")] == ["3", "5"]
    assert set(_rows(tmp_path / "validation.csv")[0]) == {"step", "body@1", "body@3", "body@5"}
    assert Run(tiny_recipe(steps=5), tmp_path).step == 5
    assert run.fit(corpus, [], validation) is run.averaged  # nothing left to do
    assert len(_rows(tmp_path / "train.csv")) == 5


def test_a_log_cut_short_by_a_kill_is_mended(
    sampler: Sampler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a line, an empty file, no file."""
    _without_worker(monkeypatch, sampler)
    run = Run(tiny_recipe(validate_every=99), tmp_path)
    learn(run, sampler, 2)
    run.save()
    log = tmp_path / "train.csv"
    for text in ("step,loss\n1,0.5\n2,0.4\n3,0.3\n\n", "step,loss\n1,0.5\n2,0.4\n3,0", ""):
        log.write_text(text)
        Run(tiny_recipe(), tmp_path)
        rows = [row["step"] for row in _rows(log)]
        assert rows == (["1", "2"] if text else [])
    log.unlink()
    assert Run(tiny_recipe(), tmp_path).step == 2


def test_the_averaged_weights_are_an_exponential_average(sampler: Sampler, tmp_path: Path) -> None:
    """They start as the weights after the first step, then follow by the recipe's decay."""
    run = Run(tiny_recipe(averaging=0.6), tmp_path)
    expected: dict[str, torch.Tensor] = {}
    for step in range(4):
        run.learn(batch_at(sampler, run.recipe, step))
        for name, weight in run.model.named_parameters():
            now = weight.detach().clone()
            expected[name] = now if step == 0 else 0.6 * expected[name] + 0.4 * now
    for name, weight in run.averaged.named_parameters():
        torch.testing.assert_close(weight.detach(), expected[name])


def test_the_learning_rate_warms_up_holds_and_decays(sampler: Sampler, tmp_path: Path) -> None:
    """Linearly to the recipe's rate, constant, then down to a hundredth at most."""
    recipe = tiny_recipe(steps=12, warmup_steps=4, decay_share=0.5, rounds=(1,))
    run = Run(recipe, tmp_path)
    rates = []
    for _ in range(12):
        run.learn(batch_at(sampler, recipe, 0))
        rates.append(run.optimiser.param_groups[0]["lr"] / recipe.learning_rate)
    assert rates[:4] == pytest.approx([0.25, 0.5, 0.75, 1.0])
    assert rates[4:7] == pytest.approx([1.0, 1.0, 1.0])
    assert rates[7:] == pytest.approx([5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6])
    run.learn(batch_at(sampler, recipe, 0))
    assert run.optimiser.param_groups[0]["lr"] == pytest.approx(0.01 * recipe.learning_rate)


def test_gradients_are_clipped(sampler: Sampler, tmp_path: Path) -> None:
    """To the recipe's norm, all weights together."""
    run = Run(tiny_recipe(clip_norm=1e-3), tmp_path)
    run.learn(batch_at(sampler, run.recipe, 0))
    gradients = [p.grad.flatten() for p in run.model.parameters() if p.grad is not None]
    assert torch.cat(gradients).norm().item() == pytest.approx(1e-3, rel=1e-3)


def test_hints_are_shown_before_the_first_click(sampler: Sampler, tmp_path: Path) -> None:
    """As often as the recipe says: they change what the first answer costs."""
    runs = [Run(tiny_recipe(hint_share=share), tmp_path / str(share)) for share in (0.0, 1.0)]
    losses = [run.learn(batch_at(sampler, run.recipe, 0))[0] for run in runs]
    assert losses[0] != losses[1]


def test_a_run_starts_the_same_and_leaves_the_random_numbers_alone(tmp_path: Path) -> None:
    """The seed decides the first weights; nobody else's numbers change."""
    before = torch.random.get_rng_state()
    one, two = (Run(tiny_recipe(), tmp_path / name) for name in "ab")
    assert torch.equal(torch.random.get_rng_state(), before)
    assert_same_state(one, two)
    other = Run(tiny_recipe(seed=6), tmp_path / "c")
    heads = [run.model.get_parameter("head.2.weight") for run in (one, other)]
    assert not torch.equal(*heads)


@pytest.mark.parametrize("end", [OSError(28, "No space left on device"), Killed()])
def test_a_save_that_is_cut_short_leaves_the_state_before(
    sampler: Sampler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: BaseException
) -> None:
    """By a full disk, or by the end of the process: the old file is whole, no other is there."""
    run = Run(tiny_recipe(), tmp_path)
    run.save()
    learn(run, sampler, 1)

    def cut(state: object, path: Path) -> None:
        path.write_bytes(b"PK half")
        raise end

    monkeypatch.setattr(torch, "save", cut)
    with pytest.raises(ResourceError if isinstance(end, OSError) else Killed):
        run.save()
    monkeypatch.undo()
    assert Run(tiny_recipe(), tmp_path).step == 0
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_a_damaged_checkpoint_is_refused_in_words(tmp_path: Path) -> None:
    """Cut anywhere, empty, or something else altogether."""
    Run(tiny_recipe(), tmp_path).save()
    path = tmp_path / "checkpoint.pt"
    content = path.read_bytes()
    cuts = [content[:offset] for offset in range(0, len(content), len(content) // 9)]
    for damaged in (*cuts, content[:-1], b"no checkpoint", pickle.dumps([1, 2], 2)):
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match="damaged or of another recipe"):
            Run(tiny_recipe(), tmp_path)


@pytest.mark.parametrize("state", [[], {}, {"step": 1}, torch.zeros(2)], ids=str)
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path, state: object) -> None:
    """Although torch wrote it."""
    torch.save(state, tmp_path / "checkpoint.pt")
    with pytest.raises(CheckpointError, match="damaged or of another recipe"):
        Run(tiny_recipe(), tmp_path)


class Malicious:
    """An object that makes a folder where it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[str]]:
        import os

        return os.mkdir, (str(self.marker),)


def test_a_checkpoint_cannot_execute_anything(tmp_path: Path) -> None:
    """It is read as weights only."""
    torch.save({"step": Malicious(tmp_path / "executed")}, tmp_path / "checkpoint.pt")
    with pytest.raises(CheckpointError):
        Run(tiny_recipe(), tmp_path)
    assert not (tmp_path / "executed").exists()


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    """Its weights have other shapes."""
    Run(tiny_recipe(), tmp_path).save()
    wider = PromptableUNetConfig(widths=(8, 16, 32), groups=4, window=16, slice_window=24)
    assert wider != tiny_config()
    with pytest.raises(CheckpointError, match="of another recipe"):
        Run(tiny_recipe(model=wider), tmp_path)


def test_validation_may_be_empty(
    sampler: Sampler, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run on one's own data without a set to validate on."""
    _without_worker(monkeypatch, sampler)
    Run(tiny_recipe(steps=1), tmp_path).fit(corpus, [], Validation(samples={}))
    assert _rows(tmp_path / "validation.csv") == [{"step": "1"}]


def test_a_run_can_begin_with_the_weights_of_another(tmp_path: Path) -> None:
    """Its network and its average are those; where the folder has a checkpoint, that counts."""
    known = PromptableUNet(tiny_config())
    weights = tmp_path / "known.safetensors"
    save_model(known, weights)
    run = Run(tiny_recipe(), tmp_path / "run", start=weights)
    for model in (run.model, run.averaged):
        for name, tensor in model.state_dict().items():
            expected = known.state_dict()[name]
            torch.testing.assert_close(tensor, expected, atol=1e-3, rtol=1e-3)  # kept as float16
    run.step = 3
    run.save()
    assert Run(tiny_recipe(), tmp_path / "run", start=weights).step == 3


def test_weights_of_another_network_are_no_start(tmp_path: Path) -> None:
    """One sentence."""
    weights = tmp_path / "other.safetensors"
    save_model(PromptableUNet(replace(tiny_config(), window=32)), weights)
    with pytest.raises(CheckpointError, match="not of this recipe's network"):
        Run(tiny_recipe(), tmp_path / "run", start=weights)
