"""Answers are a function of what was said: remembered for a while, found again after."""

import numpy as np
import pytest

from tests.fakes import BrightModel
from tests.session.small import GRID, PLACES, at, two_balls
from vesal.geometry import Patch
from vesal.inference.predictor import predictor_for
from vesal.labels import Segment
from vesal.progress import silent
from vesal.prompts import Click, MaskPrompt
from vesal.session.answers import Answers
from vesal.session.objects import Batch, Object, Objects, Outline

ONE: Batch = (Click(point_mm=at(*PLACES[0])),)
TWO: Batch = (Click(point_mm=at(*PLACES[1])),)
MASK = np.zeros(GRID.shape, np.bool_)
MASK[2:9, 3:9, 1:4] = True


@pytest.fixture
def model() -> BrightModel:
    """A model that takes what is bright, and counts what it is asked."""
    return BrightModel()


@pytest.fixture
def answers(model: BrightModel) -> Answers:
    """What it says to batches."""
    return Answers(predictor_for(two_balls(), model), GRID)


def test_what_was_answered_is_not_asked_again(answers: Answers, model: BrightModel) -> None:
    """Nor is what leads to it."""
    first = answers.of((ONE, TWO), silent)
    asked = len(model.prompts)
    assert answers.of((ONE, TWO), silent) is first
    answers.of((ONE,), silent)
    assert len(model.prompts) == asked


def test_what_was_forgotten_is_found_again_with_the_same_bits(
    answers: Answers, model: BrightModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By saying everything anew."""
    monkeypatch.setattr("vesal.session.answers._REMEMBERED", 1)
    first = answers.of((ONE, TWO), silent)
    answers.of((TWO,), silent)
    asked = len(model.prompts)
    again = answers.of((ONE, TWO), silent)
    assert len(model.prompts) > asked
    assert again.mask == first.mask


def test_nothing_said_is_an_empty_answer(answers: Answers, model: BrightModel) -> None:
    """No model is needed."""
    assert answers.of((), silent).mask.is_empty
    assert model.prompts == []


def test_a_mask_to_begin_with_replaces_the_last_answer(answers: Answers) -> None:
    """What was clicked before still holds."""
    given: Batch = (MaskPrompt(patch=Patch.of(MASK)),)
    answer = answers.of((TWO, given), silent)
    expected = MASK.copy()
    expected[PLACES[1]] = True
    assert np.array_equal(answer.mask.full(), expected)


def test_masks_of_another_model_are_taken_as_they_are(answers: Answers, model: BrightModel) -> None:
    """Until more is said: then they are the mask to improve."""
    segment = Segment(number=1, name="a", colour=(0, 0, 0))
    old = Object(segment=segment, batches=(ONE,), outline=Outline(patch=Patch.of(MASK)))
    answers.trust([Objects(every=(old,), current=1, last=1)])
    assert np.array_equal(answers.of((ONE,), silent).mask.full(), MASK)
    assert model.prompts == []
    answers.of((ONE, TWO), silent)
    assert model.prompts[0].previous is not None
    anew = answers.anew().of((ONE,), silent)
    assert not np.array_equal(anew.mask.full(), MASK)
