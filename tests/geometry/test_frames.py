"""Tests of vesal.geometry.frames."""

import numpy as np
import pytest

from tests.grids import RASTERS, UGLY
from vesal.geometry import lps_to_ras, ras_to_lps, transposed


@pytest.mark.parametrize("name", UGLY)
def test_lps_and_ras_differ_in_the_sign_of_x_and_y(name: str) -> None:
    """The same point has opposite x and y, and the same z."""
    affine = UGLY[name].affine
    np.testing.assert_array_equal(lps_to_ras(affine)[:3], affine[:3] * [[-1], [-1], [1]])
    np.testing.assert_array_equal(ras_to_lps(lps_to_ras(affine)), affine)


@pytest.mark.parametrize("name", RASTERS)
def test_transposing_a_raster_keeps_each_pixel_where_it_was(name: str) -> None:
    """(column, row) under the transposed affine is (row, column) under the first."""
    affine = RASTERS[name].affine
    np.testing.assert_allclose(transposed(affine) @ [5, 2, 1], affine @ [2, 5, 1])
    np.testing.assert_array_equal(transposed(transposed(affine)), affine)
