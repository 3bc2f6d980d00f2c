"""Tests of vesal.training.finetune_loop: a run learns, and goes on as if it had never stopped."""

import csv
from pathlib import Path

import pytest
import torch

from tests.networks import random_network, tiny_config
from tests.training.scans import scan_folder
from vesal.datasets import find_pairs
from vesal.errors import CheckpointError
from vesal.progress import Counter
from vesal.training.finetune_lesson import ClickLesson
from vesal.training.finetune_loop import Loop
from vesal.training.finetune_methods import freeze
from vesal.training.finetune_windows import Windows
from vesal.training.settings import Settings


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Windows:
    """Of one patient."""
    pairs = find_pairs(scan_folder(tmp_path_factory.mktemp("scans"))).pairs
    return Windows(pairs=pairs, config=tiny_config(), seed=1)


def loop_in(folder: Path, method: str = "full", steps: int = 6, **changes: float) -> Loop:
    """A run of the tiny network."""
    folder.mkdir(exist_ok=True)
    network = random_network(tiny_config()).train()
    freeze(network, method)
    settings = Settings(steps=steps, rate=2e-3, clip_norm=1.0, validate_every=4, **changes)
    return Loop(ClickLesson(network), settings, folder, seed=1)


class Killed(BaseException):
    """The process is ended from outside."""


@pytest.mark.parametrize("method", ["full", "lora"])
def test_a_killed_run_ends_where_an_unbroken_one_does(
    windows: Windows, tmp_path: Path, method: str
) -> None:
    """Weights to the bit, no step lost, none told twice; checks come at the same steps."""
    seen: dict[str, list[int]] = {"unbroken": [], "killed": []}
    loop = loop_in(tmp_path / "unbroken", method)
    loop.fit(windows, now_and_then=seen["unbroken"].append)

    def kill(done: int, total: int, text: str) -> None:
        if done == 5:
            raise Killed

    with pytest.raises(Killed):
        loop_in(tmp_path / "killed", method).fit(
            windows, now_and_then=seen["killed"].append, progress=kill
        )
    continued = loop_in(tmp_path / "killed", method)
    assert continued.step == 4
    told = Counter()
    continued.fit(windows, now_and_then=seen["killed"].append, progress=told)
    assert told.finished
    assert seen == {"unbroken": [4, 6], "killed": [4, 6]}
    for name, tensor in loop.lesson.state_dict().items():
        assert torch.equal(tensor, continued.lesson.state_dict()[name]), name
    tables = []
    for run in seen:
        with (tmp_path / run / "train.csv").open(newline="") as file:
            tables.append([row[:-1] for row in csv.reader(file)])  # not the seconds
    assert tables[0] == tables[1]
    assert [row[0] for row in tables[0]] == ["step", *"123456"]


def test_a_run_learns(windows: Windows, tmp_path: Path) -> None:
    """Shown one batch again and again, the loss falls by a quarter."""
    batch = windows.batch(0)

    class Same:
        batches = 1

        def batch(self, number: int) -> object:
            return batch

    loop = loop_in(tmp_path / "run", steps=24)
    loop.fit(Same())  # type: ignore[arg-type]
    with (tmp_path / "run" / "train.csv").open(newline="") as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    assert sum(losses[-4:]) < 0.75 * sum(losses[:4])


@pytest.mark.parametrize("method", ["decoder", "lora", "full"])
def test_only_what_the_method_says_changes(windows: Windows, tmp_path: Path, method: str) -> None:
    """The decoder's weights but not the encoder's; corrections but no weight; everything."""
    loop = loop_in(tmp_path / "run", method, steps=1)
    before = {name: tensor.clone() for name, tensor in loop.lesson.state_dict().items()}
    loop.fit(windows)
    after = loop.lesson.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    if method == "decoder":
        assert not any(".image_" in name for name in changed)
    elif method == "lora":
        assert all(name.endswith(("up", "down")) for name in changed)
    else:
        assert {"network.image_stem.weight", "network.head.2.weight"} <= changed


@pytest.mark.parametrize("content", [b"", b"no state", b"PK\x03\x04half"])
def test_a_damaged_state_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    """Whatever is in it; nothing is executed."""
    (tmp_path / "state.pt").write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged or of another run"):
        loop_in(tmp_path)


def test_a_state_of_another_method_is_refused(windows: Windows, tmp_path: Path) -> None:
    """It has other tensors."""
    loop_in(tmp_path / "run", "full", steps=1).fit(windows)
    with pytest.raises(CheckpointError, match="of another run"):
        loop_in(tmp_path / "run", "lora", steps=1)
