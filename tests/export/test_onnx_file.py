"""Tests of vesal.export.onnx_file: how a graph becomes a file."""

import logging
from pathlib import Path
from typing import Any

import onnx
import pytest
import torch
from torch import Tensor, nn

from tests.export.tiny import in_onnxruntime
from vesal.errors import ConfigError
from vesal.export import onnx_file
from vesal.export.graph import Arguments, Asked, Graph
from vesal.export.onnx_file import check_opset, converted, save


class Awkward(nn.Module):
    """A reshape that merges axes before a product, and a 3D convolution without bias."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv3d(2, 3, 1, bias=False).requires_grad_(False)
        self.weight = nn.Parameter(torch.randn(4, 5), requires_grad=False)

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Made of both."""
        rows = self.conv(x).reshape(-1, 4)
        return ((rows @ self.weight).reshape(1, 3, 2, 4, 5),)


def graph() -> Graph:
    """A small graph."""

    def random(_: Asked, generator: torch.Generator) -> Arguments:
        return (torch.randn(1, 2, 2, 4, 4, generator=generator),)

    return Graph(
        role="encoder", module=Awkward().eval(), inputs=("x",), outputs=("y",), random=random
    )


@pytest.mark.parametrize("opset", [18, 20, 23])
def test_a_file_computes_what_the_graph_computes(tmp_path: Path, opset: int) -> None:
    """What onnxscript 0.7.2 gets wrong on its own is right, in the version that was asked for."""
    half, path = graph(), tmp_path / "y.onnx"
    arguments = half.random(Asked(sets=1, points=1), torch.Generator().manual_seed(2))
    save(converted(half, opset), path, {"key": "value"})
    found = in_onnxruntime(half, path, arguments)["y"]
    torch.testing.assert_close(torch.from_numpy(found), half.run(arguments)[0])
    model = onnx.load(path)
    assert [v.version for v in model.opset_import if not v.domain] == [opset]
    assert [(p.key, p.value) for p in model.metadata_props] == [("key", "value")]
    onnx.checker.check_model(model, full_check=True)


def test_nothing_of_this_machine_is_in_a_file(tmp_path: Path) -> None:
    """The exporter would write paths and lines of code into every node."""
    path = tmp_path / "y.onnx"
    save(converted(graph(), 20), path, {})
    content = path.read_bytes()
    assert b"onnx_file" not in content
    assert b".py" not in content


def test_weights_that_do_not_fit_lie_beside_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only then: one file is easier to pass on."""
    half, path = graph(), tmp_path / "y.onnx"
    save(converted(half, 20), path, {})
    assert [p.name for p in tmp_path.iterdir()] == ["y.onnx"]
    monkeypatch.setattr(onnx_file, "_MOST_BYTES", 10)
    save(converted(half, 20), path, {})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["y.onnx", "y.onnx.data"]
    arguments = half.random(Asked(sets=1, points=1), torch.Generator().manual_seed(2))
    found = in_onnxruntime(half, path, arguments)["y"]
    torch.testing.assert_close(torch.from_numpy(found), half.run(arguments)[0])


@pytest.mark.parametrize("opset", [0, 17, 24])
def test_a_version_that_cannot_be_written_is_refused(opset: int) -> None:
    """With those that can."""
    with pytest.raises(ConfigError, match=f"18 to 23, got {opset}"):
        check_opset(opset)


def test_another_version_than_asked_for_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exporter keeps its own version, and says nothing, where it cannot translate."""
    real = torch.onnx.export

    def deaf(*arguments: Any, **options: Any) -> Any:
        return real(*arguments, **{**options, "opset_version": 20})

    monkeypatch.setattr(torch.onnx, "export", deaf)
    with pytest.raises(ConfigError, match="opset 18: take 20"):
        converted(graph(), 18)


def test_the_exporter_may_speak_again_afterwards() -> None:
    """Its logger is quiet for the time of an export only."""
    level = logging.getLogger("torch.onnx").level
    converted(graph(), 20)
    assert logging.getLogger("torch.onnx").level == level
