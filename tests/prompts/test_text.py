"""Typed numbers and the millimetres they mean."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.grids import RASTERS, UGLY, ugly_grids
from vesal.errors import PromptError
from vesal.geometry import Grid
from vesal.inference.boxes import boxed
from vesal.prompts import Box, Click, Lasso, Scribble
from vesal.prompts.text import Typed, typed

VOLUME = UGLY["LPS"]
RASTER = RASTERS["placed"]


def point(*numbers: float, positive: bool = True) -> Typed:
    """A click as if it had been typed."""
    return typed("--point", "point", ",".join(map(repr, numbers)), positive=positive)


def box(*numbers: float) -> Typed:
    """A box as if it had been typed."""
    return typed("--box", "box", ",".join(map(repr, numbers)))


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("12,-40,33", (12, -40, 33)), ("-1.5e1, 2 ,+3", (-15, 2, 3)), ("4,5", (4, 5))],
)
def test_numbers_are_read(text: str, numbers: tuple[float, ...]) -> None:
    """Signs, decimals and blanks are fine."""
    assert typed("--point", "point", text).points == (numbers,)


@pytest.mark.parametrize("text", ["", "a,b,c", "1,,2", "1;2;3", "1,2,3,"])
def test_what_is_not_numbers_is_refused(text: str) -> None:
    """The sentence names the option and repeats what was typed."""
    with pytest.raises(PromptError, match=r"--negative needs numbers .* got ") as caught:
        typed("--negative", "point", text)
    assert repr(text) in str(caught.value)


@given(grid=ugly_grids(), data=st.data())
def test_a_voxel_click_lies_on_that_voxel(grid: Grid, data: st.DataObject) -> None:
    """Index to mm and back is the identity, on every grid."""
    index = tuple(data.draw(st.integers(0, n - 1)) for n in grid.shape)
    clicked = point(*index).on(grid, voxel=True)
    assert isinstance(clicked, Click)
    assert np.allclose(grid.to_index(np.array([clicked.point_mm]))[0], index, atol=1e-6)


def test_a_click_in_mm_is_taken_as_it_is() -> None:
    """World coordinates are the prompt's own frame."""
    wanted = Click(point_mm=(1.5, -2.0, 3.0), positive=False)
    assert point(1.5, -2, 3, positive=False).on(VOLUME, voxel=False) == wanted


def test_on_a_raster_voxel_means_row_and_column() -> None:
    """And mm means x to the right, y down."""
    clicked = point(2, 5).on(RASTER, voxel=True)
    assert isinstance(clicked, Click)
    assert np.allclose(clicked.point_mm, RASTER.to_world(np.array([[2.0, 5.0]]))[0])


@pytest.mark.parametrize(
    ("grid", "voxel", "wanted"),
    [
        (VOLUME, False, "3 numbers for this 3D image \\(x,y,z in mm\\), got '1,2,3,4'"),
        (VOLUME, True, "3 numbers for this 3D image \\(i,j,k array indices\\), got '1,2,3,4'"),
        (RASTER, False, "2 numbers for this 2D image \\(x,y in mm\\), got '1,2,3,4'"),
        (RASTER, True, "2 numbers for this 2D image \\(row,column\\), got '1,2,3,4'"),
    ],
)
def test_a_wrong_number_of_coordinates_is_refused(grid: Grid, voxel: bool, wanted: str) -> None:
    """The sentence says how many, of what, and how many there were."""
    with pytest.raises(PromptError, match=wanted):
        point(1, 2, 3, 4).on(grid, voxel=voxel)


def test_the_corners_of_a_box_come_in_any_order() -> None:
    """Any two opposite corners describe the same box."""
    one = box(1, 9, 3, 5, 2, 7).on(VOLUME, voxel=False)
    other = box(5, 2, 3, 1, 9, 7).on(VOLUME, voxel=False)
    assert one == other == Box(low_mm=(1, 2, 3), high_mm=(5, 9, 7))


@given(grid=ugly_grids(), data=st.data())
def test_a_voxel_box_holds_both_corner_voxels_and_no_more(grid: Grid, data: st.DataObject) -> None:
    """A box of one voxel is that voxel; corners are included on every grid."""
    corners = [[data.draw(st.integers(0, n - 1)) for n in grid.shape] for _ in range(2)]
    found = box(*corners[0], *corners[1]).on(grid, voxel=True)
    assert isinstance(found, Box)
    held = np.zeros(grid.shape, np.bool_)
    held[tuple(slice(min(pair), max(pair) + 1) for pair in zip(*corners, strict=True))] = True
    assert np.array_equal(boxed(grid, found).full(), held)


def test_a_box_with_one_corner_is_refused() -> None:
    """The sentence asks for both."""
    with pytest.raises(PromptError, match="--box: a box needs two opposite corners, got 1"):
        box(1, 2, 3)
    with pytest.raises(PromptError, match=r"--box needs 6 numbers .* both corners"):
        box(1, 2, 3, 4).on(VOLUME, voxel=False)


def test_lines_are_points_separated_by_blanks() -> None:
    """Scribbles and lassos; blanks after commas do no harm."""
    line = typed("--scribble", "scribble", "1,2,3 4, 5, 6").on(VOLUME, voxel=False)
    assert line == Scribble(points_mm=((1, 2, 3), (4, 5, 6)))
    outline = typed("--lasso", "lasso", "0,0,1 4,0,1 4,4,1", positive=False)
    assert outline.on(VOLUME, voxel=False) == Lasso(
        outline_mm=((0, 0, 1), (4, 0, 1), (4, 4, 1)), positive=False
    )


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("lasso", "1,2,3 4,5,6", "needs at least 3 points, got 2"),
        ("point", "1,2,3 4,5,6", "needs 1 point, got 2"),
        ("point", "1,2,nan", "needs finite numbers"),
        ("point", "inf,0,0", "needs finite numbers"),
        ("circle", "1,2,3", "is one of point, box, scribble, lasso, got 'circle'"),
    ],
)
def test_what_makes_no_prompt_is_refused(kind: str, text: str, message: str) -> None:
    """With the place that it came from."""
    with pytest.raises(PromptError, match=message) as refused:
        typed("line 3", kind, text)
    assert str(refused.value).startswith("line 3")


def test_a_voxel_outside_is_refused_in_voxels() -> None:
    """Whoever typed indices thinks in indices."""
    with pytest.raises(PromptError, match=r"--point: voxel 9,0,0 lies outside .* 0,0,0 to 8,7,6"):
        point(9, 0, 0).on(VOLUME, voxel=True)


def test_a_voxel_box_outside_is_refused_in_voxels() -> None:
    """One that reaches over the border holds what is inside."""
    with pytest.raises(PromptError, match=r"--box: voxels 9,0,0 to 12,3,3 lie .* 0,0,0 to 8,7,6"):
        box(9, 0, 0, 12, 3, 3).on(VOLUME, voxel=True)
    with pytest.raises(PromptError, match="lie outside the image"):
        box(-4, 0, 0, -1, 3, 3).on(VOLUME, voxel=True)
    over = box(-4, 0, 0, 1, 3, 3).on(VOLUME, voxel=True)
    assert isinstance(over, Box)
    assert boxed(VOLUME, over).count == 2 * 4 * 4


def test_points_of_a_line_have_the_axes_of_the_image() -> None:
    """All of them."""
    with pytest.raises(PromptError, match="points of 3 numbers for this 3D image"):
        typed("--scribble", "scribble", "1,2,3 4,5").on(VOLUME, voxel=False)
