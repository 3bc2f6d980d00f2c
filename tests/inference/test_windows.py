"""Which part of an image is looked at, and how closely."""

import numpy as np
import pytest

from tests.grids import UGLY
from tests.phantoms import enlarged
from vesal.geometry import Grid
from vesal.inference.windows import View, first_view, next_view, part_under, view_of_box

GRIDS = {name: enlarged(grid, 20) for name, grid in UGLY.items() if max(grid.shape) > 3}
BODY = Grid(shape=(100, 90, 80), affine=np.diag([3.0, 3, 3, 1]))
SIDE = 16


def view(grid: Grid, index: tuple[float, ...], spacing_mm: float) -> View:
    """A view round a voxel."""
    centre = grid.to_world(np.array([index], np.float64))[0]
    return View(centre_mm=tuple(float(v) for v in centre), spacing_mm=spacing_mm, side=SIDE)


@pytest.mark.parametrize("name", GRIDS)
def test_a_window_has_cubic_voxels_along_the_axes_of_the_image(name: str) -> None:
    """On every grid; an axis of one voxel stays one voxel of the same size."""
    grid = GRIDS[name]
    spacing = 1.3 * max(grid.spacing_mm)
    window = view(grid, tuple(n // 2 for n in grid.shape), spacing).grid(grid)
    for n, size, own, found in zip(
        grid.shape, window.shape, grid.spacing_mm, window.spacing_mm, strict=True
    ):
        assert size == (SIDE if n > 1 else 1)
        assert found == pytest.approx(spacing if n > 1 else own)
    own_axes = grid.affine[:-1, :-1] / np.array(grid.spacing_mm)
    axes = window.affine[:-1, :-1] / np.array(window.spacing_mm)
    assert axes == pytest.approx(own_axes)


@pytest.mark.parametrize("name", GRIDS)
def test_the_middle_of_a_window_is_a_voxel_of_the_image(name: str) -> None:
    """So that a window at the image's own spacing interpolates nothing."""
    grid = GRIDS[name]
    window = view(grid, tuple(n / 2 + 0.3 for n in grid.shape), 1.7).grid(grid)
    middle = window.to_world(np.array([[n // 2 for n in window.shape]], np.float64))
    index = grid.to_index(middle)
    assert index == pytest.approx(np.round(index), abs=1e-6)


@pytest.mark.parametrize("name", GRIDS)
def test_the_part_under_a_window_holds_exactly_the_voxels_in_it(name: str) -> None:
    """Each voxel centre of the image is asked."""
    grid = GRIDS[name]
    window = view(grid, tuple(n // 3 for n in grid.shape), 1.1 * max(grid.spacing_mm)).grid(grid)
    everywhere = np.argwhere(np.ones(grid.shape, np.bool_)).astype(np.float64)
    inside = window.contains(window.to_index(grid.to_world(everywhere))).reshape(grid.shape)
    marked = np.zeros(grid.shape, np.bool_)
    marked[part_under(grid, window)] = True
    assert np.array_equal(marked, inside)


def test_the_first_window_is_a_sixth_of_the_second_longest_side() -> None:
    """So a whole-body scan does not set the scale, nor does a thin stack."""
    point = np.array([[150.0, 130.0, 120.0]])
    assert first_view(BODY, point, SIDE).spacing_mm == pytest.approx(270 / 6 / SIDE)
    long = Grid(shape=(100, 90, 900), affine=BODY.affine)
    assert first_view(long, point, SIDE).spacing_mm == pytest.approx(300 / 6 / SIDE)


def test_the_first_window_holds_all_points() -> None:
    """However far apart."""
    points = np.array([[0.0, 0.0, 0.0], [290.0, 10.0, 200.0]])
    window = first_view(BODY, points, SIDE).grid(BODY)
    assert window.contains(window.to_index(points)).all()


def test_a_box_fits_into_its_window() -> None:
    """With room around it."""
    corners = np.array([[30.0, 40, 50], [90, 70, 80]])
    window = view_of_box(BODY, corners, SIDE).grid(BODY)
    assert window.contains(window.to_index(corners)).all()
    assert window.spacing_mm[0] == pytest.approx(1.6 * 60 / SIDE)


def test_a_mask_that_is_cut_off_makes_the_window_wider() -> None:
    """And a wider window is centred on what was found."""
    start = view(BODY, (50, 45, 40), 3.0)
    mask = np.zeros((SIDE,) * 3, np.bool_)
    mask[4:, 3:13, 3:13] = True
    wider = next_view(BODY, start, mask, np.array([start.centre_mm]))
    assert wider is not None
    assert wider.spacing_mm >= 1.5 * start.spacing_mm
    assert wider.centre_mm[0] > start.centre_mm[0]


def test_a_mask_that_ends_with_the_image_is_not_cut_off() -> None:
    """There is nothing more to see."""
    start = view(BODY, (99, 45, 40), 3.0)
    mask = np.zeros((SIDE,) * 3, np.bool_)
    mask[3:, 3:13, 3:13] = True  # the window reaches far beyond the image's last voxel
    assert next_view(BODY, start, mask, np.array([start.centre_mm])) is None


def test_a_touch_of_a_few_voxels_is_a_leak_and_not_a_cut() -> None:
    """Less than a twentieth of the face."""
    start = view(BODY, (50, 45, 40), 3.0)
    mask = np.zeros((SIDE,) * 3, np.bool_)
    mask[3:13, 3:13, 3:13] = True
    mask[13:, 8, 8] = True
    assert next_view(BODY, start, mask, np.array([start.centre_mm])) is None


def test_a_small_mask_brings_the_window_closer_but_not_below_half_a_voxel() -> None:
    """Every click stays in sight."""
    start = view(BODY, (50, 45, 40), 6.0)
    mask = np.zeros((SIDE,) * 3, np.bool_)
    mask[7:9, 8, 8] = True
    points = np.array([start.centre_mm])
    closer = next_view(BODY, start, mask, points)
    assert closer is not None
    assert closer.spacing_mm == pytest.approx(1.5)
    far = np.array([start.centre_mm, np.add(start.centre_mm, 30.0)])
    held = next_view(BODY, start, mask, far)
    assert held is not None
    assert held.grid(BODY).contains(held.grid(BODY).to_index(far)).all()


def test_a_mask_of_nothing_but_the_click_makes_the_window_wider() -> None:
    """As deep inside something uniform, where there is no border to be seen."""
    start = view(BODY, (50, 45, 40), 3.0)
    mask = np.zeros((SIDE,) * 3, np.bool_)
    mask[8, 8, 8] = True
    wider = next_view(BODY, start, mask, np.array([start.centre_mm]))
    assert wider is not None
    assert wider.spacing_mm == pytest.approx(4.8)


def test_an_empty_mask_asks_for_no_other_window() -> None:
    """There is nothing to go by."""
    start = view(BODY, (50, 45, 40), 3.0)
    empty = np.zeros((SIDE,) * 3, np.bool_)
    assert next_view(BODY, start, empty, np.array([start.centre_mm])) is None
