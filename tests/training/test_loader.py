"""Tests of vesal.training.loader, and of the processes behind it."""

import gc
import itertools
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from vesal.errors import ConfigError, ImageError, ResourceError
from vesal.training.batch import Batch
from vesal.training.loader import loader

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other processes find this module however pytest was started."""
    monkeypatch.syspath_prepend(ROOT)


@dataclass(frozen=True)
class Counting:
    """A source whose batches hold their number, and that can be made to fail or to dawdle."""

    fails_at: int = -1
    dies_at: int = -1
    megabytes: int = 0
    folder: Path | None = None

    @property
    def batches(self) -> int:
        """Of a pass."""
        return 10

    def batch(self, number: int) -> Batch:
        """Mostly a number."""
        if number == self.fails_at:
            msg = f"batch {number} cannot be made"
            raise ImageError(msg)
        if number == self.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.folder is not None:
            (self.folder / str(number)).write_text(str(os.getpid()))
        images = np.full((1, 1, 1 + self.megabytes * 2**18, 1), number, np.float32)
        return Batch(images=images, targets=np.zeros(images.shape, np.bool_))


def numbers(batches: object) -> list[int]:
    """What batches hold."""
    return [int(batch.images[0, 0, 0, 0]) for batch in batches]  # type: ignore[attr-defined]


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_come_in_their_order_from_any_number_of_processes(workers: int) -> None:
    """Those that were asked for, and the processes end with them."""
    wanted = [3, 1, 4, 1, 5, 9, 2, 6]
    with closing(loader(Counting(), wanted, workers)) as made:
        assert numbers(made) == wanted
    assert not multiprocessing.active_children()


def test_few_batches_are_made_ahead_and_closing_ends_all(tmp_path: Path) -> None:
    """Of numbers without end; three are enough for one process, whoever is slow."""
    made = loader(Counting(folder=tmp_path), itertools.count(), 1)
    assert numbers(itertools.islice(made, 2)) == [0, 1]
    time.sleep(0.5)  # for what would be made and should not
    assert len(list(tmp_path.iterdir())) <= 5
    assert len(multiprocessing.active_children()) == 1
    made.close()
    assert not multiprocessing.active_children()


def test_a_process_that_dies_ends_the_run_in_a_sentence() -> None:
    """Instead of a wait for ever."""
    with pytest.raises(ResourceError, match="ended early, usually because memory ran out"):
        numbers(loader(Counting(dies_at=2), range(9), 1))
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("workers", [0, 1])
def test_an_error_of_the_source_comes_as_it_is(workers: int) -> None:
    """Its own class and its own sentence."""
    with pytest.raises(ImageError) as caught:
        numbers(loader(Counting(fails_at=2), range(9), workers))
    assert str(caught.value) == "batch 2 cannot be made"
    assert not multiprocessing.active_children()


def test_a_negative_number_of_processes_is_refused() -> None:
    """One sentence says what would be right."""
    with pytest.raises(ConfigError, match="0 or more, got -1"):
        next(loader(Counting(), [0], -1))


@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill"])
def test_processes_end_with_the_one_that_asked_for_batches(blow: int, tmp_path: Path) -> None:
    """Interrupted at the terminal, where all hear it, or killed without a word to anyone."""
    (tmp_path / "run.py").write_text(
        "import itertools, pathlib, signal\n"
        "from tests.training.test_loader import Counting\n"
        "from vesal.training.loader import loader\n"
        "if __name__ == '__main__':\n"
        "    signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # `nohup ... &` ignores it
        "    for _ in loader(Counting(folder=pathlib.Path('made')), itertools.count(), 1): pass\n"
    )
    made = tmp_path / "made"
    made.mkdir()
    with _run_in(tmp_path) as run:
        try:
            _until(lambda: (made / "3").exists())
            worker = int((made / "0").read_text())
            if blow == signal.SIGINT:
                os.killpg(run.pid, blow)
            else:
                run.kill()
            _, said = run.communicate(timeout=20)
        finally:
            run.kill()  # else a test that fails waits for it for ever
    _until(lambda: not _lives(worker))
    if blow == signal.SIGINT:
        # The run's own traceback, of one error or two, and none of its processes.
        assert "Traceback" in said.decode()
        assert "spawn" not in said.decode().lower()


def test_ctrl_c_while_processes_still_import_is_heard_by_the_run_alone(tmp_path: Path) -> None:
    """They refuse it once they run; before that, nothing of theirs could."""
    (tmp_path / "slow.py").write_text(
        "import multiprocessing, pathlib, time\n"
        "from tests.training.test_loader import Counting\n"
        "if multiprocessing.current_process().name != 'MainProcess':\n"
        "    pathlib.Path('importing').touch()\n"
        "    time.sleep(1)\n"
    )
    (tmp_path / "run.py").write_text(
        "import itertools, signal\n"
        "from slow import Counting\n"
        "from vesal.training.loader import loader\n"
        "if __name__ == '__main__':\n"
        "    signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "    for _ in loader(Counting(), itertools.count(), 2): pass\n"
    )
    with _run_in(tmp_path) as run:
        try:
            _until(lambda: (tmp_path / "importing").exists())
            os.killpg(run.pid, signal.SIGINT)
            _, said = run.communicate(timeout=60)
        finally:
            run.kill()
    assert b"KeyboardInterrupt" in said
    assert b"spawn_main" not in said  # where the traceback of such a process begins


def test_nothing_is_kept_of_batches_that_were_used() -> None:
    """Neither here nor in the process that made them: 200 batches of 2 MB take what 20 take."""
    sizes = []
    with closing(loader(Counting(megabytes=2), range(200), 1)) as made:
        for number, _ in enumerate(made):
            if number in (20, 199):
                gc.collect()
                (child,) = multiprocessing.active_children()
                sizes.append(sum(_resident(pid) for pid in (os.getpid(), child.pid or 0)))
    assert sizes[1] - sizes[0] < 40 * 2**20  # of 400 MB that went through


def _until(true: object, limit_s: float = 40.0) -> None:
    end = time.monotonic() + limit_s
    while not true():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.02)


def _lives(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def _resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _run_in(folder: Path) -> "subprocess.Popen[bytes]":
    """The program run.py of a folder, at a terminal of its own."""
    return subprocess.Popen(
        [sys.executable, "run.py"],
        cwd=folder,
        start_new_session=True,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
