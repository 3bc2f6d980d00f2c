"""The two formats of torch.save: where in the file each tensor lies.

torch's own loader is not used: it would run TorchScript programs, unpack tar files, and read an
optimiser's state that nobody wants.
"""

import mmap
import struct
import zipfile
import zlib
from collections.abc import Mapping
from io import SEEK_END, BufferedIOBase, BytesIO
from pathlib import Path
from typing import TypeGuard

from vesal.checkpoints.stored import ITEM_BYTES, Place, Stored
from vesal.checkpoints.unpickle import RestrictedUnpickler, View
from vesal.errors import CheckpointError

_CONTAINERS = ("model_state_dict", "model", "state_dict")
_WRAPPER = "module."  # torch.nn.parallel
BARE = "bare"
"""The container of a file that is nothing but its tensors by name."""

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C  # before 1.6; torch/serialization.py
_LEGACY_PROTOCOL = 1001  # the same
_MOST_PICKLE_BYTES = 100_000_000  # ViT-H with its optimiser needs a hundredth of it
_LOCAL_HEADER = struct.Struct("<4s22xHH")  # signature, length of the name and of what follows it
_BIG_ENDIAN = "its numbers are big-endian; save it again on a little-endian computer"
_LOCAL_SIGNATURE = b"PK\x03\x04"

Found = tuple[str, dict[str, Stored]]
"""The key of the file's dictionary under which the tensors were, and the tensors by name."""


def read_zip(path: Path) -> Found:
    """The tensors of a file written since torch 1.6: a pickle, and each storage as an entry.

    Raises:
        CheckpointError: no such file, or a damaged one.
        zipfile.BadZipFile: no zip, or a damaged one.
    """
    with zipfile.ZipFile(path) as archive, path.open("rb") as file:
        entries = {entry.filename: entry for entry in archive.infolist()}
        root = _root(entries)
        # Where no checksum was wanted, torch writes zero for all entries.
        checked = any(entry.CRC for entry in entries.values())
        places = {
            name.removeprefix(f"{root}/"): _place(file, entry, checked=checked)
            for name, entry in entries.items()
            if name.startswith(f"{root}/")
        }
        if "byteorder" in places and _bytes(file, places["byteorder"]) != b"little":
            raise CheckpointError(_BIG_ENDIAN)
        content = _bytes(file, places["data.pkl"])
    name, views = _named_tensors(RestrictedUnpickler(BytesIO(content)).load())
    storages = {k.removeprefix("data/"): p for k, p in places.items() if k.startswith("data/")}
    return name, _resolved(views, storages)


def read_legacy(path: Path) -> Found:
    """The tensors of a file written before torch 1.6: pickles one after another, then storages.

    Raises:
        CheckpointError: no such file, or a damaged one.
    """
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        header = [RestrictedUnpickler(content).load() for _ in range(2)]
        if header != [_LEGACY_MAGIC, _LEGACY_PROTOCOL]:
            raise CheckpointError("it is a pickle, but not one of torch.save")
        system = RestrictedUnpickler(content).load()
        if isinstance(system, dict) and system.get("little_endian") is False:
            raise CheckpointError(_BIG_ENDIAN)
        unpickler = RestrictedUnpickler(content)
        name, views = _named_tensors(unpickler.load())
        keys = RestrictedUnpickler(content).load()
        storages = {}
        for key in keys if isinstance(keys, list) else []:
            (count,) = struct.unpack("<q", content.read(8))
            place = Place(start=content.tell(), size_bytes=count * ITEM_BYTES[unpickler.kinds[key]])
            storages[key] = place
            content.seek(place.start + place.size_bytes)
    return name, _resolved(views, storages)


def _root(entries: Mapping[str, zipfile.ZipInfo]) -> str:
    roots = [name.split("/")[0] for name in entries if name.endswith("/data.pkl")]
    if len(roots) != 1 or f"{roots[0]}/data.pkl" not in entries:
        raise CheckpointError("it is a zip file, but not one of torch.save")
    if f"{roots[0]}/constants.pkl" in entries:
        msg = "it is a TorchScript program, which vesal does not run; save its state_dict() instead"
        raise CheckpointError(msg)
    return roots[0]


def _place(file: BufferedIOBase, entry: zipfile.ZipInfo, *, checked: bool) -> Place:
    end = file.seek(0, SEEK_END)
    file.seek(entry.header_offset)
    signature, name, extra = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    start = entry.header_offset + _LOCAL_HEADER.size + name + extra
    if signature != _LOCAL_SIGNATURE or entry.compress_type != zipfile.ZIP_STORED:
        msg = f"its entry {entry.filename} is damaged or packed; torch.save writes them as they are"
        raise CheckpointError(msg)
    if start + entry.file_size > end:
        msg = f"its entry {entry.filename} is longer than the file; download it again"
        raise CheckpointError(msg)
    crc32 = entry.CRC if checked else None
    return Place(start=start, size_bytes=entry.file_size, crc32=crc32)


def _bytes(file: BufferedIOBase, place: Place) -> bytes:
    if place.size_bytes > _MOST_PICKLE_BYTES:
        msg = f"its table of contents takes {place.size_bytes} bytes; weights need far fewer"
        raise CheckpointError(msg)
    file.seek(place.start)
    content = file.read(place.size_bytes)
    if place.crc32 not in (None, zlib.crc32(content)):
        raise CheckpointError("its table of contents does not match its checksum")
    return content


def _named_tensors(content: object) -> tuple[str, dict[str, View]]:
    """The first dictionary of nothing but tensors: one of the usual keys, or the whole."""
    if isinstance(content, dict):
        candidates = {key: content.get(key) for key in _CONTAINERS} | {BARE: content}
        for container, tensors in candidates.items():
            if _is_state(tensors):
                return container, _without_wrapper(tensors)
    keys = ", ".join(repr(key) for key in content) if isinstance(content, dict) else "none"
    msg = (
        f"it holds no tensors by name, neither as a whole nor under {', '.join(_CONTAINERS)}; "
        f"it has the keys: {keys:.200}"
    )
    raise CheckpointError(msg)


def _is_state(tensors: object) -> TypeGuard[dict[str, View]]:
    return (
        isinstance(tensors, dict)
        and bool(tensors)
        and all(isinstance(k, str) and isinstance(v, View) for k, v in tensors.items())
    )


def _without_wrapper(tensors: dict[str, View]) -> dict[str, View]:
    """The tensors without the prefix that training on several devices gives all names."""
    if all(name.startswith(_WRAPPER) for name in tensors):
        return {name.removeprefix(_WRAPPER): view for name, view in tensors.items()}
    return tensors


def _resolved(views: dict[str, View], storages: dict[str, Place]) -> dict[str, Stored]:
    resolved = {}
    for name, view in views.items():
        if view.storage.key not in storages:
            msg = f"the values of {name} are missing"
            raise CheckpointError(msg)
        resolved[name] = Stored(
            kind=view.storage.kind,
            shape=view.shape,
            strides=view.strides,
            first=view.first,
            place=storages[view.storage.key],
        )
    return resolved
