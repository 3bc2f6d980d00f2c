"""Deterministic weights: fill every tensor of a state dict from its key and shape alone.

Lets a full-size model be compared with reference numbers without shipping weights.
`fill(state_dict)` returns a new dict of float32 (or int64) torch tensors.
"""

import math
import zlib

import numpy as np
import torch

_TABLES = ("point_embeddings", "not_a_point_embed", "no_mask_embed", "iou_token", "mask_tokens")


def value(key: str, shape: tuple[int, ...]) -> np.ndarray:
    """The tensor that belongs under `key`, shape `shape`."""
    if key.endswith("num_batches_tracked"):
        return np.zeros(shape, dtype=np.int64)
    base = np.random.default_rng(zlib.crc32(key.encode())).standard_normal(shape)
    if key.endswith("running_var"):
        out = 1 + 0.1 * np.abs(base)
    elif key.endswith("running_mean"):
        out = 0.02 * base
    elif "positional_encoding_gaussian_matrix" in key:
        out = base
    elif len(shape) >= 2 and any(name in key for name in _TABLES):
        out = 0.5 * base
    elif len(shape) >= 2 and "weight" in key:
        out = base / math.sqrt(math.prod(shape[1:]))
    elif len(shape) >= 2:
        out = 0.02 * base
    elif len(shape) == 1 and key.endswith("weight"):
        out = 1 + 0.05 * base
    else:
        out = 0.02 * base
    return np.asarray(out, dtype=np.float32)


def fill(state_dict: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A state dict of the same keys and shapes, filled by the rule."""
    return {
        key: torch.from_numpy(np.array(value(key, tuple(tensor.shape))))
        for key, tensor in state_dict.items()
    }
