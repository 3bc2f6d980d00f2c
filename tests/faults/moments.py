"""Signals at moments of a command that nobody chose."""

import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from vesal.cli.main import main


@contextmanager
def signal_after(seconds: float, number: signal.Signals) -> Iterator[None]:
    """Send this process a signal after so long, unless the context is left before."""

    def strike(*_: object) -> None:
        signal.raise_signal(number)

    before = signal.signal(signal.SIGALRM, strike)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        torch.set_grad_enabled(True)  # torch may have been on its way to do so
        signal.signal(signal.SIGALRM, before)


def seconds_of(words: list[str]) -> float:
    """How long a command takes that nobody disturbs."""
    started = time.monotonic()
    assert main(words) == 0
    return time.monotonic() - started


def codes_at_moments(
    words: list[str], number: signal.Signals, count: int, look: Callable[[int], None]
) -> set[int]:
    """Exit codes of a command that gets a signal at so many moments; it is looked at after each.

    The moments are spread over the time that it takes, each at a random place in its part.
    """
    chance = random.Random(int(number))  # noqa: S311
    seconds_of(words)  # all is imported now
    whole = seconds_of(words)
    codes = set()
    for part in range(count):
        with signal_after((part + chance.random()) / count * whole, number):
            code = main(words)
        look(code)
        codes.add(code)
    return codes
