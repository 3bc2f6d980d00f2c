"""Which axis goes where on the page."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.grids import RASTERS, UGLY, grid_of, speckle, ugly_grids
from vesal.geometry import Grid
from vesal.images.planes import planes

SHAPE = (6, 5, 4)
EVERY_ORIENTATION = [
    grid_of(SHAPE, np.eye(3)[:, list(order)] * signs, (1.0, 2.0, 3.0), (7.0, -5.0, 3.0))
    for order, signs in product(permutations(range(3)), product((1, -1), repeat=3))
]


def farthest(grid: Grid, *directions: float) -> tuple[float, ...]:
    """The index of the voxel that lies farthest along a world direction."""
    index = np.stack(np.meshgrid(*[np.arange(n) for n in grid.shape], indexing="ij"), axis=-1)
    index = index.reshape(-1, grid.ndim).astype(np.float64)
    along = grid.to_world(index) @ np.array(directions)
    return tuple(index[along.argmax()].tolist())


def spot(grid: Grid, index: tuple[float, ...]) -> np.ndarray:
    """An array of noughts with a one."""
    array = np.zeros(grid.shape, np.uint8)
    array[tuple(int(i) for i in index)] = 1
    return array


@pytest.mark.parametrize("grid", EVERY_ORIENTATION, ids=lambda grid: grid.orientation)
def test_the_view_is_radiological_in_all_48_orientations(grid: Grid) -> None:
    """The voxel at the patient's right, front and head is at the upper left of every plane."""
    corner = farthest(grid, 1, 1, 1)
    axial, coronal, sagittal = planes(grid)
    for plane in (axial, coronal, sagittal):
        assert plane.cut(spot(grid, corner), corner)[0, 0] == 1
    assert axial.letters == ("R", "L", "A", "P")
    assert coronal.letters == ("R", "L", "S", "I")
    assert sagittal.letters == ("A", "P", "S", "I")


@pytest.mark.parametrize("grid", EVERY_ORIENTATION, ids=lambda grid: grid.orientation)
def test_each_plane_is_spaced_as_its_axes(grid: Grid) -> None:
    """Millimetres on the page are those of the axes that are shown."""
    for plane in planes(grid):
        assert plane.spacing_mm == (grid.spacing_mm[plane.down], grid.spacing_mm[plane.right])
        assert plane.counts == plane.cut(np.zeros(grid.shape), (0.0, 0.0, 0.0)).shape


@given(grid=ugly_grids(), data=st.data())
def test_a_voxel_is_drawn_where_it_is_said_to_be(grid: Grid, data: st.DataObject) -> None:
    """`on_page` and `cut` agree on every grid, voxel by voxel."""
    index = tuple(float(data.draw(st.integers(0, n - 1))) for n in grid.shape)
    for plane in planes(grid):
        down, right = plane.on_page(index)
        row, column = int(down / plane.spacing_mm[0]), int(right / plane.spacing_mm[1])
        assert plane.cut(spot(grid, index), index)[row, column] == 1


@pytest.mark.parametrize("name", RASTERS)
def test_a_raster_has_one_plane_without_letters(name: str) -> None:
    """X runs to the right and y down, however the file is stored."""
    grid = RASTERS[name]
    (plane,) = planes(grid)
    corner = farthest(grid, -1, -1)
    assert plane.cut(spot(grid, corner), corner)[0, 0] == 1
    assert plane.letters == ()
    assert plane.name == ""


def test_a_colour_raster_keeps_its_colours() -> None:
    """The last axis goes along."""
    grid = RASTERS["pixels"]
    (plane,) = planes(grid)
    array = np.random.default_rng(0).integers(0, 255, (*grid.shape, 3), dtype=np.uint8)
    assert (plane.cut(array, (0.0, 0.0)) == array).all()


def test_a_single_slice_is_shown_in_its_own_plane_only() -> None:
    """The others would be lines."""
    (plane,) = planes(UGLY["single slice"])
    assert plane.name == "axial"


def test_one_voxel_is_still_shown() -> None:
    """Something is better than nothing."""
    (plane,) = planes(UGLY["one voxel"])
    assert plane.cut(speckle((1, 1, 1)), (0.0, 0.0, 0.0)).shape == (1, 1)


def test_a_cut_outside_shows_the_nearest_slice() -> None:
    """A click in the outer half of a border voxel rounds to beyond the array."""
    grid = UGLY["LPS"]
    array = speckle(grid.shape)
    axial = planes(grid)[0]
    assert (axial.cut(array, (0.0, 0.0, 99.0)) == axial.cut(array, (0.0, 0.0, 6.0))).all()
