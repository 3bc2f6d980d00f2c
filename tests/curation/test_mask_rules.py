"""Tests of vesal.curation.mask_rules: thresholds in mm and ml on grids of every kind."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from tests.grids import UGLY, grid_of, speckle, ugly_grids
from vesal.arrays import MaskArray
from vesal.curation.mask_rules import (
    extents_mm,
    largest_pieces,
    too_short,
    too_small,
    too_sparse,
    volume_mm3,
)
from vesal.geometry import Grid, Patch


@given(ugly_grids(), st.integers(0, 2**32 - 1))
def test_extents_are_distances_in_the_world(grid: Grid, seed: int) -> None:
    """Of the outer faces of the outermost voxels, along each axis of the array, sheared or not."""
    mask = np.random.default_rng(seed).random(grid.shape) < 0.2
    mask.flat[seed % mask.size] = True
    found = extents_mm(Patch.of(mask), grid)
    index = np.argwhere(mask)
    low, high = index.min(axis=0) - 0.5, index.max(axis=0) + 0.5
    for axis in range(3):
        end = low.copy()
        end[axis] = high[axis]
        faces = grid.to_world(np.array([low, end]))
        assert found[axis] == pytest.approx(float(np.linalg.norm(faces[1] - faces[0])))


@pytest.mark.parametrize("name", UGLY)
def test_volume_is_that_of_the_parallelepipeds(name: str) -> None:
    """Also where a shear makes voxels smaller than the product of their spacings."""
    grid = UGLY[name]
    mask = speckle(grid.shape)
    edges = grid.affine[:3, :3].T
    each = abs(float(np.dot(edges[0], np.cross(edges[1], edges[2]))))
    assert volume_mm3(Patch.of(mask), grid) == pytest.approx(each * mask.sum())


def test_thresholds_are_kept_at_and_left_out_below() -> None:
    """1,000 mm^3, 15 mm and 1 % themselves are enough; a voxel less is not."""
    grid = grid_of((10, 10, 100), np.eye(3), (1.5, 1.5, 1.0), (0, 0, 0))
    whole = np.ones(grid.shape, np.bool_)
    assert not too_short(Patch.of(whole), grid, 15.0)
    whole[0] = False
    assert "13.5 x 15 x 100 mm, less than 15 mm" in too_short(Patch.of(whole), grid, 15.0)
    cube = grid_of((10, 10, 12), np.eye(3), (1.0, 1.0, 1.0), (0, 0, 0))
    litre = np.zeros(cube.shape, np.bool_)
    litre[:, :, :10] = True
    assert not too_small(Patch.of(litre), cube, 1000.0)
    litre[0, 0, 0] = False
    assert "0.999 ml, less than 1 ml" in too_small(Patch.of(litre), cube, 1000.0)
    few = np.zeros((10, 10, 100), np.bool_)
    few.flat[:100] = True
    assert not too_sparse(Patch.of(few), grid, 0.01)
    few.flat[0] = False
    assert "0.99 % of the image are inside, less than 1 %" in too_sparse(Patch.of(few), grid, 0.01)


def test_rounding_is_no_reason() -> None:
    """Fifty voxels of 0.3 mm are 15 mm, whatever their product is in floating point."""
    grid = grid_of((50, 50, 50), np.eye(3), (0.3, 0.3, 0.3), (0, 0, 0))
    assert not too_short(Patch.of(np.ones(grid.shape, np.bool_)), grid, 15.0)


@given(arrays(np.bool_, st.tuples(*[st.integers(1, 7)] * 3)), st.integers(1, 4))
def test_the_largest_pieces_are_those_of_scipy(mask: MaskArray, most: int) -> None:
    """As many voxels as the largest pieces have, by an independent labelling; whole pieces only."""
    kept, found = largest_pieces(mask, most)
    labels, count = ndimage.label(mask, np.ones((3, 3, 3)))
    sizes = np.sort(np.bincount(labels.ravel(), minlength=count + 1)[1:])[::-1]
    assert found == count
    assert kept.sum() == sizes[:most].sum()
    for number in range(1, count + 1):
        assert len(np.unique(kept[labels == number])) == 1
    assert not (kept & ~mask).any()
