"""Tests of vesal.prompts.prompt."""

import dataclasses
import math
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vesal.errors import PromptError
from vesal.prompts import Box, Click, Point

finite = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**6), 10**6)
points = st.lists(finite, min_size=2, max_size=3).map(tuple)


@settings(deadline=None)
@given(point=points, positive=st.booleans())
def test_a_click_keeps_its_point_as_floats(point: Point, positive: bool) -> None:
    """Whole numbers may be given; the same click is equal and has the same hash."""
    click = Click(point_mm=point, positive=positive)
    assert click.point_mm == tuple(float(v) for v in point)
    assert all(type(v) is float for v in click.point_mm)
    again = Click(point_mm=click.point_mm, positive=positive)
    assert again == click
    assert hash(again) == hash(click)


def test_a_click_is_positive_if_nothing_is_said() -> None:
    """And cannot be changed, only replaced."""
    click = Click(point_mm=(1, 2))
    assert click.positive
    with pytest.raises(dataclasses.FrozenInstanceError):
        click.positive = False  # type: ignore[misc]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 10**400])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_what_is_not_a_finite_number_is_no_coordinate(bad: float, axis: int) -> None:
    """On any axis, in clicks and in both corners of boxes; the message shows what was given."""
    point = tuple(bad if a == axis else 1.0 for a in range(3))
    with pytest.raises(PromptError, match="a click needs two or three"):
        Click(point_mm=point)
    for low, high in ((point, (9, 9, 9)), ((0, 0, 0), point)):
        with pytest.raises(PromptError, match="a box corner needs two or three"):
            Box(low_mm=low, high_mm=high)


@pytest.mark.parametrize("point", [(), (1.0,), (1.0, 2.0, 3.0, 4.0)], ids=len)
def test_a_point_has_two_or_three_coordinates(point: Point) -> None:
    """As many as the image has axes."""
    with pytest.raises(PromptError, match="two or three finite numbers in mm, got"):
        Click(point_mm=point)


def test_what_is_no_point_at_all_is_refused_in_the_same_words() -> None:
    """Also a text, whose letters might pass for coordinates; without the tests' type checks."""
    code = """
from vesal.errors import PromptError
from vesal.prompts import Click
texts = "12", "123", b"12", ("a", "b")
for given in (*texts, None, 7, ((1, 2), (3, 4)), {1, 2}, [[1, 2], [3]], (1j, 2)):
    try:
        click = Click(point_mm=given)
    except PromptError as error:
        assert "a click needs two or three" in str(error), error
    else:
        raise SystemExit(f"{given!r} was taken for {click}")
assert Click(point_mm=[1, 2, 3]).point_mm == (1.0, 2.0, 3.0)
"""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@settings(deadline=None)
@given(data=st.data())
def test_a_box_needs_extent_on_every_axis_but_one_of_three(data: st.DataObject) -> None:
    """Low below high, or equal on one axis of three: a box on a slice; else it is refused."""
    ndim = data.draw(st.sampled_from([2, 3]))
    corner = st.tuples(*[st.integers(-3, 3)] * ndim)
    low, high = data.draw(corner), data.draw(corner)
    extents = [b - a for a, b in zip(low, high, strict=True)]
    if min(extents) >= 0 and sum(e > 0 for e in extents) >= 2:
        box = Box(low_mm=low, high_mm=high)
        assert (box.low_mm, box.high_mm) == (low, high)
    else:
        with pytest.raises(PromptError, match="low < high on every axis"):
            Box(low_mm=low, high_mm=high)


def test_the_corners_of_a_box_have_the_same_axes() -> None:
    """Two or three, not both."""
    with pytest.raises(PromptError, match="same axes"):
        Box(low_mm=(0, 0), high_mm=(1, 1, 1))
