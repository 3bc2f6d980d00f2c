"""A slice is asked again only where the model would be told something else."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.fakes import bright_segmenter
from tests.inference.balls import BALL, CENTRE, ONE, looking, said
from vesal.geometry import Patch
from vesal.inference.answer import Answer
from vesal.inference.request import Region, Request
from vesal.inference.slice_look import Question, look_at
from vesal.inference.slice_reader import SliceReader

QUESTION = Question(
    points=np.array([[3.0, 4.0]]),
    positive=np.array([True]),
    corners=np.array([[1.0, 1.0], [5.0, 6.0]]),
    previous=np.ones((4, 4), np.float32),
)


@pytest.mark.parametrize(
    "other",
    [
        {"points": np.array([[3.0, 4.5]])},
        {"points": np.zeros((0, 2)), "positive": np.zeros(0, np.bool_)},
        {"positive": np.array([False])},
        {"corners": None},
        {"corners": np.array([[1.0, 1.0], [5.0, 7.0]])},
        {"previous": None},
        {"previous": np.zeros((4, 4), np.float32)},
    ],
)
def test_questions_that_differ_in_anything_are_others(other: dict[str, np.ndarray | None]) -> None:
    """Equal ones are the same, whichever arrays hold them."""
    changed = replace(QUESTION, **other)  # type: ignore[arg-type]
    assert not changed.same_as(QUESTION)
    assert not QUESTION.same_as(changed)
    assert changed.same_as(changed)
    copied = replace(QUESTION, corners=QUESTION.corners.copy())  # type: ignore[union-attr]
    assert copied.same_as(QUESTION)


@pytest.mark.parametrize("family", ["sam", "sam-med2d", "medsam", "sam-unet"])
def test_the_same_said_again_asks_nothing(family: str) -> None:
    """Whatever else the answer is made to keep to: a region that is forbidden later, too."""
    model = bright_segmenter(family)
    predictor = looking(model)
    first = predictor.predict(Request(clicks=ONE))
    asked = len(model.prompts)
    again = predictor.predict(Request(clicks=ONE), previous=first)
    assert len(model.prompts) == asked
    assert again.mask == first.mask
    # What lies on the last slice alone changes the mask, but not what the others are told.
    out = np.zeros(BALL.grid.shape, np.bool_)
    out[18:22, 17, 13] = True
    region = Region(patch=Patch.of(out), inside=False)
    less = predictor.predict(Request(clicks=ONE, regions=(region,)), previous=again)
    assert len(model.prompts) <= asked + 1
    assert (less.mask.full() == (first.mask.full() & ~out)).all()


def test_a_click_asks_its_side_of_the_object_alone() -> None:
    """The bright model says the same to anything, so that nothing else changes on the way."""
    model = bright_segmenter("sam")
    predictor = looking(model)
    two = said((CENTRE, True), ((-20.0, 18.0, 36.0), True))
    first = predictor.predict(Request(clicks=ONE))
    second = predictor.predict(Request(clicks=two), previous=first)
    asked = len(model.prompts)
    three = said((CENTRE, True), ((-20.0, 18.0, 36.0), True), ((-21.0, 18.0, 36.0), True))
    third = predictor.predict(Request(clicks=three), previous=second)
    assert len(model.prompts) == asked + 1  # its neighbours are told the same box and logits
    assert third.mask == second.mask


def without_others(answer: Answer, numbers: set[int]) -> Answer:
    """An answer that remembers some slices alone.

    On those that the user prompted the model goes on from what was found: that stays.
    """
    memory: Any = answer.memory
    looks = {n: look for n, look in memory.looks.items() if n in numbers}
    return replace(answer, memory=replace(memory, looks=looks))


@pytest.mark.parametrize("family", ["sam", "medsam"])
def test_what_is_remembered_is_what_would_be_said(family: str) -> None:
    """An answer made from a memory is the one that is made without, bit for bit."""
    steps = (
        ONE,
        said((CENTRE, True), ((-20.0, 18.0, 24.0), False)),
        said((CENTRE, True), ((-20.0, 18.0, 24.0), False), ((-24.0, 18.0, 36.0), True)),
    )
    kept, bare = looking(bright_segmenter(family)), looking(bright_segmenter(family))
    last = other = None
    for clicks in steps:
        last = kept.predict(Request(clicks=clicks), previous=last)
        if other is not None:
            other = without_others(other, {int(n) for n in np.round(clicks.points_mm[:, 2] / 3)})
        other = bare.predict(Request(clicks=clicks), previous=other)
        assert last.mask == other.mask


def test_a_look_knows_where_its_slice_lies() -> None:
    """The mask on the image's grid, the evidence on its own, both in the same place."""
    model = bright_segmenter("sam")
    reader = SliceReader(BALL, model, model.config)
    alone = Question(
        points=np.array([[17.0, 20.0]]), positive=np.array([True]), corners=None, previous=None
    )
    look = look_at(reader, 8, alone)
    assert look.raw.start[2] == 8
    assert look.raw.shape[2] == 1
    index = np.argwhere(look.evidence.logits > 0).astype(np.float64)
    world = look.evidence.grid.to_world(index)
    held = np.argwhere(look.raw.full()).astype(np.float64)
    assert sorted(map(tuple, world)) == sorted(map(tuple, BALL.grid.to_world(held)))
