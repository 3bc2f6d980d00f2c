"""`vesal train`: what is checked before anything is fetched."""

from pathlib import Path

import pytest

from vesal.cli.main import main
from vesal.training.recipe import Recipe

Captured = pytest.CaptureFixture[str]


def test_an_unknown_recipe_is_one_sentence(capsys: Captured) -> None:
    """Nothing is downloaded for a typo."""
    assert main(["train", "nothing"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert "nothing" in err
    assert err.count("\n") == 1


def test_the_recipe_runs_where_it_is_told(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps, run folder and corpus are passed on; the weights file is printed."""
    seen: list[tuple[int, Path, Path]] = []

    def remember(recipe: Recipe, run: Path, corpus: Path, **_: object) -> Path:
        seen.append((recipe.steps, run, corpus))
        return run / "weights"

    monkeypatch.setattr("vesal.training.train.train", remember)
    folders = ["--run", str(tmp_path / "run"), "--corpus", str(tmp_path / "corpus")]
    assert main(["train", "mini", "--steps", "7", *folders]) == 0
    assert seen == [(7, tmp_path / "run", tmp_path / "corpus")]
    assert str(tmp_path / "run" / "weights") in capsys.readouterr().out
