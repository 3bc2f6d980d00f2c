"""What was said, in words that every predictor knows, and answers that keep to it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.grids import ugly_grids
from vesal.geometry import Grid, Patch
from vesal.inference.request import Request, request_of
from vesal.prompts import Box, Click, Lasso, MaskPrompt, Prompt, Scribble

GRID = Grid(shape=(12, 11, 10), affine=np.diag([1.0, 2.0, 3.0, 1.0]))


def at(*voxel: int, grid: Grid = GRID) -> tuple[float, ...]:
    """World position of a voxel."""
    return tuple(grid.to_world(np.array([voxel], np.float64))[0].tolist())


SAID: list[Prompt] = [
    Click(point_mm=at(5, 5, 5)),
    Scribble(points_mm=(at(1, 1, 1), at(8, 1, 1)), positive=False),
    Lasso(outline_mm=(at(2, 2, 5), at(9, 2, 5), at(9, 9, 5), at(2, 9, 5))),
    Scribble(points_mm=(at(4, 4, 4), at(7, 4, 4))),
    Box.of_voxels(GRID, (1, 1, 1), (10, 9, 8)),
    Box.of_voxels(GRID, (0, 0, 0), (3, 3, 3), positive=False),
    Click(point_mm=at(9, 9, 9), positive=False),
]


def test_the_request_of_more_prompts_begins_with_that_of_fewer() -> None:
    """So that a model can go on from its last answer."""
    for count in range(len(SAID)):
        earlier, later = request_of(SAID[:count], GRID), request_of(SAID, GRID)
        assert later.clicks.begins_with(earlier.clicks)


def test_what_was_translated_is_noted_once() -> None:
    """Two scribbles, one note."""
    notes = request_of(SAID, GRID).notes
    assert [note.split(":")[0] for note in notes] == ["scribble", "lasso", "what to stay out of"]


@st.composite
def prompts_on(draw: st.DrawFn, grid: Grid) -> list[Prompt]:
    """Clicks, drawings, boxes and regions on a grid."""
    voxel = st.tuples(*[st.integers(0, n - 1) for n in grid.shape])
    said: list[Prompt] = []
    for kind in draw(st.lists(st.integers(0, 3), max_size=4)):
        positive = draw(st.booleans())
        one, other = draw(voxel), draw(voxel)
        low, high = tuple(map(min, one, other)), tuple(map(max, one, other))
        if kind == 0:
            said.append(Click(point_mm=at(*one, grid=grid), positive=positive))
        elif kind == 1:
            points = (at(*one, grid=grid), at(*other, grid=grid))
            said.append(Scribble(points_mm=points, positive=positive))
        elif kind == 2:
            said.append(Box.of_voxels(grid, low, high, positive=positive))
        else:
            mask = np.zeros(grid.shape, np.bool_)
            mask[tuple(slice(a, b + 1) for a, b in zip(low, high, strict=True))] = True
            said.append(MaskPrompt(patch=Patch.of(mask), positive=False))
    return said


@given(grid=ugly_grids(longest=7), data=st.data())
@settings(deadline=None)
def test_an_answer_is_settled_the_same_on_a_part_as_on_the_whole(
    grid: Grid, data: st.DataObject
) -> None:
    """What was not looked at is empty; all that was said holds in either case."""
    request = request_of(data.draw(prompts_on(grid)), grid)
    part = []
    for n in grid.shape:
        start = data.draw(st.integers(0, n - 1))
        part.append(slice(start, data.draw(st.integers(start + 1, n))))
    whole = np.zeros(grid.shape, np.bool_)
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    whole[tuple(part)] = rng.random(whole[tuple(part)].shape) < 0.5
    joined = data.draw(st.booleans())
    corner = [s.start for s in part]
    one = request.settled(whole[tuple(part)], corner, grid, joined=joined)
    other = request.settled(whole, (0, 0, 0), grid, joined=joined)
    assert one == other
    own = request.clicks.only(request.clicks.own)
    for voxel, positive in dict(own.voxels(grid)).items():
        assert (voxel in one) == positive


def settled(*prompts: Prompt) -> np.ndarray:
    """A full answer made to keep to prompts."""
    request = request_of(prompts, GRID)
    return request.settled(np.ones(GRID.shape, np.bool_), (0, 0, 0), GRID).full()


def test_nothing_found_in_a_box_is_an_empty_mask() -> None:
    """Also where no click says that anything must be in it."""
    request = request_of([Box.of_voxels(GRID, (1, 1, 1), (10, 9, 8))], GRID)
    nothing = Patch.empty(GRID.shape)
    assert request.settled(nothing.array(), nothing.start, GRID, joined=True) == nothing


def test_a_box_on_a_slice_limits_that_slice_and_no_other() -> None:
    """Also where only that part is looked at."""
    flat = Box.of_voxels(GRID, (2, 2, 4), (5, 6, 4))
    mask = settled(flat)
    assert mask[:, :, 4].sum() == 4 * 5
    assert mask[:, :, 3].all()
    request = request_of([flat], GRID)
    thin = np.ones((12, 11, 1), np.bool_)
    assert request.settled(thin, (0, 0, 5), GRID).count == 12 * 11
    assert request.settled(thin, (0, 0, 4), GRID).count == 4 * 5


def test_the_later_drawing_counts_where_two_meet() -> None:
    """As with a pen and a rubber."""
    line = (at(1, 1, 1), at(9, 1, 1))
    rubbed = settled(Scribble(points_mm=line), Scribble(points_mm=line, positive=False))
    drawn = settled(Scribble(points_mm=line, positive=False), Scribble(points_mm=line))
    assert not rubbed[1:10, 1, 1].any()
    assert drawn[1:10, 1, 1].all()


def test_a_drawn_voxel_keeps_its_piece() -> None:
    """With `joined`, pieces of which nothing was said are left out."""
    mask = np.zeros(GRID.shape, np.bool_)
    mask[1:3, 1:3, 1:3] = mask[6:9, 6:9, 6:9] = True
    request = request_of([Scribble(points_mm=(at(7, 7, 7),))], GRID)
    kept = Request(clicks=request.clicks.only(slice(0)), regions=request.regions)
    assert kept.settled(mask, (0, 0, 0), GRID, joined=True).count == 27
    assert kept.settled(mask, (0, 0, 0), GRID).count == 27 + 8


@pytest.mark.parametrize("positive", [True, False])
def test_a_lasso_limits_its_plane(positive: bool) -> None:
    """A positive one from outside, a negative one from inside."""
    outline = (at(2, 2, 5), at(9, 2, 5), at(9, 9, 5), at(2, 9, 5))
    mask = settled(Lasso(outline_mm=outline, positive=positive))
    assert mask[5, 4, 5] == positive
    assert mask[0, 0, 5] != positive
    assert mask[:, :, 4].all()
