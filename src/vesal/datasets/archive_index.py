"""Finds a name in the list of an archive without reading the whole list.

For each member the CRC-32 of its name, and where its record is in the list; in the order of the
first. Several names may have one checksum, so the record itself says whether it is the one.
"""

import logging
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vesal.arrays import MemberIndex
from vesal.datasets.archive_records import Directory, walk
from vesal.errors import ResourceError
from vesal.images.write import replacing

logger = logging.getLogger(__name__)

# Fewer are read in less than a second.
_LEAST_KEPT = 200_000
_BLOCK = 2**16


def index_of(path: Path, directory: Directory, stamp: tuple[int, int]) -> MemberIndex:
    """The index of an archive: that which lies beside it, or a new one, kept if it is large.

    Args:
        path: of the archive.
        directory: where its list is.
        stamp: size and time of the archive; an index with another one is out of date.

    Raises:
        ImageError: the list is damaged.
        OSError: it cannot be read.
    """
    kept = path.with_name(f"{path.name}.index.npy")
    held = _kept(kept, stamp)
    if held is not None:
        return held
    index = _built(directory)
    if index.shape[1] >= _LEAST_KEPT:
        _keep(kept, index, stamp)
    return index


def _built(directory: Directory) -> MemberIndex:
    blocks: list[MemberIndex] = []
    rows: list[tuple[int, int]] = []
    for at, name, _ in walk(directory):
        rows.append((zlib.crc32(name), at))
        if len(rows) == _BLOCK:
            blocks.append(_columns(rows))
            rows = []
    every = np.concatenate([*blocks, _columns(rows)], axis=1)
    return np.ascontiguousarray(every[:, np.argsort(every[0], kind="stable")])


def _columns(rows: list[tuple[int, int]]) -> MemberIndex:
    return np.array(rows, np.uint64).reshape(-1, 2).T


def _kept(kept: Path, stamp: tuple[int, int]) -> MemberIndex | None:
    """The index in a file, mapped; its first columns are the stamp and the sum of the others."""
    try:
        held = np.load(kept, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    if held.dtype != np.uint64 or held.ndim != 2 or len(held) != 2:
        return None
    right = np.array_equal(held[:, :2], _head(held[:, 2:], stamp))
    return held[:, 2:] if right else None


def _head(index: MemberIndex, stamp: tuple[int, int]) -> NDArray[np.uint64]:
    return _columns([stamp, (zlib.crc32(index.tobytes()), 0)])


def _keep(kept: Path, index: MemberIndex, stamp: tuple[int, int]) -> None:
    try:
        with replacing(kept, ".npy", lasting=False) as temporary:
            np.save(temporary, np.concatenate([_head(index, stamp), index], axis=1))
    except ResourceError as error:
        # as on a share that is read only: every process will read the list
        logger.warning("no index is kept beside the archive: %s", error)
