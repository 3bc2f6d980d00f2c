"""DICOM files as pydicom reads them, but nothing is made that the file or the limit cannot hold."""

import zlib
from collections.abc import Sequence
from pathlib import Path

import pydicom
from pydicom import FileDataset
from pydicom.dataset import FileMetaDataset
from pydicom.filereader import read_partial
from pydicom.tag import BaseTag

from vesal.images.allowance import check_size
from vesal.images.bounded import BoundedFile

_CHUNK_BYTES = 1 << 20


class _File(BoundedFile):
    """pydicom reads to the end only what is deflated, which it then inflates as a whole."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._path = path

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(size)
        if size is None or size < 0:
            _check_inflated(content, self._path.name)
        return content


def read_dataset(
    path: Path, *, tags: Sequence[str] | None = None, pixels: bool = True
) -> FileDataset:
    """The elements of a file; raises one of `quiet.DAMAGED` where it is damaged.

    Args:
        path: of the file.
        tags: elements that are wanted, all if not given.
        pixels: whether to read on from where the pixels begin.

    Raises:
        ImageError: it is deflated, and larger than what is allowed here.
    """
    with _File(path) as file:
        return pydicom.dcmread(
            file, stop_before_pixels=not pixels, specific_tags=None if tags is None else [*tags]
        )


def read_meta(path: Path) -> FileMetaDataset:
    """The elements before the data set; errors as of `read_dataset`."""
    with _File(path) as file:
        return read_partial(file, _behind_meta).file_meta


def _behind_meta(tag: BaseTag, _representation: str | None, _length: int) -> bool:
    return tag.group > 2


def _check_inflated(content: bytes, name: str) -> None:
    """Hold the size of a deflated data set against what is allowed, a piece at a time."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    size_bytes = 0
    while content and not inflater.eof:
        size_bytes += len(inflater.decompress(content, _CHUNK_BYTES))
        check_size(size_bytes, name)
        content = inflater.unconsumed_tail
