"""Clocks that jump by hours, as they do when a machine wakes up or finds its time server."""

import time
from pathlib import Path

import pytest

from tests.cohort.many import small_cohort
from tests.fakes import BrightModel
from tests.inference.test_store import embedding_of, key_of, number_in
from vesal.cohort.prompt_file import read_cases
from vesal.cohort.run import run
from vesal.cohort.settings import Settings
from vesal.inference.store import Store

SOURCES = Path(__file__).parents[2] / "src" / "vesal"
HOURS = 5 * 3600.0
KNOWN = {"inference/store.py", "training/store.py"}
"""Where the clock on the wall is asked for: how old a half-written file is."""


@pytest.fixture(params=[-HOURS, HOURS], ids=["back", "ahead"])
def jump(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> float:
    """From now on the clock on the wall is wrong."""
    true = time.time
    monkeypatch.setattr(time, "time", lambda: true() + request.param)
    return float(request.param)


def test_nothing_else_asks_the_clock_on_the_wall() -> None:
    """Durations, leases and time-outs are measured with one that never jumps."""
    asking = {
        path.relative_to(SOURCES).as_posix()
        for path in SOURCES.rglob("*.py")
        if "time.time()" in path.read_text(encoding="utf-8")
    }
    assert asking == KNOWN


def test_a_cache_answers_whatever_the_clock_says(jump: float, tmp_path: Path) -> None:
    """What was written before is found; what others are writing costs at most the cache."""
    store = Store(tmp_path)
    store.write(key_of(1), embedding_of(1))
    store.write(key_of(2), embedding_of(2))
    assert [number_in(store.read(key_of(n))) for n in (1, 2)] == [1, 2]
    assert jump


def test_a_cohort_goes_on_whatever_the_clock_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Done in the past or the future, it is done; times are never below 0."""
    cases = read_cases(small_cohort(tmp_path, 2))
    given = Settings(model=BrightModel(), identity="bright")
    (tmp_path / "out").mkdir()
    true = time.time
    monkeypatch.setattr(time, "time", lambda: true() + HOURS)
    run(cases[:1], tmp_path / "out", given)
    monkeypatch.setattr(time, "time", lambda: true() - HOURS)
    last = run(cases, tmp_path / "out", given)
    assert (last.done, last.skipped) == (1, 1)
    assert all(entry.seconds >= 0 for entry in last.entries.values())
