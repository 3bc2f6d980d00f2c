"""Fixtures of exported files; it imports no vesal, as conftest files are loaded early."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import jaxtyping
import pytest
import torch

if TYPE_CHECKING:
    from vesal.export.write import Exported

    Files = Callable[[str], tuple[Exported, Exported]]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Let torch use one thread: tiny networks gain nothing from more, and wait on busy cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="package", autouse=True)
def unchecked_tracing() -> Iterator[None]:
    """Check no shapes while the exporter traces: its stand-ins for numbers are no ints.

    Other tests run the same graphs with real numbers, checked.
    """
    traced = torch.onnx.export

    def export(*arguments: Any, **options: Any) -> Any:
        with patch.object(jaxtyping.config, "jaxtyping_disable", True):
            return traced(*arguments, **options)

    with patch.object(torch.onnx, "export", export):
        yield


@pytest.fixture(scope="package", autouse=True)
def one_registry() -> Iterator[None]:
    """Let the exporter read its operators once for each opset, and not again for each graph.

    It parses the source of 500 functions for that, which takes longer than a small graph; all that
    it does with them afterwards is look them up.
    """
    from torch.onnx._internal.exporter._registration import ONNXRegistry

    once = staticmethod(cache(ONNXRegistry.from_torchlib))
    with patch.object(ONNXRegistry, "from_torchlib", once):
        yield


@pytest.fixture(scope="package")
def files(unchecked_tracing: None, tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The files of the tiny network of a family, written once and not to be changed."""
    from tests.export.tiny import ORIGIN, tiny
    from vesal.export.write import export

    folder: Path = tmp_path_factory.mktemp("onnx")

    @cache
    def of(family: str) -> tuple[Exported, Exported]:
        return export(tiny(family), folder, name=family, origin=ORIGIN)

    return of
