"""One painted plane."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pixels

from tests.grids import grid_of
from vesal.images import Image, Mask
from vesal.images.panel import KNOWN, OUTSIDE, PREDICTED, Scene, paint
from vesal.images.planes import planes

SIDE = 240
SHAPE = (60, 40, 15)
GRID = grid_of(SHAPE, np.diag([-1.0, 1, 1]), (1.0, 1.5, 4.0), (0, 0, 0))
MIDDLE = (29.5, 19.5, 7.0)


EMPTY = Mask(array=np.zeros(SHAPE, np.bool_), grid=GRID)


def image_of(array: NDArray[np.int16]) -> Image:
    """An image on the grid of this file."""
    return Image(array=array, grid=GRID)


def ball(radius_mm: float) -> Mask:
    """A ball in the middle."""
    axes = np.ogrid[tuple(slice(n) for n in SHAPE)]
    squares = [((a - c) * mm) ** 2 for a, c, mm in zip(axes, MIDDLE, GRID.spacing_mm, strict=True)]
    return Mask(array=sum(squares[1:], start=squares[0]) <= radius_mm**2, grid=GRID)


@pytest.fixture
def scene() -> Scene:
    """A ball of 15 mm in the middle of a dark volume, with one click in it."""
    return Scene(
        image=image_of(np.zeros(SHAPE, np.int16)),
        window=(0.0, 1.0),
        mask=ball(15.0),
        known=None,
        marks_index=(MIDDLE,),
        positive=(True,),
        cut_index=MIDDLE,
        focus_index=MIDDLE,
        field_mm=60.0,
    )


def near(picture: Pixels.Image, colour: tuple[int, int, int]) -> NDArray[np.bool_]:
    """The pixels of about a colour."""
    difference = np.abs(np.asarray(picture).astype(int) - colour).max(axis=-1)
    return np.asarray(difference < 60)


def extent(where: NDArray[np.bool_]) -> tuple[float, ...]:
    """Top, bottom, left and right of the True pixels."""
    rows, columns = np.nonzero(where)
    return rows.min(), rows.max(), columns.min(), columns.max()


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_ball_is_drawn_round_in_every_plane(scene: Scene, number: int) -> None:
    """Voxels of 1 x 1.5 x 4 mm, and yet 30 mm are half of 60 mm both ways, in the middle."""
    picture = paint(scene, planes(GRID)[number], SIDE)
    top, bottom, left, right = extent(near(picture, PREDICTED))
    voxel = 4.0 * SIDE / 60
    assert bottom - top == pytest.approx(SIDE / 2, abs=voxel)
    assert right - left == pytest.approx(SIDE / 2, abs=voxel)
    assert (top + bottom) / 2 == pytest.approx(SIDE / 2, abs=2)
    assert (left + right) / 2 == pytest.approx(SIDE / 2, abs=2)


def test_the_known_label_has_its_own_colour(scene: Scene) -> None:
    """And no colour where nothing is known."""
    axial = planes(GRID)[0]
    assert not near(paint(scene, axial, SIDE), KNOWN).any()
    known = replace(scene, known=ball(20.0))
    assert near(paint(known, axial, SIDE), KNOWN).sum() > SIDE


def test_the_answer_is_drawn_over_the_known_label(scene: Scene) -> None:
    """Where both agree the answer is seen."""
    same = replace(scene, known=scene.mask)
    axial = planes(GRID)[0]
    assert near(paint(same, axial, SIDE), PREDICTED).sum() > SIDE
    assert not near(paint(same, axial, SIDE), KNOWN).any()


def test_a_click_is_a_cross_at_its_place(scene: Scene) -> None:
    """White, open in the middle."""
    bare = replace(scene, mask=EMPTY)
    picture = np.asarray(paint(bare, planes(GRID)[0], SIDE).convert("L"))
    around = picture[SIDE // 2 - 15 : SIDE // 2 + 15, SIDE // 2 - 15 : SIDE // 2 + 15]
    top, bottom, left, right = extent(around > 200)
    assert (top + bottom) / 2 == pytest.approx(14.5, abs=1.5)
    assert (left + right) / 2 == pytest.approx(14.5, abs=1.5)
    assert around[15, 15] < 100


@pytest.mark.parametrize(("away", "drawn"), [(0, True), (1, True), (2, False)])
def test_a_click_is_drawn_on_the_planes_near_it(scene: Scene, away: int, drawn: bool) -> None:
    """One slice away still counts; red says that it was outside."""
    mark = (MIDDLE[0] + 8, MIDDLE[1], MIDDLE[2] + away)
    marked = replace(scene, marks_index=(mark,), positive=(False,))
    assert near(paint(marked, planes(GRID)[0], SIDE), OUTSIDE).any() == drawn


def test_what_lies_beyond_the_image_is_black(scene: Scene) -> None:
    """A field wider than the volume is filled up, and the volume stays in the middle."""
    bright = replace(
        scene,
        image=image_of(np.ones(SHAPE, np.int16)),
        mask=EMPTY,
        marks_index=(),
        positive=(),
        field_mm=120.0,
    )
    coronal = np.asarray(paint(bright, planes(GRID)[1], SIDE).convert("L"))
    top, bottom, left, right = extent(coronal[:, SIDE // 2 + 20 :] > 240)
    assert (bottom - top + 1, right - left + 1) == (SIDE // 2, 60 - 20)
    assert top == SIDE // 4
    assert left == 0


def test_the_window_sets_black_and_white(scene: Scene) -> None:
    """Values at its ends and beyond are black and white."""
    array = np.zeros(SHAPE, np.int16)
    array[:20], array[20:40], array[40:] = -100, 50, 900
    stepped = replace(
        scene, image=image_of(array), mask=EMPTY, window=(0.0, 100.0), marks_index=(), positive=()
    )
    row = np.asarray(paint(stepped, planes(GRID)[0], SIDE).convert("L"))[SIDE // 3]
    assert sorted({int(row[40]), int(row[120]), int(row[200])}) == [0, 127, 255]
