"""Tests of vesal.lock."""

from pathlib import Path

import pytest
from filelock import FileLock

from vesal.errors import ConfigError, ResourceError
from vesal.lock import alone


def test_a_folder_is_for_one_run_at_a_time(tmp_path: Path) -> None:
    """The second one is told so; when the first has ended, the folder is free."""
    run = tmp_path / "run"
    refused = pytest.raises(ConfigError, match="another run is at work in")
    with alone(run), refused, alone(run):
        pass
    with alone(run):
        assert run.is_dir()


def test_a_disk_without_locks_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As some network disks are, by a filelock that falls back on nothing else."""

    def refuse(*_: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr(FileLock, "acquire", refuse)
    refused = pytest.raises(ResourceError, match="cannot lock it; name a folder of another disk")
    with refused, alone(tmp_path / "run"):
        pass


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """As below a file."""
    (tmp_path / "file").touch()
    with pytest.raises(ResourceError, match="cannot be written to"), alone(tmp_path / "file" / "x"):
        pass
