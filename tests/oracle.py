"""Attention as the references compute it: windows filled with zeros, every bias written out.

Slow and large, and the measure of `vesal.models.vit`, which fills nothing.
"""

import torch
from torch import Tensor, nn

from vesal.models.vit import Attention


def reference_attention(attention: Attention, x: Tensor) -> Tensor:
    """What `Attention` must give for tokens ``(batch, *grid, width)``."""
    grid, window = x.shape[1:-1], attention.window
    missing = [(-n) % window for n in grid]
    widths = [w for n in reversed(missing) for w in (0, n)]
    x = nn.functional.pad(x, (0, 0, *widths))
    out = torch.empty_like(x)
    starts = [range(0, n, window) for n in x.shape[1:-1]]
    for corner in torch.cartesian_prod(*[torch.tensor(list(s)) for s in starts]).tolist():
        part = (slice(None), *[slice(c, c + window) for c in corner])
        out[part] = _within_window(attention, x[part])
    out = attention.proj(out)
    cropped: Tensor = out[(slice(None), *[slice(0, n) for n in grid])]
    return cropped


def _within_window(attention: Attention, x: Tensor) -> Tensor:
    batch, *sides, width = x.shape
    qkv = attention.qkv(x).reshape(batch, -1, 3, attention.heads, width // attention.heads)
    q, k, v = qkv.permute(2, 0, 3, 1, 4)
    logits = q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5
    bias = full_bias(attention, q.reshape(*q.shape[:2], *sides, -1))
    out = (logits + bias.reshape(logits.shape)).softmax(-1) @ v
    joined: Tensor = out.transpose(1, 2).reshape(batch, *sides, width)
    return joined


def full_bias(attention: Attention, q: Tensor) -> Tensor:
    """``(batch, head, *query, *key)`` by the letter of the rule, one key axis after the other."""
    sides = q.shape[2:-1]
    tables = [getattr(attention, name) for name in attention.axes]
    places = torch.cartesian_prod(*[torch.arange(n) for n in sides]).reshape(-1, len(sides))
    bias = q.new_zeros(*q.shape[:2], len(places), len(places))
    for i, query in enumerate(places):
        for axis, table in enumerate(tables):
            for j, key in enumerate(places):
                vector, distance = _looked_at(attention, q, query, key, axis)
                bias[:, :, i, j] += vector @ table[distance + sides[axis] - 1]
    return bias.reshape(*q.shape[:2], *sides, *sides)


def _looked_at(
    attention: Attention, q: Tensor, query: Tensor, key: Tensor, axis: int
) -> tuple[Tensor, int]:
    """The query vector and the distance that one term of the bias takes."""
    at = query.tolist()
    if not attention.published_rule:
        return q[:, :, *at], int(query[axis] - key[axis])
    if axis == 0:
        return q[:, :, *at], int(query[0] - key[2])
    other = [at[0], at[1], int(key[axis - 1])]
    return q[:, :, *other], int((query[1] if axis == 1 else key[1]) - key[2])
