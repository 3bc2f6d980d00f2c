"""The bytes of an archive that may be cut into parts, by their place in all of them.

A split zip archive is x.z01, x.z02, ... and, as the last one, x.zip. What it says of places is the
number of a part and an offset in it; data go on from one part to the next.
"""

from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from vesal.errors import ImageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Files read as one. No file stays open, so that processes can share it.

    Attributes:
        paths: in their order.
        starts: place of the first byte of each part, and the size of all of them at the end.
    """

    paths: tuple[Path, ...]
    starts: tuple[int, ...]

    @property
    def size_bytes(self) -> int:
        """Of all parts."""
        return self.starts[-1]

    def read(self, place: int, count: int) -> bytes:
        """Bytes from a place on; fewer only at the end of the last part.

        Raises:
            OSError: a part cannot be read.
        """
        pieces = []
        for path, start, stop in zip(self.paths, self.starts[:-1], self.starts[1:], strict=True):
            if count <= 0 or place >= stop or place < start:
                continue
            with path.open("rb") as file:
                file.seek(place - start)
                pieces.append(file.read(min(count, stop - place)))
            place += len(pieces[-1])
            count -= len(pieces[-1])
        return b"".join(pieces)


def parts_of(path: Path, count: int) -> Parts:
    """The parts of a zip archive.

    Args:
        path: the last part, which ends in .zip.
        count: of all parts.

    Raises:
        ImageError: one is missing.
        OSError: one cannot be read.
    """
    before = [path.with_suffix(f".z{number:02d}") for number in range(1, count)]
    missing = next((part for part in before if not part.is_file()), None)
    if missing is not None:
        msg = (
            f"{path.name} is the last of {count} parts, and {missing.name} is not beside it; put "
            "all parts into one folder"
        )
        raise ImageError(msg)
    paths = (*before, path)
    sizes = [part.stat().st_size for part in paths]
    return Parts(paths=paths, starts=(0, *accumulate(sizes)))
