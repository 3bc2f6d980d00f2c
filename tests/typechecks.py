"""Types and shapes that are checked once, not at each of a hundred equal steps.

The checks take longer than the sums of a tiny network. This file imports no vesal, as conftest
files are loaded early.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import jaxtyping
import pytest


@contextmanager
def types_checked(*, now: bool) -> Iterator[None]:
    """Check types and shapes, or do not: where a step is taken again and again."""
    with patch.object(jaxtyping.config, "jaxtyping_disable", not now):
        yield


@pytest.fixture
def types_unchecked() -> Iterator[None]:
    """Check none in this test: another takes the same steps, checked."""
    with types_checked(now=False):
        yield
