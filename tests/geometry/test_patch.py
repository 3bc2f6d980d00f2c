"""A mask kept small is the mask."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from vesal.errors import GeometryError
from vesal.geometry import Patch

masks = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=3, max_side=7))


@given(masks)
def test_a_mask_comes_back(mask: np.ndarray) -> None:
    """Empty, full, anything between; its count too."""
    patch = Patch.of(mask)
    assert np.array_equal(patch.full(), mask)
    assert patch.count == mask.sum()
    assert patch.is_empty == (not mask.any())
    assert np.array_equal(patch.array(), mask[patch.part])


@given(masks, st.data())
def test_a_part_is_the_part_of_the_mask(mask: np.ndarray, data: st.DataObject) -> None:
    """Wherever it lies."""
    part = []
    for n in mask.shape:
        start = data.draw(st.integers(0, n - 1))
        part.append(slice(start, data.draw(st.integers(start + 1, n))))
    patch = Patch.of(mask)
    assert np.array_equal(patch.within(part), mask[tuple(part)])
    outside = mask.copy()
    outside[tuple(part)] = False
    assert patch.without(part) == Patch.of(outside)
    moved = Patch.of(mask[tuple(part)], [s.start for s in part], mask.shape)
    assert moved == Patch.of(mask & ~outside)
    assert hash(moved) == hash(Patch.of(mask & ~outside))


@given(masks, st.data())
def test_voxels_are_asked_one_by_one(mask: np.ndarray, data: st.DataObject) -> None:
    """In it or not, without unpacking."""
    index = tuple(data.draw(st.integers(0, n - 1)) for n in mask.shape)
    assert (index in Patch.of(mask)) == mask[index]


@given(hnp.arrays(np.bool_, (2, 5, 6, 4)))
def test_a_union_has_the_voxels_of_both(pair: np.ndarray) -> None:
    """Also of an empty one."""
    one, other = Patch.of(pair[0]), Patch.of(pair[1])
    assert one.union(other) == Patch.of(pair[0] | pair[1])
    assert one.union(Patch.empty((5, 6, 4))) == one


@pytest.mark.parametrize(
    ("start", "shape", "bits"),
    [
        ((0, 0), (2, 5), b"\0\0"),
        ((3, 0), (2, 4), b"\0"),
        ((0, 0), (4, 4), b"\0"),
        ((0,), (1,), b"\0"),
    ],
)
def test_a_patch_that_does_not_fit_is_refused(
    start: tuple[int, ...], shape: tuple[int, ...], bits: bytes
) -> None:
    """Outside the image, or too few bits."""
    with pytest.raises(GeometryError):
        Patch(whole=(4, 4), start=start, shape=shape, bits=bits)
