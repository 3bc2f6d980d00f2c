"""Tests of vesal.inference.change."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.inference.balls import said
from vesal.geometry import Grid, Patch
from vesal.inference.change import asked_for

GRID = Grid(shape=(6, 5, 4), affine=np.diag([2.0, 3.0, 4.0, 1.0]))
masks = arrays(np.bool_, GRID.shape)
voxels = st.tuples(*(st.integers(0, n - 1) for n in GRID.shape))


def at(voxel: tuple[int, ...]) -> tuple[float, ...]:
    """The middle of a voxel in mm."""
    return tuple(float(v) for v in GRID.to_world(np.array([voxel], np.float64))[0])


@settings(deadline=None, max_examples=200)
@given(old=masks, new=masks, voxel=voxels, positive=st.booleans())
def test_a_click_changes_its_own_piece_only(
    old: np.ndarray, new: np.ndarray, voxel: tuple[int, ...], positive: bool
) -> None:
    """A positive one only adds, a negative one only removes, and never what the model did not."""
    change = asked_for(Patch.of(old), Patch.of(new), said((at(voxel), positive)), GRID).full()
    if not old.any() or old[voxel] == positive:
        np.testing.assert_array_equal(change, new)
        return
    changed = change != old
    assert not (changed & (old == positive)).any()
    assert not (changed & (new == old)).any()
    assert changed[voxel] == (new[voxel] == positive)
    if not changed[voxel]:
        np.testing.assert_array_equal(change, old)


def test_pieces_elsewhere_stay_as_they_were() -> None:
    """Two gaps are filled by the model, one was clicked."""
    old = np.ones((9, 5, 4), np.bool_)
    old[2], old[6] = False, False
    grid = Grid(shape=old.shape, affine=np.eye(4))
    new = Patch.of(np.ones_like(old))
    change = asked_for(Patch.of(old), new, said(((2.0, 2.0, 2.0), True)), grid).full()
    assert change[2].all()
    assert not change[6].any()


def test_clicks_of_both_sides_each_change_their_own() -> None:
    """One adds, one removes."""
    old = np.zeros((9, 5, 4), np.bool_)
    old[:3] = True
    new = np.zeros_like(old)
    new[2:6] = True
    grid = Grid(shape=old.shape, affine=np.eye(4))
    both = said(((4.0, 2.0, 2.0), True), ((0.0, 2.0, 2.0), False))
    change = asked_for(Patch.of(old), Patch.of(new), both, grid).full()
    np.testing.assert_array_equal(change, new)


def test_a_click_outside_the_image_or_heeded_already_asks_for_all() -> None:
    """The new mask counts."""
    old, new = np.zeros(GRID.shape, np.bool_), np.zeros(GRID.shape, np.bool_)
    old[1:3], new[2:5] = True, True
    for clicks in (said(((-90.0, 0.0, 0.0), True)), said((at((1, 1, 1)), True))):
        change = asked_for(Patch.of(old), Patch.of(new), clicks, GRID)
        assert change == Patch.of(new)
