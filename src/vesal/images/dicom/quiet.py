# SimpleITK does not annotate all of its functions:
# mypy: disable-error-code="no-untyped-call"
"""Silence while DICOM is read, in any number of threads.

pydicom warns of each odd value and logs it, with what it holds, and ITK writes to the terminal from
C++. Both are told off for the whole process, and Python's way to do so is made for one thread: the
last of two readers would restore the silence that the first one made. So readers are counted: the
first to come makes it quiet, the last to leave restores what was. Only warnings of pydicom's own
modules are hidden. What another thread changes in the filters of `warnings` meanwhile is undone, as
by `catch_warnings`.
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


class _Readers:
    """How many read now, and how to undo what the first of them did."""

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
                warnings.filterwarnings("ignore", module=r"pydicom(\.|$)")
                log = logging.getLogger("pydicom")
                self.undo.callback(log.setLevel, log.level)
                log.setLevel(logging.CRITICAL)
                display = SimpleITK.ProcessObject.GetGlobalWarningDisplay()
                self.undo.callback(SimpleITK.ProcessObject.SetGlobalWarningDisplay, display)
                SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)

    def leave(self) -> None:
        with self.lock:
            self.count -= 1
            if self.count == 0:
                self.undo.close()


_READERS = _Readers()


@contextmanager
def quiet() -> Iterator[None]:
    """Keep pydicom's warnings, its log and ITK's words off the terminal meanwhile."""
    _READERS.enter()
    try:
        yield
    finally:
        _READERS.leave()
