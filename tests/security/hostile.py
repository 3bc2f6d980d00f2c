"""Files that attack: weights that would run a command, and archives of every bad kind."""

import io
import os
import pickle
import stat
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch


class Attack:
    """Pickles as a command that makes a folder."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self._mark),)


def _alone(path: Path, attack: Attack) -> None:
    torch.save(attack, path)


def _inside(path: Path, attack: Attack) -> None:
    torch.save({"model": {"weight": torch.ones(2)}, "optimizer": attack}, path)


def _old(path: Path, attack: Attack) -> None:
    torch.save({"model": attack}, path, _use_new_zipfile_serialization=False)


def _plain(path: Path, attack: Attack) -> None:
    path.write_bytes(pickle.dumps(attack))


WEIGHTS = {
    "alone": _alone,
    "beside tensors": _inside,
    "before torch 1.6": _old,
    "plain pickle": _plain,
}
"""Ways to put an attack into a file of weights."""


def weights(folder: Path, kind: str, mark: Path) -> Path:
    """A file of weights that makes `mark` where it is unpickled."""
    path = folder / "weights.pth"
    WEIGHTS[kind](path, Attack(mark))
    return path


def archive(path: Path, members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    """A zip file whose members keep the names that they are given."""
    with zipfile.ZipFile(path, "w", method) as made:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = method
            made.writestr(entry, content)
    return path


def linked(path: Path, name: str, target: str) -> Path:
    """A zip file with a symbolic link, as Unix writes it."""
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3  # Unix
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as made:
        made.writestr(entry, target)
    return path


def lying(content: bytes, size: int) -> bytes:
    """A zip file of one member whose list says that it unpacks to so many bytes."""
    out = bytearray(content)
    at = out.rindex(b"PK\x01\x02") + 24
    out[at : at + 4] = size.to_bytes(4, "little")
    return bytes(out)


def bomb(size: int, method: int, head: bytes = b"") -> bytes:
    """A zip file of one member: zeros behind a head."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as packed, packed.open("a.dcm", "w") as member:
        member.write(head)
        for _ in range(size // 2**20):
            member.write(bytes(2**20))
    return made.getvalue()


def tarred(path: Path, *members: tarfile.TarInfo, content: bytes = b"evil") -> Path:
    """A packed tar file of members that keep their names, kinds and targets."""
    with tarfile.open(path, "w:gz") as made:
        for member in members:
            member.size = len(content) if member.isreg() else 0
            made.addfile(member, io.BytesIO(content) if member.isreg() else None)
    return path


def link(name: str, target: str) -> tarfile.TarInfo:
    """A symbolic link for a tar file."""
    made = tarfile.TarInfo(name)
    made.type, made.linkname = tarfile.SYMTYPE, target
    return made
