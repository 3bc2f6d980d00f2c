"""Tests of vesal.geometry.grid."""

# nibabel does not annotate all of its functions:
# mypy: disable-error-code="no-untyped-call"

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from tests.grids import RASTERS, UGLY, ugly_grids
from vesal.errors import GeometryError
from vesal.geometry import AxisBox, Frame, Grid

ALL = UGLY | RASTERS
every_grid = pytest.mark.parametrize("grid", ALL.values(), ids=ALL)
points = hnp.arrays(np.float64, (4, 3), elements=st.floats(-50, 600))


@given(grid=ugly_grids(), points_index=points)
def test_index_to_world_to_index_comes_home(grid: Grid, points_index: NDArray[np.float64]) -> None:
    """to_index undoes to_world to 1e-6 voxels on any grid."""
    home = grid.to_index(grid.to_world(points_index))
    np.testing.assert_allclose(home, points_index, atol=1e-6)


@every_grid
def test_index_zero_is_the_centre_of_the_first_voxel(grid: Grid) -> None:
    """The translation of the affine is where voxel 0 has its centre."""
    world = grid.to_world(np.zeros((1, grid.ndim)))
    np.testing.assert_array_equal(world[0], grid.affine[:-1, -1])


@every_grid
def test_spacing_is_the_distance_between_neighbouring_centres(grid: Grid) -> None:
    """One step along an index axis covers its spacing in the world."""
    steps = grid.to_world(np.eye(grid.ndim)) - grid.to_world(np.zeros((1, grid.ndim)))
    np.testing.assert_allclose(np.linalg.norm(steps, axis=1), grid.spacing_mm)


@given(grid=ugly_grids())
def test_orientation_letters_are_those_of_nibabel(grid: Grid) -> None:
    """Axis directions as nibabel names them, oblique, sheared or left-handed."""
    assert grid.orientation == "".join(nib.aff2axcodes(grid.affine))


def test_orientation_of_a_raster_says_down_and_right() -> None:
    """Rows of a picture go down, its columns to the right."""
    assert RASTERS["pixels"].orientation == "DR"
    assert RASTERS["mirrored"].orientation == "DL"


@pytest.mark.parametrize("name", ["sheared", "oblique", "placed"])
def test_voxel_volume_counts_shear(name: str) -> None:
    """The volume is that of the parallelepiped, not the product of the spacings."""
    grid = ALL[name]
    box = abs(np.linalg.det(grid.affine[:-1, :-1]))
    assert grid.voxel_volume_mm3 == pytest.approx(box)


def test_size_counts_all_voxels() -> None:
    """The size is the product of the lengths, beyond 32 bits too."""
    grid = Grid(shape=(3000, 2000, 1000), affine=UGLY["oblique"].affine)
    assert grid.size == 6_000_000_000


@every_grid
def test_contains_reaches_half_a_voxel_beyond_the_centres(grid: Grid) -> None:
    """A voxel ends half its width from its centre, on both sides of every axis."""
    last = np.array(grid.shape, dtype=np.float64) - 1
    inside = np.array([np.full(grid.ndim, -0.5), last + 0.5, last / 2])
    outside = np.array([np.full(grid.ndim, -0.501), last + 0.501])
    assert grid.contains(inside).all()
    assert not grid.contains(outside).any()


@every_grid
def test_bounds_hold_the_outer_faces_of_all_voxels(grid: Grid) -> None:
    """Every corner of every outermost voxel lies in the bounds, and touches them."""
    box = grid.bounds_mm()
    index = AxisBox(
        frame=Frame.INDEX,
        low=(-0.5,) * grid.ndim,
        high=tuple(n - 0.5 for n in grid.shape),
    )
    corners = grid.to_world(index.corners())
    np.testing.assert_allclose(corners.min(axis=0), box.low)
    np.testing.assert_allclose(corners.max(axis=0), box.high)
    assert box.frame is Frame.WORLD


@given(
    grid=ugly_grids(),
    start=st.tuples(*[st.integers(-20, 20)] * 3),
    length=st.tuples(*[st.integers(1, 20)] * 3),
    points_index=points,
)
def test_a_crop_keeps_every_voxel_where_it_was(
    grid: Grid, start: tuple[int, ...], length: tuple[int, ...], points_index: NDArray[np.float64]
) -> None:
    """World positions agree with the parent's, inside and in the padding."""
    stop = tuple(a + n for a, n in zip(start, length, strict=True))
    crop = grid.crop(start, stop)
    assert crop.shape == length
    expected = grid.to_world(points_index + np.array(start))
    np.testing.assert_allclose(crop.to_world(points_index), expected, atol=1e-6)


def test_grids_are_the_same_within_a_tolerance() -> None:
    """A millionth of a mm is rounding, a thousandth is another grid, so is another shape."""
    grid = UGLY["oblique"]
    moved = grid.affine.copy()
    moved[0, 3] += 1e-3
    assert grid.same_as(Grid(shape=grid.shape, affine=grid.affine + 1e-9 * np.eye(4, k=1)))
    assert not grid.same_as(Grid(shape=grid.shape, affine=moved))
    assert grid.same_as(Grid(shape=grid.shape, affine=moved), tolerance=0.01)
    assert not grid.same_as(grid.crop((0, 0, 0), (1, 1, 1)))


def test_the_affine_is_a_copy_that_nobody_can_change() -> None:
    """Neither the caller's array nor the grid's can move the grid afterwards."""
    affine = UGLY["LPS"].affine.copy()
    grid = Grid(shape=(2, 2, 2), affine=affine)
    affine[0, 3] = 999
    assert grid.affine[0, 3] == 100
    with pytest.raises(ValueError, match="read-only"):
        grid.affine[0, 3] = 5


@pytest.mark.parametrize("shape", [(), (5,), (2, 0, 3), (4, -1), (1, 1, 1, 1)])
def test_a_shape_needs_two_or_three_lengths_of_at_least_one(shape: tuple[int, ...]) -> None:
    """Anything else is refused with the shape in the message."""
    with pytest.raises(GeometryError, match="2 or 3 axes"):
        Grid(shape=shape, affine=np.eye(max(len(shape), 1) + 1))


@pytest.mark.parametrize(
    ("affine", "words"),
    [
        (np.eye(3), "4x4"),
        (np.diag([1, np.nan, 1, 1]), "1 of 16"),
        (np.diag([1, np.inf, np.nan, 1]), "2 of 16"),
        (np.diag([1.0, 0, 1, 1]), "spacing"),
        (np.diag([1.0, 1e-200, 1, 1]), "spacing"),
        (np.diag([1.0, 1e200, 1, 1]), "spacing"),
        (np.diag([1.0, 1, 1, 2]), "last row"),
        (np.array([[1.0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]), "singular"),
    ],
)
def test_an_affine_must_be_finite_and_invertible(affine: NDArray[np.float64], words: str) -> None:
    """A broken header is refused in words, never divided by."""
    with pytest.raises(GeometryError, match=words):
        Grid(shape=(4, 4, 4), affine=affine)


@pytest.mark.parametrize("method", ["to_world", "to_index", "contains"])
def test_points_of_another_dimension_are_refused(method: str) -> None:
    """2D points on a volume are a mix-up, not a slice."""
    with pytest.raises(GeometryError, match=r"\(n, 3\)"):
        getattr(UGLY["LPS"], method)(np.zeros((5, 2)))


def test_a_crop_needs_one_range_an_axis() -> None:
    """Too few starts, and empty ranges, are refused."""
    with pytest.raises(GeometryError, match="3 starts"):
        UGLY["LPS"].crop((0, 0), (2, 2))
    with pytest.raises(GeometryError, match="at least one voxel"):
        UGLY["LPS"].crop((0, 0, 0), (2, 0, 2))
