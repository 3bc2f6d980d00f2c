"""Tests of vesal.training.state: a run's file is whole, and nothing in it is run."""

import pickle
from pathlib import Path
from typing import BinaryIO

import pytest
import torch

from tests.networks import tiny_config
from tests.training.runs import Killed, learn, run_of, source_of
from tests.volumes import tiny_recipe
from vesal.errors import CheckpointError, ResourceError
from vesal.models.unet_config import PromptableUNetConfig
from vesal.training.sources.windows import WindowSource


@pytest.fixture(scope="module")
def source(corpus: Path) -> WindowSource:
    """The batches of the tiny recipe."""
    return source_of(corpus, tiny_recipe())


@pytest.mark.parametrize("end", [OSError(28, "No space left on device"), Killed()])
def test_a_save_that_is_cut_short_leaves_the_state_before(
    source: WindowSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: BaseException
) -> None:
    """By a full disk, or by the end of the process: the old file is whole, no other is there."""
    run = run_of(tiny_recipe(), tmp_path)
    run.save()
    learn(run, source, 1)

    def cut(state: object, file: BinaryIO) -> None:
        file.write(b"PK half")
        raise end

    monkeypatch.setattr(torch, "save", cut)
    with pytest.raises(ResourceError if isinstance(end, OSError) else Killed):
        run.save()
    monkeypatch.undo()
    assert run_of(tiny_recipe(), tmp_path).step == 0
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_a_damaged_checkpoint_is_refused_in_words(tmp_path: Path) -> None:
    """Cut anywhere, empty, or something else altogether."""
    run_of(tiny_recipe(), tmp_path).save()
    path = tmp_path / "checkpoint.pt"
    content = path.read_bytes()
    cuts = [content[:offset] for offset in range(0, len(content), len(content) // 9)]
    for damaged in (*cuts, content[:-1], b"no checkpoint", pickle.dumps([1, 2], 2)):
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match="damaged or of another recipe"):
            run_of(tiny_recipe(), tmp_path)


@pytest.mark.parametrize("state", [[], {}, {"step": 1}, torch.zeros(2)], ids=str)
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path, state: object) -> None:
    """Although torch wrote it."""
    torch.save(state, tmp_path / "checkpoint.pt")
    with pytest.raises(CheckpointError, match="damaged or of another recipe"):
        run_of(tiny_recipe(), tmp_path)


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
        run_of(tiny_recipe(), tmp_path)
    assert not (tmp_path / "executed").exists()


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    """Its weights have other shapes."""
    run_of(tiny_recipe(), tmp_path).save()
    wider = PromptableUNetConfig(widths=(8, 16, 32), groups=4, window=16, slice_window=24)
    assert wider != tiny_config()
    with pytest.raises(CheckpointError, match="of another recipe"):
        run_of(tiny_recipe(model=wider), tmp_path)
