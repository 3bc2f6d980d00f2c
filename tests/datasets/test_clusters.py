"""Tests of vesal.datasets.clusters."""

from hypothesis import given
from hypothesis import strategies as st

from vesal.datasets.clusters import leaders

LETTERS = st.sampled_from("abcdefgh")


@given(st.lists(st.tuples(LETTERS, LETTERS)))
def test_the_lowest_node_that_links_lead_to_is_the_leader(links: list[tuple[str, str]]) -> None:
    """As it is found by walking along all links until nothing new is met."""
    expected = {}
    for start in {node for link in links for node in link}:
        met = {start}
        while more := {n for link in links if met.intersection(link) for n in link} - met:
            met |= more
        expected[start] = min(met)
    assert leaders(links) == expected
    assert leaders(reversed(links)) == expected
