"""What `vesal models` lists."""

import json
from pathlib import Path

import pytest

from vesal.checkpoints.locate import weights_path
from vesal.cli.main import main
from vesal.cli.models import entries
from vesal.models.zoo import PUBLISHED, ZOO

Captured = pytest.CaptureFixture[str]


def test_every_model_of_the_zoo_is_listed() -> None:
    """In the order of the zoo, with what it was trained for."""
    assert [entry.name for entry in entries()] == list(ZOO)
    for entry in entries():
        assert entry.prompts == ZOO[entry.name].capabilities.prompts
        assert entry.image_ndims == ZOO[entry.name].capabilities.image_ndims
        assert (entry.family, entry.ndim) == (ZOO[entry.name].family, ZOO[entry.name].ndim)


def test_the_shipped_weights_are_there() -> None:
    """The embedded model needs no download."""
    (mini,) = (entry for entry in entries() if entry.name == "vesal-mini")
    assert mini.weights_path == str(weights_path("vesal-mini"))
    assert mini.size_bytes == weights_path("vesal-mini").stat().st_size


def test_json_is_what_the_entries_hold(capsys: Captured) -> None:
    """For scripts."""
    assert main(["models", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [model["name"] for model in listed] == list(ZOO)
    assert listed[0]["image_ndims"] == [2, 3]


def test_the_page_names_each_model_and_its_file(capsys: Captured) -> None:
    """For people."""
    assert main(["models"]) == 0
    page = capsys.readouterr().out
    assert "vesal-mini" in page
    assert "2D, 3D" in page
    assert str(weights_path("vesal-mini")) in page


def test_missing_weights_are_said_to_be_missing_until_they_are_there(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list is no place to fail; it names the command that helps."""
    monkeypatch.setenv("VESAL_WEIGHTS", str(tmp_path))
    assert main(["models"]) == 0
    page = capsys.readouterr().out
    assert f"{tmp_path / 'sam-med2d_b.pth'} (missing: vesal weights get sam-med2d)" in page
    assert page.count("(missing: ") == len(PUBLISHED)
    assert "\n\nmodel    sam-med3d\nnetwork  sam-med3d, 3D\n" in page
    (tmp_path / "sam-med2d_b.pth").write_bytes(b"0" * 1_100_000)
    assert main(["models"]) == 0
    assert f"{tmp_path / 'sam-med2d_b.pth'} (1.1 MB)" in capsys.readouterr().out
