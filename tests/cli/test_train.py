"""`vesal train`: what is checked before anything is fetched, and what is passed on."""

import json
from pathlib import Path

import pytest

from vesal.cli.main import main
from vesal.training.recipe import Recipe

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing"], "unknown recipe 'nothing'"),
        (["mini", "--set", "settings.rate=fast"], "settings.rate must be a number, got 'fast'"),
        (["mini", "--set", "settings.rate"], "a setting has the form name=value"),
        (["mini", "--set", "data.sides=3"], "there is no setting 'data.sides'"),
        (["mini", "--steps", "0"], "at least one step"),
        (["mini", "--steps", "3", "--epochs", "2"], "got 3 steps and 2.0 epochs"),
        (["mini", "--accelerator", "tpu"], "--accelerator is auto, cpu, gpu, got 'tpu'"),
        (["mini", "--set", "settings.precision=16-mixed"], "16-mixed needs a GPU"),
    ],
    ids=str,
)
def test_what_cannot_be_is_one_sentence(words: list[str], said: str, capsys: Captured) -> None:
    """Nothing is downloaded for a typo."""
    assert main(["train", *words]) in (2, 5)
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert said in err
    assert err.count("\n") == 1


def test_recipes_are_listed_and_shown(capsys: Captured) -> None:
    """By name; as JSON, with what was changed."""
    assert main(["train", "--list"]) == 0
    assert "mini" in capsys.readouterr().out
    assert main(["train", "mini", "--set", "settings.rate=0.002", "--show"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["settings"]["rate"] == 0.002
    assert shown["data"]["volume_side"] == 48


def test_the_recipe_runs_where_it_is_told(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps, data, run folder and cache are passed on; the weights file is printed."""
    seen: list[object] = []

    def remember(recipe: Recipe, run: Path, **rest: object) -> Path:
        seen.extend([recipe.settings.steps, run, rest["data"], rest["cache"], rest["start"]])
        return run / "weights"

    monkeypatch.setattr("vesal.training.train.train", remember)
    run, cache, data = (tmp_path / name for name in ("run", "cache", "data"))
    options = ["--run", str(run), "--cache", str(cache), "--start", "vesal-mini"]
    assert main(["train", "mini", str(data), "--steps", "7", *options]) == 0
    assert seen == [7, run, data, cache, "vesal-mini"]
    assert str(run / "weights") in capsys.readouterr().out
