"""What only Unix has is not asked of Windows: played here by taking it away."""

import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.grids import UGLY, speckle
from vesal import usage
from vesal.errors import ResourceError
from vesal.evaluation.methods.program import Program
from vesal.images import Mask, open_image
from vesal.interrupts import unheard

GRID = UGLY["oblique"]


@pytest.fixture(autouse=True)
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither signals for groups of processes, nor folders that can be opened."""
    opened = os.open

    def refuse(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if Path(path).is_dir() or flags & os.O_ACCMODE == os.O_RDONLY:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.delattr(os, "killpg")
    monkeypatch.delattr(signal, "pthread_sigmask")
    monkeypatch.setitem(sys.modules, "resource", None)


def test_a_mask_is_saved(tmp_path: Path) -> None:
    """Windows syncs no folder, and no file that was opened to be read."""
    mask = Mask(array=speckle(GRID.shape), grid=GRID)
    for _ in range(2):
        mask.save(tmp_path / "m.nii.gz")
    np.testing.assert_array_equal(open_image(tmp_path / "m.nii.gz").array, mask.array)


def test_a_process_is_started_with_what_it_hears() -> None:
    """There is no mask of signals that it could be given."""
    with unheard():
        started = True
    assert started


def test_memory_is_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """But time is."""
    for name in ("_RESET", "_STATUS"):
        monkeypatch.setattr(usage, name, tmp_path / "none" / name)
    with usage.measuring() as used:
        pass
    assert used.seconds > 0
    assert used.memory_mib == 0


def test_a_program_that_takes_too_long_is_stopped() -> None:
    """By itself, without a group."""
    program = Program(
        f"{sys.executable} -c 'while True: pass' {{output}}", ["output"], timeout_s=0.2
    )
    with pytest.raises(ResourceError, match="did not end within"):
        program.run({"output": "x"})
