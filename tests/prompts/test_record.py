"""Prompts as JSON, and what is no prompt."""

import base64
import json
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vesal.errors import PromptError
from vesal.geometry import Patch
from vesal.prompts import Box, Click, Lasso, MaskPrompt, Prompt, Scribble
from vesal.prompts.record import from_record, patch_from_record, patch_record, to_record

number = st.floats(-1e6, 1e6, allow_nan=False)
point = st.tuples(number, number, number)


@st.composite
def prompts(draw: st.DrawFn) -> Prompt:
    """Any prompt in a volume."""
    positive = draw(st.booleans())
    kind = draw(st.integers(0, 4))
    if kind == 0:
        return Click(point_mm=draw(point), positive=positive)
    if kind == 1:
        low = draw(point)
        high = tuple(v + draw(st.floats(0.1, 100)) for v in low)
        axes = draw(st.sampled_from([(), ((0.0, 1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, -1.0))]))
        return Box(low_mm=low, high_mm=high, positive=positive, axes=axes)
    if kind == 2:
        points = tuple(draw(st.lists(point, min_size=1, max_size=5)))
        return Scribble(points_mm=points, positive=positive, joined=draw(st.booleans()))
    if kind == 3:
        x, y, z = draw(st.tuples(*[st.integers(-99, 99)] * 3))
        return Lasso(outline_mm=((x, y, z), (x + 5, y, z), (x, y + 3, z)), positive=positive)
    mask = np.zeros((4, 5, 6), np.bool_)
    mask.flat[draw(st.lists(st.integers(0, 119), min_size=1))] = True
    return MaskPrompt(patch=Patch.of(mask), positive=positive)


@given(prompts())
def test_every_prompt_comes_back_through_json(prompt: Prompt) -> None:
    """With all digits and all voxels."""
    assert from_record(json.loads(json.dumps(to_record(prompt)))) == prompt


def test_positive_may_be_left_out() -> None:
    """It is what is meant most often."""
    assert from_record({"point": [1, 2, 3]}) == Click(point_mm=(1, 2, 3))


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({}, "needs one of point, box"),
        ({"point": [1, 2], "box": [[1, 2], [3, 4]]}, "needs one of"),
        ({"point": [1, 2], "joined": True}, "got also joined"),
        ({"point": [1, True]}, "two or three numbers"),
        ({"point": "12"}, "two or three numbers"),
        ({"point": [1, float("nan")]}, "finite"),
        ({"point": [1, 2], "positive": 1}, "true or false"),
        ({"box": [[1, 2, 3]]}, "two corners, got 1"),
        ({"box": [[1, 2], [3, 4]], "axes": [[1, 0], [1, 0]]}, "axes of a box"),
        ({"scribble": []}, "at least 1 point"),
        ({"scribble": [[1, 2]], "joined": "yes"}, "joined must be"),
        ({"lasso": [[0, 0], [1, 1], [2, 2]]}, "points on a line"),
        ({"mask": {"whole": [2, 2]}}, "damaged"),
    ],
)
def test_what_is_no_prompt_is_refused_in_one_sentence(record: dict[str, Any], message: str) -> None:
    """Whatever is wrong with it."""
    with pytest.raises(PromptError, match=message) as refused:
        from_record(record)
    assert "\n" not in str(refused.value)


def test_a_mask_that_unpacks_to_more_than_it_says_is_refused() -> None:
    """Bits for another shape, data behind them, no data: nothing is allocated for a claim."""
    record = patch_record(Patch.of(np.eye(9, dtype=np.bool_)))
    bomb = base64.b64encode(zlib.compress(bytes(10**7))).decode()
    for bits in (bomb, "", "!!", record["bits"][:-4]):
        with pytest.raises(PromptError, match="damaged"):
            patch_from_record({**record, "bits": bits})


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(["point", "box", "scribble", "lasso", "mask", "positive", "axes", "x"]),
        values,
        max_size=3,
    )
)
def test_no_record_makes_another_error(record: dict[str, Any]) -> None:
    """From a file of anybody."""
    try:
        from_record(record)
    except PromptError:
        return
