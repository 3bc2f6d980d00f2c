"""Writes weights: as safetensors with all that vesal knows, or as their family has them."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from vesal.checkpoints.archive import SAFETENSORS_KINDS
from vesal.checkpoints.families import CONTAINERS, foreign
from vesal.checkpoints.stored import Raw
from vesal.checkpoints.torch_file import BARE
from vesal.checkpoints.weights import CONFIG_KEY, DIGEST_KEY, NOTES_KEY, Digest
from vesal.errors import CheckpointError
from vesal.images.write import replacing
from vesal.models.config import AnyConfig, to_json

_BITS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
_TYPES = {kind: name for name, kind in SAFETENSORS_KINDS.items()}
_ALIGNMENT = 8  # bytes; safetensors pads its header with spaces to a multiple


def write_safetensors(
    path: Path, config: AnyConfig, tensors: Mapping[str, Tensor], notes: tuple[str, ...] = ()
) -> None:
    """Write the tensors, their config and their SHA-256: the same bytes for the same weights.

    The library's own writer shuffles the header's entries, and holds every tensor twice.

    Raises:
        ResourceError: the disk refuses; what was there before is still there.
    """
    digest = Digest()
    for name, tensor in tensors.items():
        digest.add(name, _kind(tensor), _raw(tensor))
    metadata = {CONFIG_KEY: to_json(config), DIGEST_KEY: digest.hexadecimal()}
    if notes:
        metadata[NOTES_KEY] = "\n".join(notes)
    # The widest first, so that each tensor begins at a multiple of its own width.
    order = sorted(tensors, key=lambda name: (-tensors[name].element_size(), name))
    header: dict[str, object] = {"__metadata__": metadata}
    end = 0
    for name in order:
        start, end = end, end + tensors[name].nbytes
        shape = list(tensors[name].shape)
        entry = {
            "dtype": _TYPES[_kind(tensors[name])],
            "shape": shape,
            "data_offsets": [start, end],
        }
        header[name] = entry
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    with replacing(path, path.suffix) as temporary, temporary.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name in order:
            file.write(_raw(tensors[name]).reshape(-1).data)


def write_checked(
    path: Path, config: AnyConfig, tensors: Mapping[str, Tensor], notes: tuple[str, ...] = ()
) -> str:
    """`write_safetensors` for weights that were learnt; returns the file's SHA-256.

    Raises:
        CheckpointError: a weight is NaN or infinite.
        ResourceError: the disk refuses; what was there before is still there.
    """
    broken = sorted(k for k, tensor in tensors.items() if not torch.isfinite(tensor).all())
    if broken:
        msg = f"{path} would hold NaN or infinite weights in {len(broken)} tensors {broken[:3]}"
        raise CheckpointError(msg)
    write_safetensors(path, config, tensors, notes)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_family_file(path: Path, family: str, tensors: Mapping[str, Tensor]) -> None:
    """Write the tensors under the family's own names, in the container of its files.

    Raises:
        ResourceError: the disk refuses; what was there before is still there.
    """
    state = foreign(family, tensors)
    container = CONTAINERS[family]
    with replacing(path, path.suffix) as temporary, temporary.open("wb") as file:
        torch.save(state if container == BARE else {container: state}, file)


def _kind(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _raw(tensor: Tensor) -> Raw:
    """Its bits, in C order."""
    bits: Raw = tensor.contiguous().view(_BITS[tensor.element_size()]).numpy()
    return bits
