"""An embedding as the bytes of a safetensors file that show any damage, and back with every bit.

A tensor comes back as it lay in memory: what is computed from another layout may differ in its last
bits, and takes longer.
"""

import hashlib
import json
from collections.abc import Mapping

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from vesal.models.promptable import Embedding
from vesal.models.shapes import AnyFeatures

_KEY, _DIGEST, _LAYOUT = "vesal.key", "vesal.sha256", "vesal.layout"
_LEVEL, _IMAGE, _GUIDE = "level_", "image", "guide"


def packed(embedding: Embedding, key: str) -> bytes:
    """A file of the embedding's tensors.

    Args:
        embedding: what is kept.
        key: what it is kept under; the file is of no use under another one.
    """
    named = {f"{_LEVEL}{number}": level for number, level in enumerate(embedding.levels)}
    named |= {_IMAGE: embedding.image} if embedding.image is not None else {}
    named |= {_GUIDE: embedding.guide} if embedding.guide is not None else {}
    laid = {name: _laid(tensor) for name, tensor in named.items()}
    rows = {name: row for name, (row, _) in laid.items()}
    layout = json.dumps({name: layout for name, (_, layout) in laid.items()}, sort_keys=True)
    return save(rows, {_KEY: key, _LAYOUT: layout, _DIGEST: _digest(rows, key, layout)})


def unpacked(data: bytes, key: str) -> Embedding | None:
    """The embedding of a file; None if a bit of it is not as it was written, or not for this key.

    Args:
        data: all bytes of the file.
        key: what it should have been kept under.
    """
    try:
        length = int.from_bytes(data[:8], "little")
        facts = json.loads(data[8 : 8 + length])["__metadata__"]
        rows, layout = load(data), facts[_LAYOUT]
        if facts[_DIGEST] != _digest(rows, key, layout):
            return None
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError):
        return None
    layouts = json.loads(layout)  # as it was written: the digest says so
    found = {name: _restored(row, *layouts[name]) for name, row in rows.items()}
    levels = sum(name.startswith(_LEVEL) for name in found)
    return Embedding(
        levels=tuple(found[f"{_LEVEL}{number}"] for number in range(levels)),
        image=found.get(_IMAGE),
        guide=found.get(_GUIDE),
    )


def _laid(tensor: Tensor) -> tuple[AnyFeatures, tuple[list[int], list[int]]]:
    """A copy of the tensor with its axes in the order of memory; its own shape and steps."""
    steps = tensor.stride()
    row = tensor.permute(sorted(range(tensor.ndim), key=lambda axis: (-steps[axis], axis)))
    if not row.is_contiguous():  # a part of something larger
        row = tensor = tensor.contiguous()
    # A copy, for safetensors refuses tensors that share memory.
    return row.clone(), (list(tensor.shape), list(tensor.stride()))


def _restored(row: Tensor, shape: list[int], steps: list[int]) -> AnyFeatures:
    """The tensor as it was, in memory of its own."""
    whole = torch.empty_strided(shape, steps, dtype=row.dtype)
    return whole.copy_(row.contiguous().as_strided(shape, steps))


def _digest(tensors: Mapping[str, Tensor], key: str, layout: str) -> str:
    """SHA-256 of names, types, shapes and bits, and of what the file says of them."""
    digest = hashlib.sha256(f"{key} {layout}".encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
