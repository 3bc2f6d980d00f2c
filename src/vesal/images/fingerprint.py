"""What tells one image from another: the SHA-256 of its voxels and of where they lie.

For session files and for what is kept of an image on the disk.
"""

import hashlib
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from vesal.arrays import Voxels
from vesal.images.image import Image

_CHUNK_BYTES = 16 * 2**20
_known: dict[int, tuple[weakref.ref[Voxels], str]] = {}
"""By the id of an image's own view of its voxels, for as long as that is there."""


def fingerprint(image: Image) -> str:
    """The SHA-256 of an image's voxels, their type, and its grid, in hexadecimal.

    The same for equal images, however their voxels lie in memory, and wherever they came from.
    Computed once for each `Image`, whose voxels are not to be changed behind its back.
    """
    array = image.array
    known = _known.get(id(array))
    if known is not None and known[0]() is array:
        return known[1]
    digest = hashlib.sha256()
    affine = image.grid.affine + 0.0  # -0 is 0
    digest.update(f"{array.shape} {image.grid.shape} {array.dtype.newbyteorder('<').str}".encode())
    digest.update(affine.astype("<f8").tobytes())
    for part in _parts(array):
        digest.update(part)
    found = digest.hexdigest()
    key = id(array)
    _known[key] = (weakref.ref(array, lambda _: _known.pop(key, None)), found)
    return found


def _parts(array: Voxels) -> Iterator[memoryview]:
    """The bytes of the voxels, the first axis fastest, as the readers have them in memory."""
    slice_bytes = max(1, array.nbytes // max(1, array.shape[-1]))
    count = max(1, _CHUNK_BYTES // slice_bytes)
    for first in range(0, array.shape[-1], count):
        part = array[..., first : first + count].transpose()
        little = part.astype(array.dtype.newbyteorder("<"), copy=False)
        yield np.ascontiguousarray(little).reshape(-1).view(np.uint8).data


def file_stamp(path: Path) -> tuple[str, int, int]:
    """Path, size and time of a file: what changes with it; noughts if it cannot be looked at."""
    try:
        facts = path.stat()
    except OSError:  # opening it will say why
        return str(path), 0, 0
    return str(path), facts.st_size, facts.st_mtime_ns
