"""A file that makes no room for more than it holds.

A damaged file may claim that 4 GB follow, and Python makes room for what is asked for before it
looks whether it is there.
"""

import io
from pathlib import Path

_LARGE_BYTES = 1 << 20


class BoundedFile(io.BufferedReader):
    """A file that is open for reading.

    Args:
        path: of the file.

    Raises:
        OSError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path))
        self._size_bytes = path.stat().st_size

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes, up to the end."""
        if size is not None and size > _LARGE_BYTES:
            size = min(size, max(self._size_bytes - self.tell(), 0))
        return super().read(size)
