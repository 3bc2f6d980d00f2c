"""Actions as lines of a file."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.session.test_history import said, steps, walked
from vesal.errors import SessionError
from vesal.session.objects import beginning
from vesal.session.record import action_line, action_of


@given(steps)
def test_every_action_comes_back_from_its_line(walk: list[tuple[int, int]]) -> None:
    """Through JSON text, with all digits and all bits."""
    history = walked(walk)
    for action, before in zip(history.actions, history.moments, strict=False):
        line, masks = action_line(action, before)
        assert action_of(json.loads(json.dumps(line)), before, masks).on(before) == action.on(
            before
        )


def test_a_line_holds_only_what_is_new() -> None:
    """A hundred clicks make a hundred short lines."""
    objects = said(beginning(), 1, 3).on(beginning())
    line, _ = action_line(said(objects, 1, 4), objects)
    assert len(line["prompts"]) == 1


@pytest.mark.parametrize(
    "line",
    [
        {},
        {"do": "dance"},
        {"do": "say"},
        {"do": "say", "number": 9, "prompts": []},
        {"do": "say", "number": 1, "prompts": [{"point": "here"}]},
        {"do": "say", "number": 1, "without": 4},
        {"do": "begin", "number": 0, "name": "x", "colour": [1, 2, 3]},
        {"do": "begin", "number": 2, "name": "", "colour": [1, 2, 3]},
        {"do": "describe", "number": 1, "colour": [1, 2]},
        {"do": "delete", "number": "1"},
    ],
)
def test_a_line_that_no_vesal_wrote_is_refused(line: dict[str, Any]) -> None:
    """In one sentence, whatever is wrong with it."""
    with pytest.raises(SessionError, match="damaged") as refused:
        action_of(line, beginning(), {})
    assert "\n" not in str(refused.value)


def test_a_mask_that_is_missing_or_changed_is_noticed() -> None:
    """Its name is its hash."""
    line, masks = action_line(said(beginning(), 1, 3), beginning())
    with pytest.raises(SessionError, match="is missing or damaged"):
        action_of(line, beginning(), {})
    changed = {name: data.replace(b"1", b"2", 1) for name, data in masks.items()}
    with pytest.raises(SessionError, match="is missing or damaged"):
        action_of(line, beginning(), changed)


@given(st.binary(max_size=40))
def test_no_mask_file_makes_another_error(data: bytes) -> None:
    """Whatever bytes are found under the right name."""
    import hashlib

    name = hashlib.sha256(data).hexdigest()[:32]
    line = {"do": "say", "number": 1, "prompts": [{"point": [1, 2]}], "mask": name}
    with pytest.raises(SessionError):
        action_of(
            {**line, "score": None, "stability": None, "notes": []}, beginning(), {name: data}
        )
