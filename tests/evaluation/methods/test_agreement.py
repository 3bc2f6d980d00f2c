"""Tests of vesal.evaluation.methods.agreement, and that models and baselines keep to it."""

import numpy as np
import pytest

from tests.fakes import BrightModel
from tests.grids import UGLY
from tests.phantoms import ball_image, enlarged
from vesal.evaluation.methods.agreement import agreeing
from vesal.evaluation.methods.choose import BASELINES
from vesal.evaluation.methods.own import OwnMethod
from vesal.inference.boxes import boxed
from vesal.prompts import Box, Click
from vesal.prompts.place import box_on, click_on
from vesal.session.check import check_prompts

GRID = enlarged(UGLY["oblique permuted"], 14)
MIDDLE = tuple(n // 2 for n in GRID.shape)
LOW, HIGH = tuple(m - 2 for m in MIDDLE), tuple(m + 3 for m in MIDDLE)
OUTSIDE = (MIDDLE[0] + 5, MIDDLE[1], MIDDLE[2] - 1)


def test_what_agrees_is_left_as_it_was() -> None:
    """A click in the box, a negative one outside of it."""
    box = box_on(GRID, (LOW, HIGH))
    inside, away = click_on(GRID, MIDDLE, positive=True), click_on(GRID, OUTSIDE, positive=False)
    assert agreeing(((box,),), (inside,)) == ((box,), (inside,))
    assert agreeing(((box,), (inside,)), (away,)) == ((box,), (inside,), (away,))


def test_a_box_is_widened_to_hold_a_later_click() -> None:
    """Along its own axes, no further than the click; a session takes both then."""
    box, click = box_on(GRID, (LOW, HIGH)), click_on(GRID, OUTSIDE, positive=True)
    (wider,), last = agreeing(((box,),), (click,))
    assert last == (click,)
    assert isinstance(wider, Box)
    check_prompts([wider, click], GRID)
    held, before = boxed(GRID, wider), boxed(GRID, box)
    assert OUTSIDE in held
    assert held.union(before) == held
    assert held.shape == (OUTSIDE[0] - LOW[0] + 1, before.shape[1], before.shape[2])


def test_a_box_on_a_slice_stays_there() -> None:
    """It says nothing of other slices."""
    flat = Box(low_mm=(0.0, 0.0, 5.0), high_mm=(4.0, 4.0, 5.0))
    click = Click(point_mm=(2.0, 6.0, 9.0))
    ((wider,), _) = agreeing(((flat,),), (click,))
    assert wider == Box(low_mm=(0.0, 0.0, 5.0), high_mm=(4.0, 6.0, 5.0))


def test_a_click_the_other_way_takes_the_older_one_back() -> None:
    """And a batch of which nothing is left."""
    first, other = (click_on(GRID, v, positive=True) for v in (MIDDLE, LOW))
    against = click_on(GRID, MIDDLE, positive=False)
    assert agreeing(((first,), (other,)), (against,)) == ((other,), (against,))
    assert agreeing(((first, other),), (against,)) == ((other,), (against,))


@pytest.mark.parametrize("kind", ["own", *BASELINES])
def test_every_method_understands_a_user_who_changes_his_mind(kind: str) -> None:
    """A box that is too small, a click beyond it, and a slip that is taken back."""
    centre = GRID.to_world(np.array([MIDDLE], np.float64))[0]
    image = ball_image(GRID, tuple(centre.tolist()), 9.0, noise=5.0)
    method = OwnMethod(BrightModel()) if kind == "own" else BASELINES[kind](kind)
    trial = method.begin(image)
    trial.add([box_on(GRID, (LOW, HIGH))])
    assert trial.add([click_on(GRID, OUTSIDE, positive=True)])[OUTSIDE]
    assert not trial.add([click_on(GRID, OUTSIDE, positive=False)])[OUTSIDE]
