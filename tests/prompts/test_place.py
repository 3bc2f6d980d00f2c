"""Tests of vesal.prompts.place: what is said in mm is read back as the voxels it was made of."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.measure import grid_points_in_poly

from tests.grids import RASTERS, UGLY, ugly_grids
from vesal.arrays import MaskArray
from vesal.errors import PromptError
from vesal.geometry import Grid
from vesal.inference.boxes import boxed, flat_axis, within
from vesal.inference.drawn import lassoed, scribbled
from vesal.prompts.place import box_on, click_on, lasso_on, scribble_on
from vesal.prompts.simulate import Voxel
from vesal.prompts.simulate_boxes import tight_box
from vesal.prompts.simulate_lassos import lasso
from vesal.prompts.simulate_scribbles import SCRIBBLE_KINDS, ScribbleKind, scribble

GRIDS = {**UGLY, **RASTERS}
every_grid = pytest.mark.parametrize("name", GRIDS)


def voxel_in(grid: Grid, data: st.DataObject) -> Voxel:
    """Draw a voxel."""
    return tuple(data.draw(st.integers(0, n - 1)) for n in grid.shape)


def blob(grid: Grid, seed: int = 0) -> MaskArray:
    """A lopsided ellipsoid over much of the grid, of a voxel at least."""
    rng = np.random.default_rng(seed)
    axes = [(np.arange(n) - n * rng.uniform(0.35, 0.65)) / (0.4 * n + 0.3) for n in grid.shape]
    mask = np.asarray(sum(a**2 for a in np.ix_(*axes)) <= 1)
    mask[tuple(n // 2 for n in grid.shape)] = True
    return mask


@every_grid
def test_a_click_lies_in_the_middle_of_its_voxel(name: str) -> None:
    """On every one of the grid's corners."""
    grid = GRIDS[name]
    for voxel in np.ndindex(*(2,) * grid.ndim):
        index = tuple(i * (n - 1) for i, n in zip(voxel, grid.shape, strict=True))
        click = click_on(grid, index, positive=False)
        assert grid.to_index(np.array([click.point_mm]))[0] == pytest.approx(index, abs=1e-9)
        assert not click.positive


def check_box(grid: Grid, low: Voxel, high: Voxel) -> None:
    """What the session reads of the box is the range itself."""
    box = box_on(grid, (low, high))
    expected = np.zeros(grid.shape, np.bool_)
    expected[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = True
    np.testing.assert_array_equal(within(grid, box), expected)
    np.testing.assert_array_equal(boxed(grid, box).full(), expected)
    sides = [b - a for a, b in zip(low, high, strict=True)]
    thin = [a for a, n in enumerate(grid.shape) if grid.ndim == 3 and sides[a] == 1 and n > 1]
    assert flat_axis(grid, box) == (thin[0] if thin else None)


@given(grid=ugly_grids(), data=st.data())
def test_a_box_holds_exactly_the_voxels_it_was_made_of(grid: Grid, data: st.DataObject) -> None:
    """On any grid, sheared ones too; one voxel thick it is a box on that slice."""
    corners = np.array([voxel_in(grid, data), voxel_in(grid, data)])
    low, high = corners.min(axis=0), corners.max(axis=0) + 1
    check_box(grid, tuple(low.tolist()), tuple(high.tolist()))


@every_grid
def test_the_tight_box_of_a_mask_holds_its_range(name: str) -> None:
    """In 2D and 3D, on the grids that have broken things before."""
    grid = GRIDS[name]
    box = tight_box(blob(grid))
    assert box is not None
    check_box(grid, *box)
    check_box(grid, (0,) * grid.ndim, grid.shape)


def test_a_box_that_leaves_the_array_holds_what_is_in_it() -> None:
    """As the jitter of SAM-Med2D makes them."""
    grid = UGLY["oblique"]
    box = box_on(grid, ((-3, 2, -1), (4, 12, 3)), positive=False)
    expected = np.zeros(grid.shape, np.bool_)
    expected[:4, 2:, :3] = True
    np.testing.assert_array_equal(boxed(grid, box).full(), expected)
    assert not box.positive


@pytest.mark.parametrize("kind", SCRIBBLE_KINDS)
@every_grid
def test_a_scribble_is_read_back_as_its_voxels(name: str, kind: ScribbleKind) -> None:
    """And as no others, along a diagonal either."""
    grid = GRIDS[name]
    for seed in range(4):
        rng = np.random.default_rng(seed)
        stroke = scribble(blob(grid, seed), grid.spacing_mm, rng, kind=kind)
        said = scribble_on(grid, stroke, positive=bool(seed % 2))
        drawn = scribbled(said, grid).full()
        assert {tuple(v) for v in np.argwhere(drawn).tolist()} == set(stroke)
        assert said.positive == bool(seed % 2)


@every_grid
def test_a_lasso_is_read_back_as_the_pixels_in_its_outline(name: str) -> None:
    """On its slice alone, most of the object there among them."""
    grid = GRIDS[name]
    mask = blob(grid)
    outline = lasso(mask, grid.spacing_mm, np.random.default_rng(3))
    inside, _ = lassoed(lasso_on(grid, outline), grid)
    corners = np.array(outline)
    across = [a for a in range(grid.ndim) if np.ptp(corners[:, a]) == 0]
    page, held = mask, inside.full()
    if grid.ndim == 3:
        (axis,) = across
        number = int(corners[0, axis])
        assert set(np.argwhere(held)[:, axis].tolist()) == {number}
        page, held = mask.take(number, axis), held.take(number, axis)
        corners = np.delete(corners, axis, axis=1)
    found = grid_points_in_poly(page.shape, corners)  # type: ignore[no-untyped-call]
    np.testing.assert_array_equal(held, found)
    assert (held & page).sum() >= 0.9 * page.sum()


@pytest.mark.parametrize("axes", [2, 4])
def test_places_of_another_number_of_axes_are_refused(axes: int) -> None:
    """By all of them, with a message that says how many there should be."""
    grid = UGLY["LPS"]
    place = (1,) * axes
    with pytest.raises(PromptError, match="needs 3 indices"):
        click_on(grid, place, positive=True)
    with pytest.raises(PromptError, match="needs 3 indices"):
        box_on(grid, (place, (2,) * axes))
    with pytest.raises(PromptError, match="needs 3 indices"):
        scribble_on(grid, [(1, 1, 1), place], positive=True)
    with pytest.raises(PromptError, match="needs 3 indices"):
        lasso_on(grid, [place] * 3)


def test_a_stroke_without_voxels_and_an_empty_range_are_refused() -> None:
    """What an empty region gives is to be looked at before it is said."""
    grid = UGLY["LPS"]
    with pytest.raises(PromptError, match="at least 1 point"):
        scribble_on(grid, (), positive=True)
    with pytest.raises(PromptError, match="at least 3 points"):
        lasso_on(grid, ())
    with pytest.raises(PromptError, match="one voxel on each axis"):
        box_on(grid, ((1, 1, 1), (3, 1, 3)))
