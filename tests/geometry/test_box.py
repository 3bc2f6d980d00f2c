"""Tests of vesal.geometry.box."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.grids import ugly_grids
from vesal.errors import GeometryError
from vesal.geometry import AxisBox, Frame, Grid


@st.composite
def boxes(draw: st.DrawFn) -> AxisBox:
    """Draw a 3D box in the index frame."""
    low = draw(st.tuples(*[st.floats(-20, 20)] * 3))
    extent = draw(st.tuples(*[st.floats(0, 30)] * 3))
    high = tuple(a + n for a, n in zip(low, extent, strict=True))
    return AxisBox(frame=Frame.INDEX, low=low, high=high)


@given(box=boxes(), grid=ugly_grids(), share=st.tuples(*[st.floats(0, 1)] * 3))
def test_a_mapped_box_holds_every_point_of_the_box(
    box: AxisBox, grid: Grid, share: tuple[float, ...]
) -> None:
    """Under rotation and shear too, because all corners are mapped."""
    inside = np.array(box.low) + np.array(share) * np.array(box.extent)
    moved = grid.to_world(inside[np.newaxis])[0]
    world = box.mapped(grid.affine, Frame.WORLD)
    assert world.frame is Frame.WORLD
    assert (moved >= np.array(world.low) - 1e-6).all()
    assert (moved <= np.array(world.high) + 1e-6).all()


@given(first=boxes(), second=boxes())
def test_union_holds_both_and_clip_lies_in_both(first: AxisBox, second: AxisBox) -> None:
    """The union grows to hold both, the clip shrinks to what both hold."""
    union, clip = first.union(second), first.clip(second)
    assert first.clip(union) == first
    assert second.clip(union) == second
    if clip is not None:
        assert clip.clip(first) == clip.clip(second) == clip


def test_boxes_apart_have_no_clip() -> None:
    """Boxes that do not meet share nothing, boxes that touch share a face."""
    box = AxisBox(frame=Frame.WORLD, low=(0.0, 0.0), high=(1.0, 2.0))
    apart = AxisBox(frame=Frame.WORLD, low=(1.5, 0.0), high=(3.0, 2.0))
    touching = AxisBox(frame=Frame.WORLD, low=(1.0, 0.0), high=(3.0, 2.0))
    assert box.clip(apart) is None
    assert box.clip(touching) == AxisBox(frame=Frame.WORLD, low=(1.0, 0.0), high=(1.0, 2.0))


def test_growing_moves_both_faces_and_keeps_the_centre() -> None:
    """A margin counts on both sides; a negative one shrinks."""
    box = AxisBox(frame=Frame.INDEX, low=(0.0, -2.0, 5.0), high=(4.0, 2.0, 6.0))
    grown = box.grow((1.0, 0.5, -0.25))
    assert grown.low == (-1.0, -2.5, 5.25)
    assert grown.high == (5.0, 2.5, 5.75)
    assert grown.centre == box.centre == (2.0, 0.0, 5.5)
    assert grown.extent == (6.0, 5.0, 0.5)
    assert box.ndim == 3


def test_a_box_has_two_to_the_ndim_corners() -> None:
    """All of them, each once."""
    box = AxisBox(frame=Frame.INDEX, low=(0.0, 1.0, 2.0), high=(3.0, 4.0, 5.0))
    assert box.corners().shape == (8, 3)
    assert len({tuple(corner) for corner in box.corners()}) == 8


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        ((0.0, 0.0), (1.0, 1.0, 1.0), "two corners"),
        ((0.0,), (1.0,), "2 or 3"),
        ((0.0, math.nan), (1.0, 1.0), "finite"),
        ((0.0, 0.0), (1.0, math.inf), "finite"),
        ((0.0, 2.0), (1.0, 1.0), "low <= high"),
    ],
)
def test_a_box_needs_two_finite_ordered_corners(
    low: tuple[float, ...], high: tuple[float, ...], words: str
) -> None:
    """Anything else is refused with both corners in the message."""
    with pytest.raises(GeometryError, match=words):
        AxisBox(frame=Frame.INDEX, low=low, high=high)


def test_boxes_of_different_frames_do_not_mix() -> None:
    """An index box and a world box have no union."""
    index = AxisBox(frame=Frame.INDEX, low=(0.0, 0.0), high=(1.0, 1.0))
    world = AxisBox(frame=Frame.WORLD, low=(0.0, 0.0), high=(1.0, 1.0))
    with pytest.raises(GeometryError, match="share frame"):
        index.union(world)
    with pytest.raises(GeometryError, match="share frame"):
        index.clip(world)
