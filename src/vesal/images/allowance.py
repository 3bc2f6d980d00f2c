"""What an image may be that is opened: no bound, unless whoever opens it sets one.

A file of a few megabytes can promise terabytes, and a link can lead anywhere. A script of its owner
may try; a server that opens what strangers send must not.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from vesal.errors import ImageError

_allowed_bytes: ContextVar[int | None] = ContextVar("allowed_bytes", default=None)


_home: ContextVar[Path | None] = ContextVar("home", default=None)


@contextmanager
def at_most(size_bytes: int) -> Iterator[None]:
    """Refuse to open images of more bytes inside this block, in this thread or task."""
    token = _allowed_bytes.set(size_bytes)
    try:
        yield
    finally:
        _allowed_bytes.reset(token)


@contextmanager
def within(folder: Path) -> Iterator[None]:
    """Follow no link out of a folder inside this block, in this thread or task."""
    token = _home.set(folder.resolve())
    try:
        yield
    finally:
        _home.reset(token)


def may_open(path: Path) -> bool:
    """Whether a file lies, links followed, in the folder that must not be left; if there is one."""
    home = _home.get()
    return home is None or path.resolve().is_relative_to(home)


def check_size(size_bytes: int, name: str) -> None:
    """Refuse an image that is larger than what is allowed here, before it is read.

    Args:
        size_bytes: what a header promises.
        name: of the file.

    Raises:
        ImageError: it is larger.
    """
    allowed = _allowed_bytes.get()
    if allowed is not None and size_bytes > allowed:
        msg = (
            f"{name} unpacks to {size_bytes / 1e9:.1f} GB, and at most {allowed / 1e9:.1f} GB "
            "are taken here; crop it"
        )
        raise ImageError(msg)
