"""A label map and its segments."""

import numpy as np
import pytest

from tests.grids import UGLY
from vesal.errors import ConfigError, ImageError
from vesal.labels import LabelMap, Segment
from vesal.labels.palette import colour_of

GRID = UGLY["LPS"]
ONE = Segment(number=1, name="one", colour=(1, 1, 1))


def test_a_map_is_read_only_and_gives_masks_by_number() -> None:
    """The caller's own array stays writable."""
    array = np.zeros(GRID.shape, np.uint8)
    array[0] = 1
    labels = LabelMap(array=array, grid=GRID, segments=(ONE,))
    assert np.array_equal(labels.mask(1).array, array == 1)
    with pytest.raises(ValueError, match="read-only"):
        labels.array[0, 0, 0] = 0
    array[0, 0, 0] = 0
    assert repr(labels) == "LabelMap(one; the image)"


def test_what_is_no_label_map_is_refused() -> None:
    """Another shape, a number without a segment, two segments of one number, an unknown number."""
    array = np.ones(GRID.shape, np.uint8)
    with pytest.raises(ImageError, match="its grid's shape"):
        LabelMap(array=array[1:], grid=GRID, segments=(ONE,))
    with pytest.raises(ConfigError, match=r"got \[1\] without one"):
        LabelMap(array=array, grid=GRID, segments=())
    with pytest.raises(ConfigError, match="a number of its own"):
        LabelMap(array=array, grid=GRID, segments=(ONE, ONE))
    with pytest.raises(ConfigError, match="no segment has the number 2; there are: 1"):
        LabelMap(array=array, grid=GRID, segments=(ONE,)).mask(2)


@pytest.mark.parametrize(
    ("number", "name", "colour"),
    [
        (0, "a", (0, 0, 0)),
        (65536, "a", (0, 0, 0)),
        (1, " ", (0, 0, 0)),
        (1, "a\nb", (0, 0, 0)),
        (1, "a" * 65, (0, 0, 0)),
        (1, "a", (0, 0, 256)),
    ],
)
def test_a_segment_out_of_range_is_refused(
    number: int, name: str, colour: tuple[int, int, int]
) -> None:
    """Before a file format refuses it."""
    with pytest.raises(ConfigError):
        Segment(number=number, name=name, colour=colour)


def test_colours_are_the_same_for_the_same_number_and_differ() -> None:
    """Among the first forty no two are alike; thousands are possible."""
    first = [colour_of(number) for number in range(1, 41)]
    assert len(set(first)) == 40
    far = min(np.abs(np.subtract(a, b)).sum() for i, a in enumerate(first) for b in first[:i])
    assert far >= 20
    assert all(0 <= v <= 255 for v in colour_of(65535))
