"""Tests of vesal.geometry.components."""

from typing import Any, Literal

import numpy as np
import pytest
from scipy import ndimage

from tests.grids import speckle
from vesal.geometry import component_at, distance_to_border, mask_box
from vesal.geometry.components import pieces, pieces_at, pieces_with

SHAPES = [(11, 8), (9, 7, 6)]
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=["2D", "3D"])


def _sparse(shape: tuple[int, ...]) -> Any:
    return np.random.default_rng(3).random(shape) < (0.15 if len(shape) == 2 else 0.06)


@every_shape
@pytest.mark.parametrize("order", ["C", "F"])
def test_component_is_the_piece_scipy_finds(
    shape: tuple[int, ...], order: Literal["C", "F"]
) -> None:
    """SciPy's labels, neighbours by corner included, give the same piece for each voxel."""
    mask = np.asarray(_sparse(shape), order=order)
    labels, _ = ndimage.label(mask, structure=np.ones((3,) * len(shape)))
    for index in np.argwhere(mask):
        piece = component_at(mask, tuple(index.tolist()))
        np.testing.assert_array_equal(piece, labels == labels[tuple(index)])


@pytest.mark.parametrize(
    "shape", [(1, 3), (3, 3), (5, 1), (6, 7), (1, 1, 5), (1, 3, 3), (3, 3, 3), (5, 4, 1)], ids=str
)
def test_pieces_are_numbered_as_scipy_numbers_them(shape: tuple[int, ...]) -> None:
    """In C order; with as many as there can be, too, for which cc3d fails with Booleans."""
    apart = np.zeros(shape, np.bool_)
    apart[(slice(None, None, 2),) * len(shape)] = True
    for mask in (apart, *(speckle(shape, seed) for seed in range(9))):
        labels, _ = ndimage.label(mask, structure=np.ones((3,) * len(shape)))
        np.testing.assert_array_equal(pieces(mask), labels)
        np.testing.assert_array_equal(pieces(np.asfortranarray(mask)), labels)


@every_shape
def test_component_outside_the_mask_is_empty(shape: tuple[int, ...]) -> None:
    """A voxel that is not in the mask belongs to no piece."""
    mask = np.ones(shape, dtype=bool)
    mask[(0,) * len(shape)] = False
    assert not component_at(mask, (0,) * len(shape)).any()


@every_shape
def test_pieces_with_a_voxel_are_those_of_the_voxels_together(shape: tuple[int, ...]) -> None:
    """Voxels outside of the mask, or of the array, hold nothing; all pieces are a new array too."""
    mask = _sparse(shape)
    inside = [tuple(index) for index in np.argwhere(mask).tolist()]
    chosen = [inside[0], inside[-1]]
    wanted = component_at(mask, chosen[0]) | component_at(mask, chosen[1])
    away = [tuple(np.argwhere(~mask)[0].tolist()), shape, (-1,) * len(shape)]
    np.testing.assert_array_equal(pieces_at(mask, [*away, *chosen]), wanted)
    assert not pieces_at(mask, away).any()
    every = pieces_with(mask, mask)
    np.testing.assert_array_equal(every, mask)
    assert not np.shares_memory(every, mask)


@every_shape
def test_an_empty_mask_has_no_box_and_no_depth(shape: tuple[int, ...]) -> None:
    """Nothing in, nothing out, no error."""
    empty = np.zeros(shape, dtype=bool)
    assert mask_box(empty) is None
    assert not distance_to_border(empty, (1.0,) * len(shape)).any()


@every_shape
@pytest.mark.parametrize("order", ["C", "F"])
def test_depth_is_the_distance_scipy_measures_with_a_border_around(
    shape: tuple[int, ...], order: Literal["C", "F"]
) -> None:
    """Anisotropic mm, each axis its own, and what is beyond the array is outside."""
    spacing = (0.4, 1.7, 6.0)[: len(shape)]
    mask = np.asarray(~speckle(shape, seed=5), order=order)
    mask[:5, :5] = True
    padded = ndimage.distance_transform_edt(np.pad(mask, 1), sampling=spacing)
    expected = padded[(slice(1, -1),) * len(shape)]
    np.testing.assert_allclose(distance_to_border(mask, spacing), expected, rtol=1e-5)


@every_shape
def test_box_is_the_tightest_range_around_the_mask(shape: tuple[int, ...]) -> None:
    """Cropped by it no voxel is lost, and every face holds one."""
    mask = np.zeros(shape, dtype=bool)
    mask[(2, 3, 1)[: len(shape)]] = mask[(5, 4, 3)[: len(shape)]] = True
    assert mask_box(mask) == (slice(2, 6), slice(3, 5), slice(1, 4))[: len(shape)]


def test_a_line_has_depth_along_its_only_axis() -> None:
    """A mask that is one voxel thin elsewhere may be asked about as a line."""
    line = np.array([True, True, True, False, True])
    np.testing.assert_allclose(distance_to_border(line, (0.5,)), [0.5, 1, 0.5, 0, 0.5])
