"""Windows that overlap, as one array."""

import numpy as np
import pytest

from vesal.inference.blend import blend
from vesal.inference.paste import OUTSIDE


def test_a_single_window_is_left_as_it_is() -> None:
    """Bit by bit: what the published model says of one cube does not change."""
    logits = np.random.default_rng(1).normal(size=(4, 4, 4)).astype(np.float32)
    starts, blended = blend({(8, 0, -4): logits}, 4)
    assert starts == (8, 0, -4)
    assert blended is logits


def test_windows_meet_half_way_and_what_no_window_saw_is_nothing() -> None:
    """Between two that disagree the logits change step by step from one to the other."""
    one, two = np.full((8, 8, 8), 4.0, np.float32), np.full((8, 8, 8), -4.0, np.float32)
    starts, blended = blend({(0, 0, 0): one, (16, 8, 0): two}, 4)
    assert starts == (0, 0, 0)
    assert blended.shape == (12, 10, 8)
    assert blended[0, 0, 0] == 4
    assert blended[-1, -1, 0] == -4
    assert blended[11, 0, 0] == pytest.approx(OUTSIDE)
    line = blended[:, 5, 4]
    assert (np.diff(line) <= 1e-6).all()
    assert line[0] == 4
    assert line[-1] == -4
    assert len(set(np.round(line[4:8], 3).tolist())) > 2
