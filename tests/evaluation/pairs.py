"""Pairs of masks to measure: drawn, and as awkward as they come."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tests.grids import speckle
from vesal.arrays import MaskArray

Spacing = tuple[float, ...]


@st.composite
def mask_pairs(draw: st.DrawFn) -> tuple[MaskArray, MaskArray, Spacing]:
    """Draw two masks of one shape, dense or sparse, often with axes of one voxel, and a spacing."""
    ndim = draw(st.sampled_from([2, 3]))
    shape = draw(st.tuples(*[st.sampled_from([1, 2, 4, 7])] * ndim))
    spacing = draw(st.tuples(*[st.sampled_from([0.3, 0.7, 1.0, 2.5, 5.0])] * ndim))
    masks = []
    for _ in range(2):
        seed, share = draw(st.integers(0, 2**32 - 1)), draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))
        drawn = draw(arrays.arrays(np.bool_, shape)) if share == 0 else None
        random = np.random.default_rng(seed).random(shape) < share
        masks.append(random if drawn is None else drawn)
    return masks[0], masks[1], spacing


def both_hold_something(drawn: tuple[MaskArray, MaskArray, Spacing]) -> bool:
    """Whether no mask is empty: other packages stop or answer NaN there."""
    return bool(drawn[0].any() and drawn[1].any())


def ball(shape: tuple[int, ...], centre: tuple[float, ...], radius: float) -> MaskArray:
    """A ball in voxels."""
    axes = np.ogrid[tuple(slice(n) for n in shape)]
    squares = [(axis - c) ** 2 for axis, c in zip(axes, centre, strict=True)]
    return np.asarray(sum(squares) <= radius**2)


def _voxel(shape: tuple[int, ...], index: tuple[int, ...]) -> MaskArray:
    mask = np.zeros(shape, np.bool_)
    mask[index] = True
    return mask


_SHAPE = (24, 20, 16)
_BALL = ball(_SHAPE, (11, 9, 7), 6)
_OUTER = ball(_SHAPE, (11, 9, 7), 7.5) & ~ball(_SHAPE, (11, 9, 7), 5)
_INNER = ball(_SHAPE, (11, 9, 7), 4) & ~ball(_SHAPE, (11, 9, 7), 2)
_DISC = ball((30, 26), (13, 12), 9)
_WHEEL = ball((40, 40), (15, 15), 12)
_SPECKS = _WHEEL.copy()
_SPECKS[38, 20:39:4] = True

AWKWARD: dict[str, tuple[MaskArray, MaskArray, Spacing]] = {
    "speckle": (speckle(_SHAPE, 1), speckle(_SHAPE, 2), (0.8, 1.1, 3.0)),
    "speckle against a ball": (speckle(_SHAPE, 3), _BALL, (1.0, 1.0, 1.0)),
    "a stray voxel": (_BALL | _voxel(_SHAPE, (23, 19, 15)), _BALL, (0.7, 0.7, 5.0)),
    "touching the border": (
        ball(_SHAPE, (0, 0, 0), 8),
        ball(_SHAPE, (2, 0, 1), 8),
        (1.5, 0.9, 2.0),
    ),
    "the whole array": (np.ones(_SHAPE, np.bool_), _BALL, (1.0, 2.0, 0.5)),
    "one voxel each": (_voxel(_SHAPE, (3, 4, 5)), _voxel(_SHAPE, (20, 1, 9)), (0.3, 0.7, 2.5)),
    "the same voxel": (_voxel(_SHAPE, (0, 4, 5)), _voxel(_SHAPE, (0, 4, 5)), (0.3, 0.7, 2.5)),
    "nested shells": (_INNER, _OUTER, (1.0, 1.2, 1.7)),
    "disjoint": (ball(_SHAPE, (3, 3, 3), 3), ball(_SHAPE, (20, 15, 12), 3), (0.6, 0.6, 5.0)),
    "flat": (_BALL[:, :, 7:8], speckle((24, 20, 1)), (0.5, 0.8, 5.0)),
    "a line": (_BALL[:, 9:10, 7:8], _BALL[:, 6:7, 4:5], (0.5, 0.8, 5.0)),
    "one voxel in all": (np.ones((1, 1, 1), np.bool_), np.ones((1, 1, 1), np.bool_), (1.0,) * 3),
    "a shifted disc": (_DISC, np.roll(_DISC, (3, -2), (0, 1)), (0.4, 1.3)),
    "five specks": (_SPECKS, _WHEEL, (1.0, 1.0)),
    "speckle in 2D": (speckle((30, 26), 4), speckle((30, 26), 5), (1.0, 2.5)),
}
"""Name to mask, truth and spacing in mm; neither is empty."""
