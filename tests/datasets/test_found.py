"""Tests of vesal.datasets.found: pairs get names that are unique and fit for files."""

from pathlib import Path

import pytest

from vesal.datasets import Pair
from vesal.datasets.found import found, left_out, once
from vesal.errors import ConfigError


def pair(name: str, image: str = "a.nii", dataset: str = "", part: str = "") -> Pair:
    """A pair that is nowhere."""
    return Pair(name=name, image=Path(image), dataset=dataset, part=part)


def test_pairs_are_in_the_order_of_their_names() -> None:
    """Whatever order they were found in; a patient nobody knows has the name of the pair."""
    both = found("plain", [pair("b"), pair("a")])
    assert [(p.name, p.patient) for p in both.pairs] == [("a", "a"), ("b", "b")]
    assert (both.layout, both.notes) == ("plain", ())


def test_names_become_fit_for_files() -> None:
    """No folders, no reserved characters."""
    assert found("plain", [pair("a/b: c")]).pairs[0].name == "a_b_c"


def test_one_name_in_two_data_sets_is_told_apart_by_them() -> None:
    """The same number means another patient there; others keep their names."""
    pairs = [pair("case_1", dataset="A"), pair("CASE_1", dataset="B"), pair("case_2", dataset="A")]
    assert [p.name for p in found("x", pairs).pairs] == ["A-case_1", "B-CASE_1", "case_2"]


def test_one_name_in_two_parts_is_told_apart_by_them() -> None:
    """Train and test of one data set."""
    pairs = [pair("1", dataset="A", part="train"), pair("1", dataset="A", part="test")]
    assert [p.name for p in found("x", pairs).pairs] == ["test-A-1", "train-A-1"]


@pytest.mark.parametrize("second", ["case", "CASE"])
def test_one_name_twice_is_refused_with_both_paths(second: str) -> None:
    """In whatever letters: some systems have only one file of both."""
    with pytest.raises(ConfigError, match=r"two cases are named '(case|CASE)': x\.nii and y\.nii;"):
        found("x", [pair("case", "x.nii"), pair(second, "y.nii")])


def test_two_files_of_one_name_are_refused_with_both_paths() -> None:
    """Which one is meant cannot be known."""
    with pytest.raises(ConfigError, match=r"'a': a\.nii and a\.png"):
        once([("a", Path("a.nii")), ("a", Path("a.png"))])


def test_a_note_counts_and_names_the_first() -> None:
    """Not thousands of them; none of nothing."""
    assert left_out([], "have no label") == ()
    assert left_out(["a"], "has no label") == ("1 has no label and is left out: a",)
    assert left_out(list("abcd"), "have no label") == (
        "4 have no label and are left out: a, b, c, ...",
    )
