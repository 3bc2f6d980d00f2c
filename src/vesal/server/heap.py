"""How the process of a server keeps its memory, so that bounds on sessions are bounds on it.

Measured with 32 clients (benchmarks/serve.py): 2.4 GB instead of 1.0 GB without this, for glibc
keeps a heap for each thread and gives large blocks back late; and a collection of garbage went
through all of torch's objects, which kept /healthz waiting for 0.25 s.
"""

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_ARENAS, _MMAP_THRESHOLD, _TRIM_THRESHOLD = -8, -3, -1  # parameters of mallopt(3)
_LARGE_BYTES = 2**20  # blocks that go back to the system as soon as they are free


@contextmanager
def loading() -> Iterator[None]:
    """While modules are loaded garbage is not collected: nothing is, and it takes 0.5 s of 3."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def settle() -> None:
    """Tell the allocator to give memory back, and leave what is there now out of collections.

    To be called once everything is loaded. Elsewhere than on Linux with glibc the allocator stays
    as it is.
    """
    gc.freeze()
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_ARENAS, 2)
        mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)
        mallopt(_TRIM_THRESHOLD, _LARGE_BYTES)
