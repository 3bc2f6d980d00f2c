"""Tests of vesal.curation.sam_med2d_masks: the published rules about masks and slices."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from vesal.curation.sam_med2d_masks import is_blank, pieces_of, too_narrow, too_small


@pytest.mark.parametrize(
    ("shape", "in_mm", "is_kept"),
    [
        ((128, 256), False, True),
        ((127, 256), False, False),
        ((256, 127), False, False),
        ((40, 200), True, True),
        ((200, 40), True, False),
    ],
)
def test_the_shortest_edge_is_at_least_half_the_longest(
    shape: tuple[int, int], *, in_mm: bool, is_kept: bool
) -> None:
    """In pixels as published, or in mm: here rows are 5 mm apart and columns 1 mm."""
    why = too_narrow(shape, (5.0, 1.0), in_mm=in_mm)
    assert (why == "") == is_kept
    assert is_kept or f"{shape[0] * (5 if in_mm else 1)} x" in why


def test_a_mask_covers_at_least_100_pixels_of_256_by_256() -> None:
    """Which are 0.153 % of it, and 400 of 512 by 512."""
    assert not too_small(100, 256**2)
    assert too_small(99, 256**2).startswith("99 pixels are 0.151 % of the slice, at least 0.153 %")
    assert not too_small(400, 512**2)
    assert too_small(399, 512**2)
    assert not too_small(1, 512**2, 0.0)


@given(hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9)))
def test_pieces_are_those_of_scipy(mask: np.ndarray) -> None:
    """With eight neighbours; together they are the mask, each in its place and counted."""
    numbers, count = ndimage.label(mask, np.ones((3, 3)))
    found = list(pieces_of(mask, (4, 7)))
    assert len(found) == count
    for piece in found:
        row, column = piece.start[0] - 4, piece.start[1] - 7
        height, width = piece.mask.shape
        whole = np.zeros_like(mask)
        whole[row : row + height, column : column + width] = piece.mask
        number = numbers[whole][0]
        assert np.array_equal(whole, numbers == number)
        assert piece.count == whole.sum()


@given(st.integers(0, 255))
def test_a_slice_of_one_value_is_blank(value: int) -> None:
    """In colour too; one other pixel is something to see."""
    for colours in ((), (3,)):
        page = np.full((4, 5, *colours), value, np.uint8)
        page[..., 1:2] = page[..., :1] if colours else page[..., 1:2]
        assert is_blank(page)
        page[3, 4] ^= 1
        assert not is_blank(page)
