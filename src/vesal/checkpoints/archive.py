"""Opens a weights file by its content: safetensors, or either format of torch.save.

Only the table of contents is read; tensors stay in the file until they are asked for.
"""

import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from safetensors import SafetensorError, safe_open

from vesal.checkpoints.stored import Place, Raw, Stored, contiguous, is_finite
from vesal.checkpoints.torch_file import Found, read_legacy, read_zip
from vesal.errors import CheckpointError
from vesal.pickles import BROKEN

_HEAD_BYTES = 1024
_LFS_POINTER = b"version https://git-lfs"
_WEB_PAGE = (b"<!doctype", b"<html", b"<head", b"<?xml")
_PICKLE = b"\x80"
_ZIP = b"PK"
SAFETENSORS = "safetensors"
"""The container of files in that format."""
SAFETENSORS_KINDS = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "C64": "complex64",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
}
"""torch's names of the types in a header of safetensors."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Archive:
    """The tensors of a weights file by name, and what stands around them."""

    path: Path
    container: str
    """Where torch.save had them: a key of the file's dictionary or "bare"; or "safetensors"."""
    tensors: Mapping[str, Stored]
    metadata: Mapping[str, str] = field(default_factory=dict)
    """Of the header of safetensors."""

    def read(self) -> Iterator[tuple[str, Raw]]:
        """The bits of each tensor, in the order of the file.

        Raises:
            CheckpointError: a damaged tensor, or one with NaN or infinite values.
        """
        order = sorted(self.tensors, key=lambda name: (self.tensors[name].place.start, name))
        try:
            with self.path.open("rb") as file:
                for name in order:
                    raw = self.tensors[name].read(file)
                    if not is_finite(self.tensors[name].kind, raw):
                        msg = f"{name} holds NaN or infinite weights; ask for another file"
                        raise CheckpointError(msg)
                    yield name, raw
        except (OSError, CheckpointError) as error:
            raise unreadable(self.path, error) from error


def open_archive(path: Path) -> Archive:
    """The table of contents of a weights file.

    Raises:
        CheckpointError: the file is damaged, or no weights file at all.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        archive = _opener(head)(path)
        odd = [name for name in archive.tensors if not name.isprintable()]
        if odd:  # names are shown to people, and no family has such ones
            msg = f"it has tensors with unprintable names, such as {odd[0]!r}"
            raise CheckpointError(msg)
    except (
        OSError,
        SafetensorError,
        CheckpointError,
        zipfile.BadZipFile,
        *BROKEN,
    ) as error:
        raise unreadable(path, error) from error
    return archive


def unreadable(path: Path, error: Exception) -> CheckpointError:
    """The error of a file that cannot be read, in one sentence."""
    reason = str(error) or type(error).__name__
    if isinstance(error, EOFError):  # most say nothing else
        reason = "it ends early, or is a pickle that torch.save did not write; download it again"
    if isinstance(error, OSError) and error.strerror:  # without its number, and the path once
        reason = f"{error.strerror}; give the path of a .pth, .pt or .safetensors file"
    if isinstance(error, zipfile.BadZipFile):  # its end is the table of contents
        reason = f"it is cut short or damaged ({reason}); download it again"
    return CheckpointError(f"{path} cannot be read as weights: {reason}")


def _opener(head: bytes) -> Callable[[Path], Archive]:
    if not head:
        raise CheckpointError("it is empty; download it again")
    if head.startswith(_LFS_POINTER):
        msg = "it is a pointer of Git LFS; fetch the file that it points to with `git lfs pull`"
        raise CheckpointError(msg)
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(_WEB_PAGE):
        msg = "it is a web page; open its address in a browser and download the file itself"
        raise CheckpointError(msg)
    if head[8:9] == b"{":  # first: the length before it may look like anything
        return _from_safetensors
    if head.startswith(_ZIP):
        return partial(_from_torch, read_zip)
    return partial(_from_torch, read_legacy) if head.startswith(_PICKLE) else _from_safetensors


def _from_torch(read: Callable[[Path], Found], path: Path) -> Archive:
    container, tensors = read(path)
    return Archive(path=path, container=container, tensors=tensors)


def _from_safetensors(path: Path) -> Archive:
    with safe_open(path, framework="np") as checked:  # lengths, offsets, types: all of the header
        metadata = checked.metadata() or {}
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        place = Place(start=8 + length + start, size_bytes=end - start)
        if entry["dtype"] not in SAFETENSORS_KINDS:
            msg = f"{name} is of the type {entry['dtype']}; weights are F32, F16 or BF16"
            raise CheckpointError(msg)
        tensors[name] = contiguous(SAFETENSORS_KINDS[entry["dtype"]], tuple(entry["shape"]), place)
    return Archive(path=path, container=SAFETENSORS, tensors=tensors, metadata=metadata)
