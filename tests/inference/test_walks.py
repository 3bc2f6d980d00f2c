"""In which order slices are visited."""

from hypothesis import given
from hypothesis import strategies as st

from vesal.inference.walks import walks


def test_one_prompted_slice_is_left_both_ways() -> None:
    """Nearest first, to the ends."""
    assert [(s, list(way)) for s, way in walks([2], range(5))] == [(2, [1, 0]), (2, [3, 4])]


def test_two_prompted_slices_share_what_lies_between() -> None:
    """Half way each; the middle one goes with the lower."""
    ways = [(seed, list(way)) for seed, way in walks([1, 5], range(1, 7))]
    assert ways == [(1, []), (1, [2, 3]), (5, [4]), (5, [6])]


def test_without_a_prompted_slice_there_is_no_walk() -> None:
    """As where a negative click alone was given."""
    assert walks([], range(5)) == ()


@given(data=st.data(), start=st.integers(0, 5), count=st.integers(1, 30))
def test_every_slice_is_visited_once(data: st.DataObject, start: int, count: int) -> None:
    """Whatever was prompted."""
    limits = range(start, start + count)
    seeds = sorted(data.draw(st.sets(st.sampled_from(limits), min_size=1)))
    visited = [number for _, way in walks(seeds, limits) for number in way]
    assert sorted([*visited, *seeds]) == list(limits)
