"""Tests of vesal.geometry.outline."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import ndimage

from vesal.arrays import PageMask
from vesal.geometry.outline import simplified, walked_round

PAGES = arrays.arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9)))


@given(mask=PAGES)
def test_a_walk_meets_the_outermost_pixels_of_the_first_piece(mask: PageMask) -> None:
    """Those that the outside touches by an edge, and no pixel that has no outside near it."""
    walk = walked_round(mask)
    if not mask.any():
        assert walk == []
        return
    labels, _ = ndimage.label(mask, np.ones((3, 3)))
    piece = labels == labels[mask].min()
    framed = np.pad(piece, 1)
    around, _ = ndimage.label(~framed)  # by edges
    outside = around == around[0, 0]
    inner = (slice(1, -1), slice(1, -1))
    by_edge = ndimage.binary_dilation(outside)[inner] & piece
    by_corner = ndimage.binary_dilation(outside, np.ones((3, 3)))[inner] & piece
    met = np.zeros_like(piece)
    met[tuple(np.array(walk).T)] = True
    assert met[by_edge].all()
    assert by_corner[met].all()
    assert walk[0] == tuple(np.argwhere(piece)[0].tolist())
    steps = np.abs(np.diff(np.array([*walk, walk[0]]), axis=0)).max(axis=1)
    assert (steps == 1).all() or len(walk) == 1


def test_a_line_is_walked_there_and_back() -> None:
    """Its ends once."""
    assert walked_round(np.ones((1, 4), np.bool_)) == [
        (0, 0),
        (0, 1),
        (0, 2),
        (0, 3),
        (0, 2),
        (0, 1),
    ]


def distance(point: np.ndarray, ring: np.ndarray) -> float:
    """From a point to the nearest place of a closed outline, by many samples."""
    ends = np.roll(ring, -1, axis=0)
    t = np.linspace(0, 1, 201)[:, None, None]
    return float(np.linalg.norm(ring + t * (ends - ring) - point, axis=2).min())


@given(
    points=arrays.arrays(
        np.float64, st.tuples(st.integers(1, 25), st.just(2)), elements=st.integers(-9, 9)
    ),
    tolerance=st.sampled_from([0.0, 0.5, 2.0, 100.0]),
)
def test_no_corner_is_further_than_the_tolerance_from_what_is_left(
    points: np.ndarray, tolerance: float
) -> None:
    """What is left are corners of the outline in their order."""
    few = simplified(points, tolerance)
    assert len(few) >= min(3, len(points))
    rows = iter(points.tolist())
    assert all(corner in rows for corner in few.tolist())
    for point in points:
        assert distance(point, few) <= tolerance + 0.15  # between two samples


def test_a_square_of_many_points_has_four_corners() -> None:
    """Begun at one of them."""
    side = np.arange(10.0)
    ring = np.concatenate([
        np.stack([side, 0 * side], 1), np.stack([0 * side + 10, side], 1),
        np.stack([10 - side, 0 * side + 10], 1), np.stack([0 * side, 10 - side], 1),
    ])  # fmt: skip
    assert simplified(ring, 0.1).tolist() == [[0, 0], [10, 0], [10, 10], [0, 10]]
    assert simplified(ring[:3], 9.0) == pytest.approx(ring[:3])
