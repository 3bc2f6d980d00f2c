"""Tests of vesal.training.fit: a run learns, and continues as if it had never stopped."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.networks import tiny_config
from tests.training.runs import Killed, assert_same_state, learn, repeated, rows, run_of, source_of
from tests.typechecks import types_checked
from tests.volumes import tiny_recipe
from vesal.checkpoints.load import load_model
from vesal.errors import ConfigError
from vesal.models.build import build
from vesal.models.promptable import Promptable
from vesal.progress import Counter
from vesal.training.fit import Run
from vesal.training.lesson import Group, Lesson, Taught
from vesal.training.settings import Settings
from vesal.training.sources.windows import WindowSource
from vesal.training.validate import ClickValidation, validation_windows
from vesal.training.validation import Validated


@pytest.fixture(scope="module")
def source(corpus: Path) -> WindowSource:
    """The batches of the tiny recipe."""
    return source_of(corpus, tiny_recipe())


def test_a_run_learns_two_tiny_volumes(corpus: Path, tmp_path: Path) -> None:
    """Shown four batches ten times, the loss falls by a third and the first click says more."""
    recipe = tiny_recipe(
        steps=40, warmup_steps=4, slice_every=4, volume_windows=2, hint_share=0.0, weighted=True
    )
    run = run_of(recipe, tmp_path)
    source = source_of(corpus, recipe)
    shown = repeated([source.batch(number) for number in range(4)])
    told = [run.learn(shown, 40) for _ in range(4)]  # of each batch one, types checked
    with types_checked(now=False):
        told += [run.learn(shown, 40) for _ in range(36)]
    losses = np.array([one.loss for one in told])
    first = np.array([one.values()["dice_first"] for one in told])
    assert np.isfinite(losses).all()
    assert losses[-8:].mean() < 0.67 * losses[:8].mean()
    assert first[-8:].mean() > first[:8].mean() + 0.2


@pytest.mark.usefixtures("types_unchecked")
def test_a_step_tells_the_dice_after_each_of_its_clicks(
    source: WindowSource, tmp_path: Path
) -> None:
    """As many as the recipe's rounds allow, all of them in turn."""
    run = run_of(tiny_recipe(), tmp_path)
    shown = repeated([source.batch(0)])
    rounds = {len(run.learn(shown, 12).dices[0]) for _ in range(12)}
    assert rounds == {1, 2, 3}
    assert run.step == 12


@pytest.mark.usefixtures("types_unchecked")
def test_a_resumed_run_is_the_same_to_the_bit(source: WindowSource, tmp_path: Path) -> None:
    """Six steps at once, and three, a new process of mind, three."""
    whole = run_of(tiny_recipe(), tmp_path / "whole")
    losses = [told.loss for told in learn(whole, source, 6)]
    half = run_of(tiny_recipe(), tmp_path / "halves")
    first = [told.loss for told in learn(half, source, 3)]
    half.save()
    resumed = run_of(tiny_recipe(), tmp_path / "halves")
    assert_same_state(resumed, half)
    assert first + [told.loss for told in learn(resumed, source, 6)] == losses
    assert_same_state(resumed, whole)


@pytest.mark.usefixtures("types_unchecked")
def test_a_killed_fit_continues_and_ends_where_an_unbroken_one_does(
    corpus: Path, source: WindowSource, tmp_path: Path
) -> None:
    """With its worker process, logs and validation: no step lost, none told twice."""
    validation = validation_windows(corpus, ["body"], side=16, each=1, seed=0)

    def fit(folder: Path, stop: int | None = None) -> Run:
        def progress(done: int, total: int, text: str) -> None:
            if done == stop:
                raise Killed

        run = run_of(tiny_recipe(save_every_s=0.0), folder)
        weights = run.fit(source, validation, progress=progress)
        assert weights == folder / "best.safetensors"
        return run

    unbroken = fit(tmp_path / "unbroken")
    with pytest.raises(Killed):
        fit(tmp_path / "killed", stop=5)  # learned and told, not yet saved
    continued = fit(tmp_path / "killed")
    assert_same_state(continued, unbroken)
    for name, steps in (("train.csv", "123456"), ("validation.csv", "36")):
        logs = [rows(tmp_path / run / name) for run in ("killed", "unbroken")]
        assert [row["step"] for row in logs[0]] == list(steps)
        for row in (*logs[0], *logs[1]):
            row.pop("seconds", None)
            row.pop("waited", None)
        assert logs[0] == logs[1]
    for name in ("best.safetensors", "last.safetensors"):
        one, two = ((tmp_path / run / name).read_bytes() for run in ("killed", "unbroken"))
        assert one == two


def test_a_run_leaves_weights_logs_events_and_pictures(
    corpus: Path, source: WindowSource, tmp_path: Path
) -> None:
    """All in its folder; the weights load as any others do."""
    counter = Counter()
    validation = validation_windows(corpus, ["body"], side=16, each=1, seed=0)
    run = run_of(tiny_recipe(), tmp_path)
    best = run.fit(source, validation, workers=0, progress=counter)
    assert counter.finished
    assert load_model(best).config == tiny_config()
    last = load_model(tmp_path / "last.safetensors")
    for name, tensor in run.model.state_dict().items():
        torch.testing.assert_close(last.state_dict()[name], tensor, atol=1e-3, rtol=1e-3)
    assert {path.name for path in (tmp_path / "pictures").iterdir()} == {
        "step-0000003.png",
        "step-0000006.png",
    }
    events = b"".join(path.read_bytes() for path in (tmp_path / "tensorboard").iterdir())
    for tag in (b"training/loss", b"training/rate", b"validation/body/3"):
        assert tag in events


@pytest.mark.usefixtures("types_unchecked")
def test_the_best_weights_are_kept_and_a_stale_run_ends(
    source: WindowSource, tmp_path: Path
) -> None:
    """After as many validations without a better score as the patience says."""
    scores = iter([0.2, 0.5, 0.4, 0.5, 0.1, 0.9])
    kept: list[Tensor] = []

    class Scripted(ClickValidation):
        """Scores that were thought up."""

        def scores(self, model: torch.nn.Module | Promptable, picture: Path | None) -> Validated:
            """The next one."""
            assert isinstance(model, torch.nn.Module)
            assert not model.training
            kept.append(next(iter(model.parameters())).detach().clone())
            return Validated(scores={"x": next(scores)})

    run = run_of(tiny_recipe(steps=50, validate_every=2, patience=3), tmp_path)
    best = run.fit(source, Scripted(samples={}), workers=0)
    assert run.step == 10
    assert (run.best, run.unchanged) == (0.5, 3)
    assert [row["step"] for row in rows(tmp_path / "validation.csv")] == ["2", "4", "6", "8", "10"]
    name = next(iter(run.model.state_dict()))
    torch.testing.assert_close(load_model(best).state_dict()[name], kept[1], atol=1e-3, rtol=1e-3)
    assert run.plain.model.training
    again = run_of(tiny_recipe(steps=50, validate_every=2, patience=3), tmp_path)
    again.fit(source, Scripted(samples={}), workers=0)
    assert again.step == 10


def test_accumulated_batches_are_averaged(source: WindowSource, tmp_path: Path) -> None:
    """Two batches for one step, of which the loss and the gradient are the mean."""
    run = run_of(tiny_recipe(accumulate=2, clip_norm=0.0), tmp_path)
    single = [run_of(tiny_recipe(clip_norm=0.0), tmp_path / name) for name in "ab"]
    told = learn(run, source, 1)[0]
    single[1].step = 1  # learns from the second batch
    losses = [learn(one, source, n + 1)[0].loss for n, one in enumerate(single)]
    assert told.loss == pytest.approx(sum(losses) / 2, rel=1e-6)
    assert run.step == 1
    assert len(told.dices) == 2


class Constant(Lesson):
    """Two turns a batch that pull one weight by its batch's mean; freezes nothing."""

    turns = 2

    def __init__(self, loss: float = 1.0) -> None:
        super().__init__(build(tiny_config()))
        self.loss = loss
        self.seen: list[tuple[int, tuple[int, ...], int]] = []

    def groups(self) -> list[Group]:
        """One weight at the whole rate, the others at a tenth."""
        first, *others = self.model.parameters()
        return [
            Group(name="first", parameters=[first]),
            Group(name="others", parameters=others, rate=0.1),
        ]

    def forward(
        self,
        images: Tensor,
        targets: Tensor,
        turn: int,
        memory: tuple[Tensor, ...],
        seed: tuple[int, ...],
    ) -> Taught:
        """The mean weight times a number."""
        self.seen.append((turn, seed, len(memory)))
        loss = self.loss * torch.stack([p.mean() for p in self.model.parameters()]).sum()
        return Taught(
            loss=loss, dices=[0.5], logits=targets.float(), memory=(torch.ones(1),) * (turn + 1)
        )


def test_a_lesson_of_several_turns_learns_at_each(source: WindowSource, tmp_path: Path) -> None:
    """An optimiser step a turn; each turn goes on from what the one before left."""
    lesson = Constant()
    settings = Settings(steps=2, accumulate=2, optimiser="adam")
    run = Run(lesson, settings, tmp_path, seed=9)
    learn(run, source, 2)
    turns = [(turn, number, memory) for turn, (_, number, _), memory in lesson.seen]
    assert turns == [
        (0, 0, 0), (0, 1, 0), (1, 0, 1), (1, 1, 1),
        (0, 2, 0), (0, 3, 0), (1, 2, 1), (1, 3, 1),
    ]  # fmt: skip
    assert {seed[0] for _, seed, _ in lesson.seen} == {9}
    steps = {int(state["step"]) for state in run.optimiser.state.values()}
    assert steps == {4}


def test_groups_learn_at_rates_of_their_own(source: WindowSource, tmp_path: Path) -> None:
    """Adam's first step is as long as the rate."""
    lesson = Constant()
    before = [p.detach().clone() for p in lesson.parameters()]
    run = Run(lesson, Settings(steps=1, optimiser="adam", rate=1e-2), tmp_path, seed=0)
    lesson.turns = 1
    learn(run, source, 1)
    moved = [
        float((b - p).detach().mean()) for b, p in zip(before, lesson.parameters(), strict=True)
    ]
    assert moved[0] == pytest.approx(1e-2, rel=1e-3)
    assert moved[1:] == pytest.approx([1e-3] * len(moved[1:]), rel=1e-2)


def test_a_loss_that_is_no_number_ends_the_run_in_words(
    source: WindowSource, tmp_path: Path
) -> None:
    """And the state that was right is not overwritten."""
    run = Run(Constant(), Settings(steps=3), tmp_path, seed=0)
    run.save()
    assert isinstance(run.plain, Constant)
    run.plain.loss = float("nan")
    with pytest.raises(ConfigError, match=r"the loss is no number any more at step 1 .*lower"):
        run.fit(source, workers=0)
    assert Run(Constant(), Settings(steps=3), tmp_path, seed=0).step == 0


def test_a_lesson_that_freezes_all_is_refused(tmp_path: Path) -> None:
    """Nothing would be learnt."""

    class Frozen(Constant):
        """Nothing learns."""

        def groups(self) -> list[Group]:
            """No parameter at all."""
            return [Group(name="none", parameters=[])]

    with pytest.raises(ConfigError, match="freezes the whole model"):
        Run(Frozen(), Settings(steps=1), tmp_path, seed=0)


def test_epochs_are_counted_in_batches_of_all_processes(
    source: WindowSource, tmp_path: Path
) -> None:
    """Two batches are an epoch here."""
    assert source.batches == 2
    for accumulate, steps in ((1, 6), (2, 3), (4, 2), (20, 1)):
        settings = Settings(epochs=3.0, accumulate=accumulate)
        assert Run(Constant(), settings, tmp_path / str(accumulate), seed=0).steps(source) == steps


@pytest.mark.usefixtures("types_unchecked")
def test_the_learning_rate_rises_and_falls(source: WindowSource, tmp_path: Path) -> None:
    """Linearly over the first steps, and over the last part of the run to a hundredth at most."""
    recipe = tiny_recipe(steps=12, warmup_steps=4, rounds=(1,))
    run = run_of(recipe, tmp_path)
    shown = repeated([source.batch(0)])
    rates = [run.learn(shown, 12).rate / recipe.settings.rate for _ in range(12)]
    assert rates[:4] == pytest.approx([0.25, 0.5, 0.75, 1.0])
    assert rates[4:7] == pytest.approx([1.0, 1.0, 1.0])
    assert rates[7:] == pytest.approx([5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6])


def test_gradients_are_clipped(source: WindowSource, tmp_path: Path) -> None:
    """To the recipe's norm, all weights together: plain descent moves them by no more."""
    run = run_of(tiny_recipe(clip_norm=1e-3, averaging=0.0), tmp_path)
    norms: list[float] = []

    def remember(*_: object) -> None:
        gradients = [p.grad.flatten() for p in run.plain.parameters() if p.grad is not None]
        norms.append(torch.cat(gradients).norm().item())

    handle = run.optimiser.register_step_pre_hook(remember)
    learn(run, source, 1)
    handle.remove()
    assert norms == pytest.approx([1e-3], rel=1e-3)


def test_hints_are_shown_before_the_first_click(source: WindowSource, tmp_path: Path) -> None:
    """As often as the recipe says: they change what the first answer costs."""
    runs = [run_of(tiny_recipe(hint_share=share), tmp_path / str(share)) for share in (0.0, 1.0)]
    losses = [learn(run, source, 1)[0].loss for run in runs]
    assert losses[0] != losses[1]
