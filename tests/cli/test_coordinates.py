"""Typed numbers and the millimetres they mean."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.grids import RASTERS, UGLY, ugly_grids
from vesal.cli.coordinates import Typed, box, click, typed, typed_prompts
from vesal.errors import PromptError
from vesal.geometry import Grid
from vesal.prompts import Box, Click

VOLUME = UGLY["LPS"]
RASTER = RASTERS["placed"]


def given_numbers(*numbers: float, option: str = "--point") -> Typed:
    """Numbers as if they had been typed."""
    return typed(option, ",".join(map(repr, numbers)))


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("12,-40,33", (12, -40, 33)), ("-1.5e1, 2 ,+3", (-15, 2, 3)), ("4,5", (4, 5))],
)
def test_numbers_are_read(text: str, numbers: tuple[float, ...]) -> None:
    """Signs, decimals and blanks are fine."""
    assert typed("--point", text).numbers == numbers


@pytest.mark.parametrize("text", ["", "a,b,c", "1,,2", "1;2;3", "1,2,nan", "inf,0,0", "1,2,3,"])
def test_what_is_not_numbers_is_refused(text: str) -> None:
    """The sentence names the option and repeats what was typed."""
    with pytest.raises(PromptError, match=r"--negative needs numbers .* got ") as caught:
        typed("--negative", text)
    assert repr(text) in str(caught.value)


@given(grid=ugly_grids(), data=st.data())
def test_a_voxel_click_lies_on_that_voxel(grid: Grid, data: st.DataObject) -> None:
    """Index to mm and back is the identity, on every grid."""
    index = tuple(data.draw(st.integers(0, n - 1)) for n in grid.shape)
    clicked = click(given_numbers(*index), grid, positive=True, voxel=True)
    assert np.allclose(grid.to_index(np.array([clicked.point_mm]))[0], index, atol=1e-6)


def test_a_click_in_mm_is_taken_as_it_is() -> None:
    """World coordinates are the prompt's own frame."""
    wanted = Click(point_mm=(1.5, -2.0, 3.0), positive=False)
    assert click(given_numbers(1.5, -2, 3), VOLUME, positive=False, voxel=False) == wanted


def test_on_a_raster_voxel_means_row_and_column() -> None:
    """And mm means x to the right, y down."""
    clicked = click(given_numbers(2, 5), RASTER, positive=True, voxel=True)
    assert np.allclose(clicked.point_mm, RASTER.to_world(np.array([[2.0, 5.0]]))[0])


@pytest.mark.parametrize(
    ("grid", "voxel", "wanted"),
    [
        (VOLUME, False, "3 numbers for this 3D image \\(x,y,z in mm\\), got 4"),
        (VOLUME, True, "3 numbers for this 3D image \\(i,j,k array indices\\), got 4"),
        (RASTER, False, "2 numbers for this 2D image \\(x,y in mm\\), got 4"),
        (RASTER, True, "2 numbers for this 2D image \\(row,column\\), got 4"),
    ],
)
def test_a_wrong_number_of_coordinates_is_refused(grid: Grid, voxel: bool, wanted: str) -> None:
    """The sentence says how many, of what, and how many there were."""
    with pytest.raises(PromptError, match=wanted):
        click(given_numbers(1, 2, 3, 4), grid, positive=True, voxel=voxel)


def test_the_corners_of_a_box_come_in_any_order() -> None:
    """Any two opposite corners describe the same box."""
    one = box(given_numbers(1, 9, 3, 5, 2, 7, option="--box"), VOLUME, voxel=False)
    other = box(given_numbers(5, 2, 3, 1, 9, 7, option="--box"), VOLUME, voxel=False)
    assert one == other == Box(low_mm=(1, 2, 3), high_mm=(5, 9, 7))


@given(grid=ugly_grids(), data=st.data())
def test_a_voxel_box_holds_both_corner_voxels(grid: Grid, data: st.DataObject) -> None:
    """A box of one voxel is that voxel; corners are included on every grid."""
    corners = [[data.draw(st.integers(0, n - 1)) for n in grid.shape] for _ in range(2)]
    found = box(given_numbers(*corners[0], *corners[1], option="--box"), grid, voxel=True)
    world = grid.to_world(np.array(corners, dtype=np.float64))
    assert (world > np.array(found.low_mm)).all()
    assert (world < np.array(found.high_mm)).all()


def test_a_box_with_one_corner_is_refused() -> None:
    """The sentence asks for both."""
    with pytest.raises(PromptError, match=r"--box needs 6 numbers .* both corners"):
        box(given_numbers(1, 2, 3, option="--box"), VOLUME, voxel=False)


def test_all_prompts_come_together_on_the_grid() -> None:
    """A box first, then the clicks in the order in which they were typed."""
    wanted = typed_prompts(["1,2,3", "4,5,6"], ["7,8,9"], "0,0,0,9,9,9")
    assert wanted.on(VOLUME, voxel=False) == (
        Box(low_mm=(0, 0, 0), high_mm=(9, 9, 9)),
        Click(point_mm=(1, 2, 3)),
        Click(point_mm=(4, 5, 6)),
        Click(point_mm=(7, 8, 9), positive=False),
    )


@pytest.mark.parametrize("negatives", [[], ["1,2,3"]])
def test_without_a_click_inside_or_a_box_there_is_nothing_to_do(negatives: list[str]) -> None:
    """A click outside alone does not say what is meant."""
    with pytest.raises(PromptError, match="at least one --point or a --box"):
        typed_prompts([], negatives, None)
