"""Tests of vesal.checkpoints.tensors."""

from collections.abc import Callable, Mapping, Sequence

import pytest
from torch.overrides import TorchFunctionMode

from tests.checkpoints.files import CHANGES, small
from vesal.checkpoints.tensors import empty


class _Asked(TorchFunctionMode):
    """Takes down what is asked of torch."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: Sequence[type],
        args: Sequence[object] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        self.names.add(getattr(func, "__name__", ""))
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("family", sorted(CHANGES))
def test_a_network_without_memory_asks_for_no_normal_numbers(family: str) -> None:
    """For them torch loads its compiler, which takes longer than all else before a click."""
    with _Asked() as asked:
        model = empty(small(family))
    assert {tensor.device.type for tensor in model.state_dict().values()} == {"meta"}
    assert "empty" in asked.names
    assert not [name for name in asked.names if "randn" in name or "normal" in name]
