"""Tests of vesal.curation.sam_med2d_thresholds."""

import pytest

from vesal.curation.sam_med2d_thresholds import Thresholds
from vesal.errors import ConfigError


def test_the_paper_is_the_default() -> None:
    """Half, 0.153 %, three axes, every slice, whole range."""
    paper = Thresholds()
    assert (paper.least_ratio, round(100 * paper.least_share, 3)) == (0.5, 0.153)
    assert (paper.axes, paper.every) == (("x", "y", "z"), 1)
    assert (paper.ct_window, paper.percentiles, paper.edges_in_mm) == (None, None, False)
    assert not paper.drop_blank


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"least_ratio": 1.1}, "least_ratio must lie from 0 to 1, got 1.1"),
        ({"least_share": -0.1}, "least_share must lie from 0 to 1, got -0.1"),
        ({"axes": ()}, r"axes must be out of x, y and z, got \(\)"),
        ({"axes": ("x", "x")}, "axes must be"),
        ({"axes": ("w",)}, "axes must be"),
        ({"ct_window": (40.0, 0.0)}, "ct_window needs a width above 0"),
        ({"percentiles": (99.0, 1.0)}, "percentiles must rise"),
        ({"every": 0}, "every must be 1 or more, got 0"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, object], message: str) -> None:
    """With the rule and the value."""
    with pytest.raises(ConfigError, match=message):
        Thresholds(**wrong)  # type: ignore[arg-type]
