"""Tests of vesal.export.agreement: a file that computes something else is found."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from vesal.errors import ResourceError
from vesal.export.agreement import check, opened
from vesal.export.graph import Arguments, Asked, Graph
from vesal.export.onnx_file import converted, save


class Times(nn.Module):
    """A multiple of a picture, maybe repeated."""

    def __init__(self, factor: float, copies: int = 1) -> None:
        super().__init__()
        self.factor, self.copies = factor, copies

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """``factor`` times ``x``."""
        return (self.factor * x.repeat(self.copies, 1),)


def random(_: Asked, generator: torch.Generator) -> Arguments:
    """A picture of noise."""
    return (torch.randn(4, 4, generator=generator),)


@pytest.fixture(scope="module")
def half() -> Graph:
    """Twice a picture."""
    return Graph(
        role="encoder", module=Times(2.0).eval(), inputs=("x",), outputs=("y",), random=random
    )


@pytest.fixture(scope="module")
def path(half: Graph, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its file."""
    path = tmp_path_factory.mktemp("twice") / "twice.onnx"
    save(converted(half, 20), path, {})
    return path


def test_a_right_file_differs_by_rounding(half: Graph, path: Path) -> None:
    """Well within what is allowed."""
    assert check(half, path) < 1e-6


@pytest.mark.parametrize(
    ("other", "wrong"),
    [
        (Times(2.01), "other y in onnxruntime"),
        (Times(float("nan")), "other y in onnxruntime"),
        (Times(2.0, copies=2), r"y of \(4, 4\) in onnxruntime and \(8, 4\) in torch"),
    ],
    ids=["value", "nan", "shape"],
)
def test_a_file_of_another_function_is_refused(
    half: Graph, path: Path, other: nn.Module, wrong: str
) -> None:
    """By value or by shape; NaN is never near."""
    with pytest.raises(ResourceError, match=wrong):
        check(replace(half, module=other), path)


def test_a_file_that_takes_something_else_is_refused(half: Graph, path: Path) -> None:
    """Its input has another shape."""
    wider = replace(half, random=lambda *_: (torch.zeros(4, 5),))
    with pytest.raises(ResourceError, match="cannot run the encoder"):
        check(wider, path)


def test_what_is_no_file_of_onnx_is_refused(tmp_path: Path) -> None:
    """In one sentence."""
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"nothing")
    with pytest.raises(ResourceError, match=r"cannot open broken\.onnx"):
        opened(broken)
