# SimpleITK does not annotate all of its functions:
# mypy: disable-error-code="no-untyped-call"
"""Silence while DICOM is read or written, in any number of threads.

pydicom and highdicom warn of each odd value in a header and log it, with what it holds, and ITK
writes to the terminal from C++. All are told off for the whole process, and Python's way to do so
is made for one thread: the last of two users would restore the silence that the first one made. So
users are counted: the first to come makes it quiet, the last to leave restores what was. Only
warnings of those modules are hidden. What another thread changes in the filters of `warnings`
meanwhile is undone, as by `catch_warnings`.
"""

import logging
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from pydicom.errors import BytesLengthException, InvalidDicomError

DAMAGED = (
    BytesLengthException,
    InvalidDicomError,
    OSError,
    EOFError,
    ValueError,
    KeyError,
    IndexError,
    AttributeError,
    TypeError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    struct.error,
    zlib.error,
)
"""What pydicom and SimpleITK raise on files that are cut short or damaged."""

_LOUD = ("pydicom", "highdicom")


class _Users:
    """How many read or write now, and how to undo what the first of them did."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.count = 0
        self.undo = ExitStack()

    def enter(self) -> None:
        import SimpleITK  # large, and only DICOM needs it

        with self.lock:
            self.count += 1
            if self.count == 1:
                self.undo.enter_context(warnings.catch_warnings())
                warnings.filterwarnings("ignore", module=rf"({'|'.join(_LOUD)})(\.|$)")
                for logger in map(logging.getLogger, _LOUD):
                    self.undo.callback(logger.setLevel, logger.level)
                    logger.setLevel(logging.CRITICAL)
                display = SimpleITK.ProcessObject.GetGlobalWarningDisplay()
                self.undo.callback(SimpleITK.ProcessObject.SetGlobalWarningDisplay, display)
                SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)

    def leave(self) -> None:
        with self.lock:
            self.count -= 1
            if self.count == 0:
                self.undo.close()


_USERS = _Users()


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the words of pydicom, highdicom and ITK off the terminal meanwhile."""
    _USERS.enter()
    try:
        yield
    finally:
        _USERS.leave()
