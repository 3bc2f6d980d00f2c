"""Tests of vesal.interrupts."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from tests.networks import tiny_config
from vesal.checkpoints import tensors
from vesal.interrupts import held
from vesal.models.automatic import Automatic
from vesal.models.build import Model, build
from vesal.models.config import AnyConfig


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    """Whatever happens, other tests find the handlers as they were."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_an_interrupt_waits_until_the_work_is_done() -> None:
    """And comes then; later ones come at once, as before."""
    done = []

    def work() -> None:
        with held():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            done.append("all")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["all"]
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_an_error_of_the_work_is_not_lost() -> None:
    """It is the context of the interrupt."""

    def fail() -> None:
        with held():
            signal.raise_signal(signal.SIGINT)
            raise ValueError

    with pytest.raises(KeyboardInterrupt) as caught:
        fail()
    assert isinstance(caught.value.__context__, ValueError)


def test_what_python_does_not_hear_is_left_alone() -> None:
    """As under nohup, where signals are ignored; other threads hear of none."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    before = signal.getsignal(signal.SIGTERM)

    def inside() -> object:
        with held():
            return signal.getsignal(signal.SIGTERM)

    with held():
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        signal.raise_signal(signal.SIGINT)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(inside).result() is before


def test_a_network_without_memory_is_built_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupt in the midst of it may leave torch making all its tensors without memory."""
    built = []

    def interrupted(config: AnyConfig) -> Model | Automatic:
        signal.raise_signal(signal.SIGINT)
        built.append(torch.empty(1).device.type)
        return build(config)

    monkeypatch.setattr(tensors, "build", interrupted)
    with pytest.raises(KeyboardInterrupt):
        tensors.empty(tiny_config(3))
    assert built == ["meta"]
