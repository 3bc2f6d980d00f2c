"""What clicks demand of a mask whatever the model says."""

import numpy as np
import pytest

from tests.grids import UGLY
from vesal.inference.clicks import Clicks
from vesal.prompts import Box

GRID = UGLY["oblique permuted"]


def clicks(*voxels: tuple[tuple[float, ...], bool]) -> Clicks:
    """Clicks at voxels of the grid."""
    index = np.array([voxel for voxel, _ in voxels], np.float64)
    positive = np.array([side for _, side in voxels])
    return Clicks(points_mm=GRID.to_world(index), positive=positive)


def test_a_click_belongs_to_the_voxel_it_lies_in() -> None:
    """Also near a voxel's face, also in the half voxel beyond the last centre."""
    said = clicks(((1.4, 2.0, 3.0), True), ((-0.45, 6.45, 8.45), False), ((-0.6, 0.0, 0.0), True))
    assert said.voxels(GRID) == [((1, 2, 3), True), ((0, 6, 8), False)]


@pytest.mark.parametrize(("logit", "positive"), [(-9.0, True), (9.0, False)])
def test_a_clicked_voxel_changes_sides_and_only_that(logit: float, positive: bool) -> None:
    """The user is right, here and nowhere else."""
    logits = np.full(GRID.shape, logit, np.float32)
    obeyed = clicks(((1, 2, 3), positive)).obeyed(logits, GRID)
    assert (obeyed[1, 2, 3] > 0) == positive
    assert int((obeyed != logits).sum()) == 1
    assert (logits == logit).all()


def test_a_model_that_agrees_is_left_alone() -> None:
    """A sure voxel does not become less sure."""
    logits = np.full(GRID.shape, 9.0, np.float32)
    assert np.array_equal(clicks(((1, 2, 3), True)).obeyed(logits, GRID), logits)


def test_only_pieces_with_a_positive_click_stay() -> None:
    """Three pieces, two clicked; without a positive click all stay."""
    mask = np.zeros(GRID.shape, np.bool_)
    mask[0, 0, 0] = mask[3, 3, 3] = mask[7, 6, 8] = True
    kept = clicks(((0, 0, 0), True), ((7, 6, 8), True), ((5, 5, 5), False)).joined(mask, GRID)
    assert np.argwhere(kept).tolist() == [[0, 0, 0], [7, 6, 8]]
    assert np.array_equal(clicks(((5, 5, 5), False)).joined(mask, GRID), mask)


def test_a_box_gets_a_click_in_its_middle_where_no_click_is_inside() -> None:
    """For models that know no boxes; negative clicks stay, a positive one is enough."""
    box = Box(low_mm=(0.0, -80.0, 10.0), high_mm=(4.0, -70.0, 20.0))
    started = clicks(((5, 5, 5), False)).started(box)
    assert started.positive.tolist() == [True, False]
    assert started.points_mm[0].tolist() == [2.0, -75.0, 15.0]
    for said, given in ((clicks(((1, 2, 3), True)), box), (clicks(((5, 5, 5), False)), None)):
        assert said.started(given) is said


def test_clicks_begin_with_those_said_before() -> None:
    """Places and sides; fewer or other ones are another story."""
    one, two = ((1.0, 2.0, 3.0), True), ((4.0, 4.0, 4.0), False)
    both = clicks(one, two)
    assert both.begins_with(both.only(slice(1)))
    assert both.begins_with(both)
    assert not both.only(slice(1)).begins_with(both)
    assert not both.begins_with(clicks(two))
    assert not both.begins_with(clicks(((1.0, 2.0, 3.0), False)))


def test_some_clicks_are_chosen_by_flags() -> None:
    """Place and side go together."""
    chosen = clicks(((1, 2, 3), True), ((4, 4, 4), False)).only(np.array([False, True]))
    assert chosen.positive.tolist() == [False]
    assert GRID.to_index(chosen.points_mm)[0] == pytest.approx([4, 4, 4])


def test_a_window_shows_the_clicks_that_lie_in_it() -> None:
    """And no others."""
    said = clicks(((1, 2, 3), True), ((0, 0, 0), False))
    window = GRID.crop([1, 1, 1], [3, 4, 5])
    assert said.in_sight(window).voxels(GRID) == [((1, 2, 3), True)]
    assert not len(Clicks.none(3).in_sight(window).positive)
