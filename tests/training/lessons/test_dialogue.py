"""Tests of vesal.training.lessons.dialogue: what fits together, and what stays idle."""

from typing import Any

import pytest

from vesal.errors import ConfigError
from vesal.training.lessons.dialogue import Dialogue
from vesal.training.lessons.losses import sam


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"answers": 0}, "1 answer or more"),
        ({"clicks": ()}, "corrections of 1 click or more"),
        ({"clicks": (1, 0)}, "corrections of 1 click or more"),
        ({"point_share": 1.5}, "point_share of a lesson must be 0 to 1"),
        ({"answers": 3, "quiet": (2, 4)}, "do not fit into 3 answers"),
        ({"answers": 3, "quiet": (0, 2)}, "do not fit"),
        ({"answers": 3, "quiet": (1, 2), "previous": "none"}, "need the previous mask"),
        ({"apart": True, "keeps": True}, "keep no clicks"),
        ({"apart": True, "detached": False}, "keep no clicks and no gradient"),
    ],
)
def test_what_does_not_fit_together_is_an_error(changes: dict[str, Any], message: str) -> None:
    """One sentence each."""
    with pytest.raises(ConfigError, match=message):
        Dialogue(loss=sam, **changes)


@pytest.mark.parametrize(
    ("changes", "idle"),
    [
        ({}, {"clicks", "padding", "mask prompts", "scores", "other masks"}),
        ({"point_share": 1.0}, {"corners", "mask prompts", "scores", "other masks"}),
        ({"point_share": 0.5, "scored": True, "reading": "best"}, {"mask prompts", "first mask"}),
        (
            {"point_share": 1.0, "reading": "best alone"},
            {"corners", "mask prompts", "scores", "first mask"},
        ),
        ({"answers": 2, "keeps": True}, {"padding", "scores", "other masks"}),
        ({"answers": 2, "previous": "none"}, {"mask prompts", "scores", "other masks"}),
        ({"empty_mask": True}, {"clicks", "padding", "no mask", "scores", "other masks"}),
    ],
)
def test_what_is_never_shown_is_idle(changes: dict[str, Any], idle: set[str]) -> None:
    """Of the parts that not every lesson uses; the lessons' own tests see the gradients."""
    assert set(Dialogue(loss=sam, **changes).idle) == idle
