"""What attention adds for where a query and a key lie: relative positions, axis by axis.

A window may be only partly real: the references fill it with zero tokens, whose keys and values are
the biases of their projections, and let them take part in the softmax. All of them have one key and
one value, so that together they count as a single key whose logit is a log-sum-exp over them; it is
known in closed form, for their bias is a sum of one term an axis. Nothing is padded here.
"""

import torch
from torch import Tensor, nn

from vesal.models.shapes import GridHeads, Heads, Table, TableRows, TokenHeads

_PART = 4 * 2**20  # entries of a bias written out at once: 16 MB, which stays in the cache


def table_rows(table: Table, queries: int, keys: int) -> TableRows:
    """For each query and key along an axis the table's row of their distance.

    A table of another length than ``2 * max(queries, keys) - 1`` is interpolated along its rows;
    places of a shorter side are spread over the longer one, and truncated (as SAM does).
    """
    length = 2 * max(queries, keys) - 1
    if table.shape[0] != length:
        table = nn.functional.interpolate(table.T[None], size=length, mode="linear")[0].T
    q = torch.arange(queries, device=table.device)[:, None] * max(keys / queries, 1.0)
    k = torch.arange(keys, device=table.device)[None, :] * max(queries / keys, 1.0)
    return table[((q - k) + (keys - 1) * max(queries / keys, 1.0)).long()]


def decomposed(
    q: GridHeads, tables: list[Table], window: int
) -> tuple[list[GridHeads], GridHeads | None]:
    """The terms of each query's bias on a window's places, and the bias of all its padding.

    Args:
        q: queries that are not scaled, on the real part of the window:
            ``(batch, head, *real, channel)``.
        tables: a table of ``2 * window - 1`` rows for each axis.
        window: places an axis of the whole window.

    Returns:
        For each axis ``(batch, head, *real, window)``: what a key's place along it adds. And
        ``(batch, head, *real)`` or None where nothing is padded: the log of the sum over padding of
        the exponential of its bias.
    """
    real = tuple(q.shape[2:-1])
    terms = [_along(q, table, axis, window) for axis, table in enumerate(tables)]
    whole = all(n == window for n in real)
    return terms, None if whole else _padding(terms, real, window)


def as_published_in_3d(
    q: GridHeads, tables: list[Table], window: int, padding_query: TokenHeads
) -> tuple[GridHeads, GridHeads | None]:
    """The same as `decomposed` by the rule that SAM-Med3D's published code computes.

    There every term is indexed by the key's last axis, and the second and third take the query of
    another token: that at the query's first two indices and, along the third, at the key's first or
    second index (in a padded window maybe of padding, whose query is the projection's bias). The
    bias of query (d, h, w) on key (a, b, c) is
    ``q[d,h,w].T0[d-c] + q[d,h,a].T1[h-c] + q[d,h,b].T2[b-c]``.
    With the textbook rule the published weights load and give wrong masks.

    Args:
        q: as for `decomposed`, three axes.
        tables: as for `decomposed`.
        window: as for `decomposed`.
        padding_query: the query of a padding token, ``(head, channel)``.
    """
    real = tuple(q.shape[2:-1])
    missing = window - real[2]
    filled = padding_query[None, :, None, None, None].expand(*q.shape[:4], missing, -1)
    everywhere = torch.cat([q, filled], dim=4)  # (batch, head, d, h, all, channel)
    first = _along(q, tables[0], 0, window)  # (batch, head, d, h, w, c)
    second = _along(everywhere, tables[1], 1, window)  # (batch, head, d, h, a, c)
    third = _along(everywhere, tables[2], 2, window)  # (batch, head, d, h, b, c)
    d, h, w = real
    bias = (
        second[..., None, :d, None, :w]
        + third[..., None, None, :h, :w]
        + first[..., None, None, :w]
    )  # (batch, head, d, h, w, a, b, c)
    if all(n == window for n in real):
        return bias, None
    beyond = second.logsumexp(4) + third.logsumexp(4)  # keys whose last index is padded
    within = torch.full_like(beyond, -torch.inf)
    if d < window:
        within = second[..., d:, :].logsumexp(4) + third.logsumexp(4)
    if h < window:
        padded = second[..., :d, :].logsumexp(4) + third[..., h:, :].logsumexp(4)
        # of two infinities there would be no gradient
        within = torch.logaddexp(within, padded) if d < window else padded
    of_keys = torch.cat([within[..., :w], beyond[..., w:]], dim=-1)  # (batch, head, d, h, c)
    return bias, (first + of_keys[..., None, :]).logsumexp(-1)


def attend(
    q: Heads, k: Heads, v: Heads, bias: GridHeads, padding: tuple[Heads, Heads] | None
) -> Heads:
    """Softmax attention with a bias and maybe one more key for all padding.

    Args:
        q: ``(batch, head, query, channel)``; scaled here.
        k: ``(batch, head, key, channel)``.
        v: like ``k``.
        bias: ``(batch, head, query, key)``.
        padding: the logit of the padding ``(batch, head, query, 1)`` and its value
            ``(batch, head, 1, channel)``.
    """
    if padding is not None:
        bias = torch.cat([bias, padding[0]], dim=-1)
        k = nn.functional.pad(k, (0, 0, 0, 1))  # its logit is all bias
        v = torch.cat([v, padding[1]], dim=2)
    return nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=bias)


def attend_in_parts(
    q: GridHeads,
    k: GridHeads,
    v: GridHeads,
    terms: list[GridHeads],
    padding: tuple[GridHeads, GridHeads] | None,
) -> GridHeads:
    """The same for a bias in terms, which is written out for a few heads and queries at a time.

    All at once it would take 805 MB for SAM's 4,096 tokens; a part stays in the cache.

    Args:
        q: ``(batch, head, *real, channel)``, as are ``k`` and ``v``.
        k: see ``q``.
        v: see ``q``.
        terms: what `decomposed` returns.
        padding: the logit ``(batch, head, *real)`` and the value ``(batch, head, channel)``.
    """
    shape = q.shape
    q, k, v, *terms = [x.flatten(0, 1) for x in (q, k, v, *terms)]  # (head, *real, _)
    places = q.shape[1:-1].numel()
    heads = max(1, _PART // places**2)
    rows = max(1, _PART * q.shape[1] // places**2)
    found = []
    for h in range(0, q.shape[0], heads):
        some = slice(h, h + heads)
        keys, values = k[some].flatten(1, -2)[None], v[some].flatten(1, -2)[None]
        of_rows = []
        for r in range(0, q.shape[1], rows):
            part = (some, slice(r, r + rows))
            bias = _written_out([term[part] for term in terms], k.shape[1:-1])
            extra = None
            if padding is not None:
                logit = padding[0].flatten(0, 1)[part].flatten(1)[None, ..., None]
                extra = (logit, padding[1].flatten(0, 1)[some][None, :, None])
            of_rows.append(attend(q[part].flatten(1, -2)[None], keys, values, bias[None], extra)[0])
        found.append(of_rows[0] if len(of_rows) == 1 else torch.cat(of_rows, dim=1))
    return (found[0] if len(found) == 1 else torch.cat(found)).reshape(shape)


def _written_out(terms: list[Tensor], real: tuple[int, ...]) -> Tensor:
    """The sum of the terms for each query and each real key, ``(head, query, key)``."""
    total: Tensor | None = None
    for axis, term in enumerate(terms):
        others = [1] * len(real)
        others[axis] = real[axis]
        shown = term[..., : real[axis]].flatten(1, -2)  # (head, query, place)
        shown = shown.reshape(*shown.shape[:2], *others)
        total = shown if total is None else total + shown
    return terms[0] if total is None else total.flatten(2)


def _along(q: GridHeads, table: Table, axis: int, window: int) -> GridHeads:
    """Each query times the table's rows for all places along an axis: a last axis of ``window``."""
    places = q.shape[2 + axis]
    rows = table_rows(table, window, window)[:places]  # (place, window, channel)
    moved = q.movedim(2 + axis, 0).flatten(1, -2)  # (place, others, channel)
    found = torch.bmm(moved, rows.transpose(1, 2))  # (place, others, window)
    others = [n for i, n in enumerate(q.shape[:-1]) if i != 2 + axis]
    return found.reshape(places, *others, window).movedim(0, 2 + axis)


def _padding(terms: list[GridHeads], real: tuple[int, ...], window: int) -> GridHeads:
    """Log-sum-exp of the bias over all padding: first axis padded, or first real and second..."""
    everything = [term.logsumexp(-1) for term in terms]
    inside = [term[..., :n].logsumexp(-1) for term, n in zip(terms, real, strict=True)]
    total: Tensor | None = None
    for axis, n in enumerate(real):
        if n == window:
            continue
        part = terms[axis][..., n:].logsumexp(-1)
        part = part + sum(inside[:axis]) + sum(everything[axis + 1 :])
        total = part if total is None else torch.logaddexp(total, part)
    return everything[0] if total is None else total
