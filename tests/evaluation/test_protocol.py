"""Tests of vesal.evaluation.protocol, with a session that answers by rule."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.fakes import BrightModel
from tests.grids import UGLY
from tests.phantoms import ball_image, enlarged
from vesal.arrays import MaskArray
from vesal.errors import ConfigError
from vesal.evaluation.baselines import ball
from vesal.evaluation.metrics import dice
from vesal.evaluation.protocol import Round, click_rounds, dice_after
from vesal.geometry import Grid
from vesal.images import Image, Mask
from vesal.prompts import Click, Prompt
from vesal.session import Session

GRID = enlarged(UGLY["oblique permuted"])
Rule = Callable[[MaskArray, tuple[int, ...], bool], MaskArray]


class FakeSession(Session):
    """A session whose mask follows from the last one and the voxel clicked, by a rule."""

    def __init__(self, grid: Grid, rule: Rule) -> None:
        self.image = Image(array=np.zeros(grid.shape, np.float32), grid=grid)
        self.given: list[Click] = []
        self.rule = rule
        self.painted = np.zeros(grid.shape, np.bool_)

    @property
    def mask(self) -> Mask:
        """What the rule made of the clicks so far."""
        return Mask(array=self.painted, grid=self.image.grid)

    @property
    def stability(self) -> float | None:
        """No model was asked."""
        return None

    def add(self, *prompts: Prompt) -> Mask:
        """Take one click."""
        (click,) = prompts
        assert isinstance(click, Click)
        self.given.append(click)
        index = np.round(self.image.grid.to_index(np.array([click.point_mm])))[0]
        self.painted = self.rule(self.painted, tuple(int(i) for i in index), click.positive)
        return self.mask


def painted(radius_mm: float) -> Rule:
    """Each click paints or wipes a ball."""

    def rule(now: MaskArray, index: tuple[int, ...], positive: bool) -> MaskArray:
        brush = ball(GRID, index, radius_mm)
        return np.asarray(now | brush if positive else now & ~brush)

    return rule


@pytest.fixture
def target() -> MaskArray:
    """Two balls that overlap, well inside the image."""
    first = ball(GRID, tuple(n // 3 for n in GRID.shape), 5.0)
    return np.asarray(first | ball(GRID, tuple(n // 2 for n in GRID.shape), 6.0))


def test_each_click_is_deep_in_the_error_and_says_the_truth(target: MaskArray) -> None:
    """In world mm at the centre of a wrong voxel; Dice is of the mask after the click."""
    session = FakeSession(GRID, painted(3.0))
    rounds = click_rounds(session, target, 6)
    assert [r.click for r in rounds] == session.given
    now = np.zeros_like(target)
    for each in rounds:
        exact = GRID.to_index(np.array([each.click.point_mm]))[0]
        index = tuple(int(i) for i in np.round(exact))
        np.testing.assert_allclose(exact, index, atol=1e-6)
        assert target[index] == each.click.positive
        assert now[index] != each.click.positive
        now = session.rule(now, index, each.click.positive)
        assert each.dice == dice(now, target)
        assert each.elapsed_s >= 0
    assert rounds[-1].dice > rounds[0].dice


def test_too_much_is_clicked_away(target: MaskArray) -> None:
    """A session that takes everything gets a negative click next."""
    session = FakeSession(GRID, lambda now, index, positive: np.ones_like(now))
    assert [r.click.positive for r in click_rounds(session, target, 2)] == [True, False]


def test_a_user_stops_when_mask_and_target_are_equal(target: MaskArray) -> None:
    """Before the first click for an empty target, after it for a session that knows."""
    knowing = FakeSession(GRID, lambda now, index, positive: target)
    assert [r.dice for r in click_rounds(knowing, target, 5)] == [1.0]
    assert click_rounds(knowing, target, 5) == ()
    empty = FakeSession(GRID, painted(3.0))
    assert click_rounds(empty, np.zeros_like(target), 5) == ()
    assert empty.given == []


def test_no_more_rounds_than_asked_for(target: MaskArray) -> None:
    """However bad the mask still is."""
    assert len(click_rounds(FakeSession(GRID, painted(0.1)), target, 3)) == 3
    assert click_rounds(FakeSession(GRID, painted(0.1)), target, 0) == ()


def test_dice_after_some_clicks_is_that_of_the_last_click_made() -> None:
    """A user who is content earlier keeps what there is; without any click all was right."""
    rounds = tuple(
        Round(click=Click(point_mm=(0, 0, 0)), dice=value, elapsed_s=0.0, stability=None)
        for value in (0.2, 0.5, 1.0)
    )
    assert [dice_after(rounds, n) for n in (1, 2, 3, 4, 10)] == [0.2, 0.5, 1.0, 1.0, 1.0]
    assert dice_after((), 1) == 1.0


@pytest.mark.parametrize("clicks", [0, -1])
def test_dice_after_no_click_is_refused(clicks: int) -> None:
    """It is not that of the last click."""
    rounds = (Round(click=Click(point_mm=(0, 0, 0)), dice=0.2, elapsed_s=0.0, stability=None),)
    with pytest.raises(ConfigError, match=f"got {clicks}"):
        dice_after(rounds, clicks)


def test_a_real_session_goes_through_the_protocol() -> None:
    """A bright ball, a model that takes what is bright: one click is nearly enough."""
    grid = enlarged(UGLY["flipped"], 16)
    centre = grid.to_world(np.array([[n / 2 for n in grid.shape]]))[0]
    image = ball_image(grid, tuple(float(v) for v in centre), 8.0)
    target = image.array > 550
    rounds = click_rounds(Session(image, BrightModel()), target, 3)
    assert dice_after(rounds, 1) > 0.9
