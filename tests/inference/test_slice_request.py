"""What each slice is told of boxes, outlines and regions, and what its mask must keep to."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import BrightSegmenter, bright_segmenter
from tests.grids import RASTERS, rotation, ugly_grids
from tests.inference.balls import BALL, CENTRE, GRID, NOTHING, REACHED, SCALE, looking, slices_of
from tests.phantoms import ball_image
from vesal.geometry import Grid, Patch
from vesal.images import Image
from vesal.inference.answer import Answer
from vesal.inference.request import Region, Request, request_of
from vesal.inference.slice_request import SliceRequest, common
from vesal.inference.slices import Slices
from vesal.prompts import Box, Click, Lasso, MaskPrompt, Prompt, Scribble


@pytest.fixture
def model() -> BrightSegmenter:
    """A model that takes what is bright."""
    return bright_segmenter("sam")


def answered(model: BrightSegmenter, *prompts: Prompt) -> Answer:
    """The answer to prompts on the ball."""
    return looking(model).predict(request_of(prompts, GRID))


def square(z_mm: float) -> Lasso:
    """An outline on an axial slice around voxels 14 to 25 and 12 to 23 of the first two axes."""
    corners = ((-13.5, 11.5), (-25.5, 11.5), (-25.5, 23.5), (-13.5, 23.5))
    return Lasso(outline_mm=tuple((x, y, z_mm) for x, y in corners))


def test_a_box_on_a_slice_prompts_it_and_limits_no_other(model: BrightSegmenter) -> None:
    """Its voxels alone on its slice; the walk goes on with what it held, without a bound."""
    answer = answered(model, Box.of_voxels(GRID, (16, 14, 9), (24, 22, 9)))
    assert slices_of(answer) == REACHED
    held = np.argwhere(answer.mask.full()[..., 9])
    assert held.min(axis=0).tolist() == [16, 14]
    assert held.max(axis=0).tolist() == [24, 22]
    assert np.argwhere(answer.mask.full()[..., 10])[:, 0].min() < 16
    corners = model.prompts[0].boxes
    assert corners is not None
    # Rows from the front down: 35 - y, columns to the left: the x index; a box ends half a pixel
    # from the middles of its pixels.
    assert corners[0].numpy() == pytest.approx(np.array([[12.5, 15.5], [21.5, 24.5]]) * SCALE)
    assert model.prompts[0].points.shape[1] == 0
    assert answer.notes == ()


def test_a_box_on_a_slice_and_a_click_on_another_are_both_asked_first(
    model: BrightSegmenter,
) -> None:
    """Each with what was said there."""
    answered(
        model,
        Box.of_voxels(GRID, (10, 8, 8), (30, 28, 8)),
        Click(point_mm=(-20.0, 18.0, 36.0)),
    )
    first, second = model.prompts[:2]
    assert (first.points.shape[1], second.points.shape[1]) == (0, 1)
    assert first.boxes is not None
    assert second.boxes is None


def test_a_box_across_the_slices_is_a_limit_and_a_click_in_its_middle(
    model: BrightSegmenter,
) -> None:
    """No slice can be told it: in each of them it is a line."""
    answer = answered(model, Box.of_voxels(GRID, (20, 14, 8), (20, 22, 12)))
    assert model.prompts[0].boxes is None
    assert model.prompts[0].points.shape[1] == 1
    cut = np.argwhere(answer.mask.full()[20])
    assert cut.min(axis=0).tolist() == [14, 8]
    assert cut.max(axis=0).tolist() == [22, 12]
    assert slices_of(answer) == REACHED
    assert answer.notes == (
        "box: it lies across the slices; used as a limit there and a click in its middle",
    )


def test_a_thin_box_between_two_slices_is_on_the_nearest(model: BrightSegmenter) -> None:
    """A box drawn in mm need not meet the middle of a slice."""
    box = Box(low_mm=(-30.0, 8.0, 34.2), high_mm=(-10.0, 28.0, 34.2))
    answered(model, box)
    assert model.prompts[0].boxes is not None
    assert slices_of(answered(bright_segmenter("sam"), box)) == REACHED


def test_the_box_around_a_lasso_is_told_on_its_slice(model: BrightSegmenter) -> None:
    """With the click that stands for it; on its slice nothing outside of it is in the mask."""
    answer = answered(model, square(30.0))
    corners = model.prompts[0].boxes
    assert corners is not None
    assert corners[0].numpy() == pytest.approx(np.array([[12, 14], [24, 26]]) * SCALE)
    assert model.prompts[0].points.shape[1] == 1
    held = np.argwhere(answer.mask.full()[..., 10])
    assert held.min(axis=0).tolist() == [14, 12]
    assert held.max(axis=0).tolist() == [25, 23]
    assert answer.notes[-1] == "lasso: on its slice told to the model as the box around it, too"
    assert slices_of(answer) == REACHED


def test_a_lasso_on_a_slice_that_the_walk_reaches_is_told_there(model: BrightSegmenter) -> None:
    """It is a prompt of its own; the other slices know nothing of it."""
    answered(model, Click(point_mm=CENTRE), square(36.0))
    assert model.prompts[0].boxes is None
    assert model.prompts[1].boxes is not None
    assert model.prompts[1].points.shape[1] == 1


def test_a_region_that_leaves_most_of_a_slice_is_not_told(model: BrightSegmenter) -> None:
    """What to stay out of says little about where the object is: it is taken from the mask."""
    out = np.zeros(GRID.shape, np.bool_)
    out[:20] = True
    out[:, :5] = True
    out[20:, 30:] = True
    request = Request(clicks=request_of([Click(point_mm=CENTRE)], GRID).clicks)
    half = np.zeros(GRID.shape, np.bool_)
    half[:19] = True
    part = Request(clicks=request.clicks, regions=(Region(patch=Patch.of(half), inside=False),))
    most = Request(clicks=request.clicks, regions=(Region(patch=Patch.of(out), inside=False),))
    looking(model).predict(part)
    assert model.prompts[0].boxes is None
    model.prompts.clear()
    looking(model).predict(most)
    assert model.prompts[0].boxes is not None


def test_every_mask_on_the_way_keeps_to_what_was_said(model: BrightSegmenter) -> None:
    """A neighbour is told the box of what is left of the last mask, not of what the model said."""
    out = np.zeros(GRID.shape, np.bool_)
    out[:18] = True
    answer = answered(
        model, Click(point_mm=CENTRE), MaskPrompt(patch=Patch.of(out), positive=False)
    )
    assert not (answer.mask.full() & out).any()
    assert model.prompts[1].boxes is not None
    first_column = float(model.prompts[1].boxes[0, 0, 1]) / SCALE[1]
    assert first_column == pytest.approx(18.0, abs=0.1)


def test_a_scribble_is_in_the_mask_where_it_was_drawn(model: BrightSegmenter) -> None:
    """Also on slices that the walk did not reach."""
    line = Scribble(points_mm=(CENTRE, (-20.0, 18.0, 54.0)))
    answer = answered(model, Click(point_mm=CENTRE), line)
    assert set(slices_of(answer)) == {*REACHED, *range(10, 19)}
    assert answer.mask.full()[20, 18, 10:19].all()


@pytest.mark.parametrize(
    ("low", "high", "reached", "first"),
    [
        ((-30.0, 8.0, 21.0), (-10.0, 28.0, 39.0), range(7, 14), [10]),
        ((-30.0, 8.0, 21.5), (-10.0, 28.0, 38.5), range(8, 13), [10]),
        ((-30.0, 8.0, -50.0), (-10.0, 28.0, 7.0), range(3), [1]),
        ((-30.0, 8.0, 50.0), (-10.0, 28.0, 900.0), range(17, 20), [18]),
    ],
)
def test_a_box_reaches_the_slices_whose_middles_are_in_it(
    low: tuple[float, ...], high: tuple[float, ...], reached: range, first: list[int]
) -> None:
    """Of them the middle one is asked first; a prompted slice outside of it may be looked at."""
    request = Request(clicks=NOTHING, box=Box(low_mm=low, high_mm=high))
    said = SliceRequest(request, Slices(BALL), GRID)
    assert said.prompted() == first
    assert said.limits(first) == reached
    assert said.limits([0, 19]) == range(20)


def test_a_box_beside_the_middle_of_the_only_slice_is_on_it() -> None:
    """It is thinner than the slice, and lies in it."""
    grid = Grid(shape=(40, 36, 1), affine=np.diag([-1.0, 1.0, 5.0, 1.0]))
    image = ball_image(grid, (-20.0, 18.0, 0.0), 8.0)
    box = Box(low_mm=(-30.0, 8.0, 1.0), high_mm=(-10.0, 28.0, 2.0))
    said = SliceRequest(Request(clicks=NOTHING, box=box), Slices(image), grid)
    assert said.prompted() == [0]
    assert said.limits([0]) == range(1)


def test_on_a_picture_everything_is_on_its_one_slice() -> None:
    """A box is solid there; an outline is told as the box around it."""
    grid = Grid(shape=(36, 40), affine=RASTERS["pixels"].affine)
    picture = ball_image(grid, (20.0, 18.0), 8.0)
    for prompt in (
        Box(low_mm=(9.5, 8.5), high_mm=(29.5, 27.5)),
        Lasso(outline_mm=((9.5, 8.5), (29.5, 8.5), (29.5, 27.5), (9.5, 27.5))),
    ):
        model = bright_segmenter("sam")
        answer = looking(model, picture).predict(request_of([prompt], grid))
        assert len(model.images) == 1
        assert model.prompts[0].boxes is not None
        assert answer.mask.count == pytest.approx(np.pi * 64, rel=0.05)
        assert [one.logits.shape for one in answer.evidence] == [(36, 40)]


def test_a_box_along_a_leaning_grid_is_on_its_slice() -> None:
    """Its own axes count, not those of the world; one along the world's cuts through slices."""
    affine = np.eye(4)
    affine[:3, :3] = rotation(30, 20, 0) * [1, 1, 3]
    grid = Grid(shape=(40, 40, 20), affine=affine)
    image = Image(array=np.zeros(grid.shape, np.uint8), grid=grid)
    along = Box.of_voxels(grid, (10, 10, 7), (20, 20, 7))
    said = SliceRequest(Request(clicks=NOTHING, box=along), Slices(image), grid)
    assert said.prompted() == [7]
    assert said.limits([7]) == range(20)
    assert not said.crosses
    middle = np.array(along.middle_mm)
    low, high = (tuple((middle + s * np.array([8, 8, 0])).tolist()) for s in (-1, 1))
    flat = Box(low_mm=low, high_mm=high)
    across = SliceRequest(Request(clicks=NOTHING, box=flat), Slices(image), grid)
    assert across.crosses
    assert across.prompted() == [7]
    assert across.told(7) is None


@given(grid=ugly_grids(), seed=st.integers(0, 99))
def test_slices_of_a_request_together_are_the_request(grid: Grid, seed: int) -> None:
    """A mask settled slice by slice is the mask that is settled whole, on any grid."""
    rng = np.random.default_rng(seed)
    image = Image(array=np.zeros(grid.shape, np.uint8), grid=grid)
    places = rng.integers(0, grid.shape, (3, 3))
    points = grid.to_world(places.astype(np.float64))
    regions = tuple(
        Region(patch=Patch.of(rng.random(grid.shape) < 0.3), inside=inside)
        for inside in (True, False)
    )
    clicks = request_of(
        [Click(point_mm=tuple(p.tolist()), positive=bool(i)) for i, p in enumerate(points)], grid
    ).clicks
    request = Request(clicks=clicks, regions=regions)
    slices = Slices(image)
    said = SliceRequest(request, slices, grid)
    mask = rng.random(grid.shape) < 0.5
    together = np.zeros(grid.shape, np.bool_)
    for number in range(slices.count):
        together |= said.settled(number, mask[slices.part(number)]).full()
    assert (together == request.settled(mask, (0, 0, 0), grid).full()).all()


def test_boxes_that_do_not_meet_have_nothing_in_common() -> None:
    """Nor has a box with none."""
    one = np.array([[0.0, 0.0], [2.0, 2.0]])
    assert common(one, one + 3) is None
    assert common(one, None) is None
    assert common(one, one + 1) == pytest.approx(np.array([[1.0, 1.0], [2.0, 2.0]]))
