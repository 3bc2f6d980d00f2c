"""Ctrl-C and SIGTERM, held back where Python cannot be stopped without harm."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def held() -> Iterator[None]:
    """Let signals that end a command wait until this short piece of work is done."""
    came: list[int] = []
    before = {}
    if threading.current_thread() is threading.main_thread():  # no other hears of signals
        for number in (signal.SIGINT, signal.SIGTERM):
            if callable(handler := signal.getsignal(number)):  # what Python itself would run
                before[number] = handler
                signal.signal(number, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])


@contextmanager
def unheard() -> Iterator[None]:
    """Let a process that is started here never hear Ctrl-C, be it in the middle of its imports.

    This one hears it afterwards. Windows has nothing of the kind: there the process hears it until
    it refuses to.
    """
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
