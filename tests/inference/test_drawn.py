"""Scribbles and lassos as voxels, on grids that lie askew."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.measure import grid_points_in_poly

from tests.grids import RASTERS, UGLY, ugly_grids
from tests.phantoms import enlarged
from vesal.errors import PromptError
from vesal.geometry import Grid
from vesal.inference.drawn import deepest, lassoed, scribble_clicks, scribbled
from vesal.prompts import Lasso, Scribble

THICK = {name: enlarged(grid, 20) for name, grid in UGLY.items() if min(grid.shape) > 3}


def world(grid: Grid, index: np.ndarray) -> tuple[tuple[float, ...], ...]:
    """World points of array indices."""
    return tuple(map(tuple, grid.to_world(np.asarray(index, np.float64)).tolist()))


@given(grid=ugly_grids(), data=st.data())
@settings(deadline=None)
def test_a_scribble_over_voxels_is_those_voxels(grid: Grid, data: st.DataObject) -> None:
    """Given as a mask, it comes back exactly."""
    mask = np.zeros(grid.shape, np.bool_)
    chosen = data.draw(st.lists(st.integers(0, mask.size - 1), min_size=1, max_size=9))
    mask.flat[chosen] = True
    assert np.array_equal(scribbled(Scribble.of_voxels(grid, mask), grid).full(), mask)


@given(grid=ugly_grids(), data=st.data())
@settings(deadline=None)
def test_a_drawn_line_is_in_one_piece_and_near_the_line(grid: Grid, data: st.DataObject) -> None:
    """Voxels touch at least by a corner, and lie within a voxel of it."""
    ends = np.array(
        [[data.draw(st.integers(0, n - 1)) for n in grid.shape] for _ in range(3)], np.float64
    )
    drawn = scribbled(Scribble(points_mm=world(grid, ends)), grid).full()
    assert ndimage.label(drawn, np.ones((3,) * 3))[1] == 1
    line = np.concatenate([a + (b - a) * np.linspace(0, 1, 200)[:, None] for a, b in
                           ((ends[0], ends[1]), (ends[1], ends[2]))])  # fmt: skip
    for voxel in np.argwhere(drawn):
        assert np.abs(line - voxel).max(axis=1).min() < 0.6


@given(grid=ugly_grids(longest=20), data=st.data())
@settings(deadline=None)
def test_the_clicks_of_a_scribble_lie_on_it_and_are_few(grid: Grid, data: st.DataObject) -> None:
    """At most six, the same each time."""
    ends = np.array([[data.draw(st.integers(0, n - 1)) for n in grid.shape] for _ in range(4)])
    scribble = Scribble(points_mm=world(grid, ends))
    clicks = scribble_clicks(scribble, grid)
    assert 1 <= len(clicks) <= 6
    drawn = scribbled(scribble, grid)
    for index in np.round(grid.to_index(clicks)).astype(int).tolist():
        assert tuple(index) in drawn
    assert np.array_equal(clicks, scribble_clicks(scribble, grid))


def test_a_scribble_beside_the_image_is_refused() -> None:
    """What lies on it would count."""
    grid = THICK["LPS"]
    with pytest.raises(PromptError, match="outside the image"):
        scribbled(Scribble(points_mm=world(grid, np.array([[-9, 0, 0], [-5, 0, 0]]))), grid)


@pytest.mark.parametrize("name", THICK)
@pytest.mark.parametrize("across", [0, 1, 2])
@pytest.mark.parametrize("turned", [False, True])
def test_a_lasso_on_a_slice_holds_what_another_rasteriser_finds_inside(
    name: str, across: int, turned: bool
) -> None:
    """On each axis of each grid, voxel by voxel; whichever way round it was drawn."""
    grid = THICK[name]
    rows, columns = (n for axis, n in enumerate(grid.shape) if axis != across)
    outline = np.array([(0.2, 0.2), (0.8, 0.1), (0.55, 0.5), (0.9, 0.8), (0.3, 0.7)])
    flat = outline * (rows - 1, columns - 1)
    if turned:
        flat = flat[::-1]
    slice_number = grid.shape[across] // 2
    corners = np.insert(flat, across, slice_number, axis=1)
    inside, around = lassoed(Lasso(outline_mm=world(grid, corners)), grid)
    filled = grid_points_in_poly((rows, columns), flat)  # type: ignore[no-untyped-call]
    held = inside.full().take(slice_number, axis=across)
    assert np.array_equal(held, filled)
    assert inside.count == held.sum()
    assert around.count == rows * columns - held.sum()
    assert not (inside.full() & around.full()).any()


def test_a_lasso_on_an_oblique_plane_holds_a_slab_of_one_voxel() -> None:
    """About as many voxels as its area has."""
    grid = Grid(shape=(40, 40, 40), affine=np.eye(4))
    corners = np.array([[5, 5, 5], [35, 5, 5], [35, 30, 30], [5, 30, 30]], np.float64)
    inside, around = lassoed(Lasso(outline_mm=world(grid, corners)), grid)
    assert inside.count == pytest.approx(30 * 25, rel=0.15)
    assert not around.is_empty
    voxels = np.argwhere(inside.full())
    assert (np.abs(voxels[:, 1] - voxels[:, 2]) <= 1).all()


@pytest.mark.parametrize("name", RASTERS)
def test_a_lasso_on_a_picture(name: str) -> None:
    """Two axes are one plane; all of the rest is around it."""
    grid = RASTERS[name]
    corners = np.array([[1, 1], [5, 1], [5, 5], [1, 5]], np.float64) + 0.5
    inside, around = lassoed(Lasso(outline_mm=world(grid, corners)), grid)
    assert inside.count == 16
    assert inside.count + around.count == np.prod(grid.shape)


def test_an_outline_that_crosses_itself_holds_what_is_inside_an_odd_number_of_times() -> None:
    """A figure of eight has two loops and nothing between them."""
    grid = Grid(shape=(30, 30), affine=np.eye(3))
    corners = np.array([[2, 2], [25, 25], [25, 2], [2, 25]], np.float64)
    inside, _ = lassoed(Lasso(outline_mm=world(grid, corners)), grid)
    assert (4, 14) in inside
    assert (23, 8) in inside
    assert (14, 4) not in inside
    assert (14, 24) not in inside


def test_what_holds_nothing_or_lies_in_no_plane_is_refused() -> None:
    """In words."""
    grid = THICK["oblique"]
    tiny = np.array([[3.3, 3.3, 3], [3.4, 3.3, 3], [3.4, 3.4, 3]])
    with pytest.raises(PromptError, match="holds no voxel"):
        lassoed(Lasso(outline_mm=world(grid, tiny)), grid)
    bent = np.array([[1, 1, 1], [9, 1, 1], [9, 9, 1], [1, 9, 8.0]])
    with pytest.raises(PromptError, match="must lie in one plane"):
        lassoed(Lasso(outline_mm=world(grid, bent)), grid)


@pytest.mark.parametrize("name", THICK)
def test_the_deepest_place_is_inside_and_far_from_the_outline(name: str) -> None:
    """In the fat end of a drop."""
    grid = THICK[name]
    scale = np.array(grid.shape[:2]) / 20
    outline = np.array([(2, 2), (10, 9), (18, 4), (18, 17), (10, 11)]) * scale
    corners = np.insert(outline, 2, 2, axis=1)
    inside, around = lassoed(Lasso(outline_mm=world(grid, corners)), grid)
    place = np.round(grid.to_index(deepest(inside, around, grid))[0]).astype(int)
    assert tuple(place.tolist()) in inside
    assert place[0] > 12 * scale[0]
