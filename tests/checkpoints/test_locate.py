"""Tests of vesal.checkpoints.locate."""

import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

from vesal.checkpoints.locate import (
    by_hand,
    how_to_get,
    in_folder,
    weights_folder,
    weights_path,
)
from vesal.checkpoints.sources import SOURCES
from vesal.errors import ConfigError
from vesal.models.zoo import PUBLISHED, ZOO


@pytest.mark.parametrize("name", sorted(set(ZOO) - set(PUBLISHED)))
def test_the_weights_of_our_own_models_lie_inside_the_package(name: str) -> None:
    """So that they are installed with it."""
    path = weights_path(name)
    assert path.name == f"{name}.safetensors"
    assert path.is_relative_to(Path(str(resources.files("vesal"))))


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_published_weights_lie_in_the_folder_under_their_authors_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or as safetensors under the model's, once they were converted."""
    monkeypatch.setenv("VESAL_WEIGHTS", str(tmp_path))
    assert weights_path(name) == tmp_path / SOURCES[name].file
    (tmp_path / f"{name}.safetensors").touch()
    assert weights_path(name) == tmp_path / f"{name}.safetensors"


@pytest.mark.parametrize(
    ("platform", "inside"),
    [
        ("linux", ".cache/vesal/weights"),
        ("darwin", "Library/Caches/vesal/weights"),
        ("win32", "AppData/Local/vesal/weights"),
    ],
)
def test_the_folder_is_in_the_platforms_cache(
    platform: str, inside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no variable says otherwise; an empty one does not."""
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr(Path, "home", lambda: Path("/home/someone"))
    monkeypatch.setenv("VESAL_WEIGHTS", "")
    assert weights_folder() == Path("/home/someone") / inside


def test_the_variable_may_begin_with_a_tilde(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it does where no shell has read it."""
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.setenv("VESAL_WEIGHTS", "~/weights")
    assert weights_folder() == Path("/home/someone/weights")


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_each_published_model_can_be_had_somehow(name: str, tmp_path: Path) -> None:
    """The end of the sentence names an address or a command, and the place."""
    assert "https://" in SOURCES[name].where or "vesal weights" in SOURCES[name].where
    assert by_hand(name, tmp_path).endswith(f"and put it at {tmp_path}")
    assert how_to_get(name).endswith(str(weights_path(name)))
    fetched = how_to_get(name).startswith(f"run `vesal weights get {name}`")
    assert fetched == (SOURCES[name].repository is not None)


@pytest.mark.parametrize(
    "name", ["", "vesal", "vesal-mini.safetensors", "../vesal-mini", "VESAL-MINI"]
)
def test_an_unknown_model_is_refused_and_the_known_ones_are_named(name: str) -> None:
    """No name reaches outside the folder of the weights."""
    with pytest.raises(ConfigError, match=r"known: .*vesal-mini"):
        weights_path(name)


def test_looking_for_weights_needs_no_torch() -> None:
    """`vesal models` answers at once."""
    code = """
import sys
from vesal.checkpoints.locate import weights_path
weights_path("vesal-mini")
sys.exit("torch" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603


def test_a_folder_stands_for_the_model_in_it(tmp_path: Path) -> None:
    """Where it holds one; any other path is itself."""
    assert in_folder(tmp_path) == tmp_path
    (tmp_path / "model.safetensors").touch()
    assert in_folder(tmp_path) == tmp_path / "model.safetensors"
    file = tmp_path / "weights.pth"
    assert in_folder(file) == file
    assert in_folder(Path("vesal-mini")) == Path("vesal-mini")
