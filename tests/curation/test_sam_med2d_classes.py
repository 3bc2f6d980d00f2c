"""Tests of vesal.curation.sam_med2d_classes: numbers that stand in the names of masks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vesal.curation.sam_med2d_classes import class_of, numbered
from vesal.errors import ConfigError

NAMES = st.sets(st.sampled_from([*"abcdefg", *(f"label {n}" for n in range(1, 6)), "label 01"]))


@given(NAMES, st.randoms())
def test_numbers_follow_from_the_names_alone(names: set[str], random: object) -> None:
    """In whatever order they come; each has its own, from 1 on."""
    listed = list(names)
    random.shuffle(listed)  # type: ignore[attr-defined]
    numbers = numbered({"Set": listed})["Set"]
    assert numbers == numbered({"Set": sorted(names)})["Set"]
    assert set(numbers) == names
    assert len(set(numbers.values())) == len(names)
    assert min(numbers.values(), default=1) >= 1
    assert all(numbers[name] == int(name[6:]) for name in names if name[:7] in numbers_own(names))


def numbers_own(names: set[str]) -> set[str]:
    """Names that say their number."""
    return {name for name in names if name.startswith("label ") and name != "label 01"}


def test_names_are_in_alphabetical_order_around_numbers() -> None:
    """Number 2 is taken by the label that says so."""
    assert numbered({"A": ["spleen", "label 2", "liver"], "B": ["spleen"]}) == {
        "A": {"liver": 1, "label 2": 2, "spleen": 3},
        "B": {"spleen": 1},
    }


def test_data_sets_of_one_word_are_numbered_together() -> None:
    """Their files could not be told apart."""
    assert numbered({"A": ["x"], "A.": ["w"]}) == {"A": {"w": 1, "x": 2}}


def test_a_target_named_after_its_file_is_of_its_class() -> None:
    """Two files of one pair may hold one structure; brackets may be part of a name too."""
    classes = numbered({"A": ["kidney (left)", "kidney"]})
    assert class_of(classes, "A", "kidney (left)") == ("kidney (left)", 2)
    assert class_of(classes, "A", "kidney (left) (rater 1)") == ("kidney (left)", 2)
    assert class_of(classes, "A", "kidney (scan (1)) 2") == ("kidney", 1)


def test_a_label_without_a_name_has_its_own_number() -> None:
    """Also one that nobody foresaw, if no other class has it."""
    classes = numbered({"A": ["liver"]})
    assert class_of({}, "B", "label 7 (mask)") == ("label 7", 7)
    assert class_of(classes, "A", "label 7") == ("label 7", 7)
    for name in ("label 1", "spleen"):
        with pytest.raises(ConfigError, match="prepare the rules with the names"):
            class_of(classes, "A", name)
