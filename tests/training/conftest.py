"""Fixtures for the tests of training."""

from pathlib import Path

import pytest

from tests.threads import one_thread
from tests.typechecks import types_unchecked
from tests.volumes import tiny_corpus

__all__ = ["one_thread", "types_unchecked"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two volumes."""
    folder = tmp_path_factory.mktemp("corpus")
    tiny_corpus(folder)
    return folder
