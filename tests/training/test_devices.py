"""Tests of vesal.training.devices: several processes learn what one does; a kill costs nothing."""

import multiprocessing
import os
import random
import subprocess
import sys
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
import torch

from tests.training.processes import main
from tests.training.runs import learn, rows, source_of
from tests.volumes import tiny_recipe
from vesal.errors import ResourceError
from vesal.models.build import build
from vesal.training.devices import launched
from vesal.training.fit import Run
from vesal.training.state import load_state

ROOT = Path(__file__).parents[2]


def in_two_processes(*words: object) -> None:
    """Run the program in the repository, to an end that must be a good one."""
    command = [sys.executable, "-m", "tests.training.processes", *map(str, words)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(  # noqa: S603  # our own program
        command, cwd=ROOT, env=environment, capture_output=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]


def started(corpus: Path, folder: Path, steps: int) -> BaseProcess:
    """A run in a process that can be killed."""
    context = multiprocessing.get_context("forkserver")
    process = context.Process(target=main, args=(corpus, folder, 1, 1, steps))
    process.start()
    return process


@pytest.mark.usefixtures("types_unchecked")
def test_two_processes_learn_what_one_learns_with_accumulation(
    corpus: Path, tmp_path: Path
) -> None:
    """The same batches, the same loss at every step, the same weights but for rounding."""
    main(corpus, tmp_path / "one", 1, 2, 4)
    in_two_processes(corpus, tmp_path / "two", 2, 1, 4)
    one, two = (rows(tmp_path / name / "train.csv") for name in ("one", "two"))
    assert [row["step"] for row in two] == list("1234")
    for a, b in zip(one, two, strict=True):
        assert float(b["loss"]) == pytest.approx(float(a["loss"]), rel=2e-4)
        assert b["rate"] == a["rate"]
    states = [load_state(tmp_path / name / "checkpoint.pt") for name in ("one", "two")]
    for name, tensor in states[0]["lesson"].items():
        torch.testing.assert_close(states[1]["lesson"][name], tensor, rtol=1e-3, atol=2e-4)
    scores = [rows(tmp_path / name / "validation.csv") for name in ("one", "two")]
    assert [row["step"] for row in scores[1]] == [row["step"] for row in scores[0]]


@pytest.mark.usefixtures("types_unchecked")
def test_a_run_that_is_killed_at_any_moment_ends_as_if_it_had_not_been(
    corpus: Path, tmp_path: Path
) -> None:
    """SIGKILL, twice, at moments drawn by chance; then to the end: the same bits."""
    main(corpus, tmp_path / "whole", 1, 1, 12)
    draws = random.Random(20261128)  # noqa: S311  # no secret
    folder = tmp_path / "killed"
    for _ in range(2):
        process = started(corpus, folder, 12)
        deadline = time.monotonic() + 120
        before = (folder / "checkpoint.pt").stat().st_mtime_ns if folder.exists() else 0
        while process.is_alive() and time.monotonic() < deadline:
            there = folder / "checkpoint.pt"
            if there.exists() and there.stat().st_mtime_ns != before:
                break
            time.sleep(0.002)
        time.sleep(draws.uniform(0, 0.3))
        process.kill()
        process.join()
    last = started(corpus, folder, 12)
    last.join()
    assert last.exitcode == 0
    one, two = (load_state(tmp_path / name / "checkpoint.pt") for name in ("whole", "killed"))
    assert one["step"] == two["step"] == 12
    for part in ("lesson", "average"):
        assert all(torch.equal(one[part][name], two[part][name]) for name in one[part])
    for name in ("last.safetensors", "best.safetensors"):
        assert (folder / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    for name in ("train.csv", "validation.csv"):
        logs = [rows(tmp_path / run / name) for run in ("whole", "killed")]
        for row in (*logs[0], *logs[1]):
            row.pop("seconds", None)
            row.pop("waited", None)
        assert logs[0] == logs[1]


def test_bfloat16_learns_about_what_float32_does(corpus: Path, tmp_path: Path) -> None:
    """The weights stay in single precision; products are in half of it.

    From one click alone: where the next one falls turns on single voxels, which rounding decides.
    In windows of 32: torch 2.13 gives no good gradient in bfloat16 where the coarsest level is two
    voxels deep (docs/training.md).
    """
    losses = []
    for precision in ("32-true", "bf16-mixed"):
        recipe = tiny_recipe(precision=precision, rounds=(1,), volume_side=32)
        torch.manual_seed(recipe.seed)
        lesson = recipe.lesson.lesson(build(recipe.model).train())
        fabric = launched(precision, accelerator="cpu")
        run = Run(lesson, recipe.settings, tmp_path / precision, seed=recipe.seed, fabric=fabric)
        losses.append([told.loss for told in learn(run, source_of(corpus, recipe), 2)])
        assert {p.dtype for p in lesson.parameters()} == {torch.float32}
    assert losses[1] == pytest.approx(losses[0], rel=0.005)
    assert losses[1] != losses[0]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_refused() -> None:
    """And float16 without one."""
    with pytest.raises(ResourceError, match="no GPU that torch can use"):
        launched("32-true", accelerator="gpu")
    with pytest.raises(ResourceError, match="16-mixed needs a GPU"):
        launched("16-mixed")
