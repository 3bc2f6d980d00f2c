"""Undo and redo, for any order of actions."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vesal.errors import SessionError
from vesal.geometry import Patch
from vesal.labels import Segment
from vesal.prompts import Click
from vesal.session.action import Action, Begin, Delete, Describe, Rule, Say
from vesal.session.history import History
from vesal.session.objects import OVERLAPS, Objects, Outline, beginning


def said(objects: Objects, number: int, voxel: int) -> Say:
    """A click more on an object, and a mask that depends on it."""
    mask = np.zeros((4, 5), np.bool_)
    mask.flat[voxel] = True
    click = Click(point_mm=(float(voxel), 0.5))
    batches = (*objects.of(number).batches, (click,))
    outline = Outline(patch=Patch.of(mask), score=voxel / 20, notes=("said",))
    return Say(number=number, batches=batches, outline=outline)


def any_action(objects: Objects, choice: int, value: int) -> Action:
    """Some action that the objects allow."""
    numbers = [one.number for one in objects.every]
    name = f"name {objects.last + 1} {value}"
    if not numbers or choice == 0:
        colour = (value, 0, 255)
        return Begin(segment=Segment(number=objects.last + 1, name=name, colour=colour))
    number = numbers[value % len(numbers)]
    one = objects.of(number)
    if choice == 5 and one.prompts:
        rest = one.without(value % len(one.prompts))
        return Say(number=number, batches=rest, outline=one.outline if rest else None)
    accepted = choice == 4 and one.outline is not None and not one.accepted
    by_choice: dict[int, Action] = {
        1: said(objects, number, value),
        2: Describe(number=number, name=f"{name} anew", colour=(1, value, 3)),
        3: Describe(number=number, locked=bool(value % 2)),
        4: Describe(number=number, accepted=accepted),
        6: Delete(number=number),
    }
    return by_choice.get(choice, Rule(overlap=OVERLAPS[value % 3]))


def walked(steps: Sequence[tuple[int, int]]) -> History:
    """The history after some steps; choice 7 undoes and 8 redoes where that can be done."""
    history = History(moments=(beginning(),))
    for choice, value in steps:
        if choice == 7:
            history = history.undone() if history.position else history
        elif choice == 8:
            more = history.position < len(history.actions)
            history = history.redone() if more else history
        else:
            history = history.done(any_action(history.now, choice, value))
    return history


steps = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 19)), max_size=25)
"""Choices of actions, undo and redo among them."""


@given(steps)
def test_undo_and_redo_lead_through_the_same_moments(walk: list[tuple[int, int]]) -> None:
    """All the way back, all the way on, whatever was done."""
    history = walked(walk)
    back = history
    while back.position:
        back = back.undone()
        assert back.now == history.moments[back.position]
    assert back.now == beginning()
    while back.position < len(history.actions):
        back = back.redone()
    assert back.now == history.moments[-1]


@given(steps)
def test_a_new_action_forgets_what_was_undone(walk: list[tuple[int, int]]) -> None:
    """There is one line of history and no branch."""
    history = walked(walk)
    after = history.done(Rule(overlap="later"))
    assert len(after.actions) == after.position == history.position + 1
    with pytest.raises(SessionError, match="nothing to redo"):
        after.redone()


def test_there_is_nothing_to_undo_at_the_beginning() -> None:
    """One sentence."""
    with pytest.raises(SessionError, match="nothing to undo"):
        History(moments=(beginning(),)).undone()


def test_an_action_that_is_refused_changes_nothing() -> None:
    """An object without a mask cannot be accepted."""
    history = History(moments=(beginning(),))
    with pytest.raises(SessionError, match="has no mask yet"):
        history.done(Describe(number=1, accepted=True))
    assert history.now == beginning()


def test_after_the_current_object_is_deleted_the_one_before_it_is_current() -> None:
    """Or the first that is left, or none."""
    history = walked([(0, 1), (0, 2)])  # objects 1, 2, 3
    history = history.looking_at(2).done(Delete(number=2))
    assert history.now.current == 1
    history = history.done(Delete(number=1))
    assert history.now.current == 3
    history = history.done(Delete(number=3))
    assert history.now.current == 0


def test_looking_at_another_object_is_no_step() -> None:
    """Nothing to undo."""
    history = walked([(0, 1)])
    assert history.looking_at(1).position == history.position
    assert history.looking_at(1).now.current == 1


def test_a_number_is_never_used_twice() -> None:
    """A deleted object's number stays its own."""
    history = walked([(0, 1)]).done(Delete(number=2))
    assert history.now.last == 2
