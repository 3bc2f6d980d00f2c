"""A kind of file that vesal reads: how a whole one is made, and who reads it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


def _as_it_is(content: bytes) -> bytes:
    return content


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A small whole file.

    Attributes:
        path: where each damaged file is written; what belongs to it lies around it.
        core: what is damaged.
        wrap: what is done with the damaged core before it is written: packing, so that damage
            reaches what lies inside, or new checksums.
        opened: what a user would open, where it is not the file itself.
    """

    path: Path
    core: bytes
    wrap: Callable[[bytes], bytes] = _as_it_is
    opened: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of file.

    Attributes:
        count: damaged files of it in a usual run of the tests: more where one costs less.
        make: writes a whole one into a folder.
        read: all that a user can have of it; what is not sane raises an AssertionError.
        tells_name: whether a refusal names the file, as it must where the reader knows its name.
        refuses: whether damage is ever refused; results of an earlier run are made anew instead.
        is_taken: whether a whole one is taken; else it is refused, as what holds no image is.
        speaks: whether a library writes to the terminal from C, where nobody can tell it not to.
    """

    count: int
    make: Callable[[Path], Whole]
    read: Callable[[Path], object]
    tells_name: bool = True
    refuses: bool = True
    is_taken: bool = True
    speaks: bool = False


def whole(
    path: Path, wrap: Callable[[bytes], bytes] = _as_it_is, opened: Path | None = None
) -> Whole:
    """What is damaged is the file as it was written."""
    return Whole(path=path, core=path.read_bytes(), wrap=wrap, opened=opened)
