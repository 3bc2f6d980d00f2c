"""Fixtures for all tests.

vesal is imported inside the fixtures only: a conftest is loaded before jaxtyping's hook,
and what is imported before the hook escapes its shape checks.
"""

from __future__ import annotations

import gc
import multiprocessing
from collections.abc import Callable, Iterator
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from vesal.geometry import Grid

    Start = Callable[[str | None], BaseContext]

LOADED = ["vesal.cohort.job", "vesal.curation.case", "vesal.evaluation.job", "vesal.training.fit"]
"""What processes of tests find loaded, with torch."""

# A busy machine makes a test slow, not wrong; how fast things are is for benchmarks/. Half of the
# usual examples: each run draws others.
settings.register_profile("vesal", deadline=None, max_examples=50)
settings.load_profile("vesal")


def pytest_configure(config: pytest.Config) -> None:
    """Let strategies build values of vesal: beartype's checks pick items by `random`."""
    config.addinivalue_line(
        "filterwarnings", "ignore:Do not use the .random. module inside strategies"
    )


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Let Python look for garbage after all tests were collected: until then all is kept."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def spawned() -> Iterator[Start]:
    """Fork new processes from one that has loaded torch: each would take seconds to load it itself.

    The value is the users' way, for tests of just that. Such a process knows as little of this one
    as a spawned one; its environment variables are those of the first.
    """
    real = multiprocessing.get_context

    def forked(method: str | None = None) -> BaseContext:
        return real("forkserver" if method == "spawn" else method)

    multiprocessing.set_forkserver_preload(LOADED)
    with patch.object(multiprocessing, "get_context", forked):
        yield real


@pytest.fixture(scope="session")
def grids() -> dict[str, Grid]:
    """All the ugly 3D grids by name."""
    from tests.grids import UGLY

    return UGLY


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real files that only tests need (see SOURCES.md there)."""
    return Path(__file__).parent / "data"


@pytest.fixture(scope="session")
def scans() -> Path:
    """The folder of the CT and MR scans that vesal ships."""
    return Path(__file__).parent.parent / "src" / "vesal" / "assets" / "scans"
