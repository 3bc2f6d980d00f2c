"""Tests of vesal.datasets.split: no patient in two parts, and none that moves."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vesal.datasets import Pair, check_split, split_by_patient
from vesal.errors import ConfigError

SHARES = {"train": 0.7, "validation": 0.1, "test": 0.2}


def pair(name: str, patient: str = "", dataset: str = "D") -> Pair:
    """A pair that is nowhere."""
    return Pair(name=name, image=Path(name), patient=patient, dataset=dataset)


@given(patients=st.lists(st.sampled_from("abcdefgh"), max_size=30), seed=st.integers())
def test_a_patient_is_in_one_part_and_nothing_is_lost(patients: list[str], seed: int) -> None:
    """However many images there are of each."""
    pairs = [pair(str(n), patient) for n, patient in enumerate(patients)]
    parts = split_by_patient(pairs, SHARES, seed)
    assert list(parts) == list(SHARES)
    assert sorted(p.name for inside in parts.values() for p in inside) == sorted(
        p.name for p in pairs
    )
    for patient in patients:
        assert sum(any(p.patient == patient for p in part) for part in parts.values()) == 1
    check_split(parts)


@given(old=st.sets(st.integers(0, 99)), new=st.sets(st.integers(100, 199)), seed=st.integers(0, 9))
def test_new_patients_move_no_one(old: set[int], new: set[int], seed: int) -> None:
    """Nor does the order."""
    before = split_by_patient([pair(str(n)) for n in sorted(old)], SHARES, seed)
    after = split_by_patient([pair(str(n)) for n in sorted(old | new, reverse=True)], SHARES, seed)
    for name, part in before.items():
        assert set(part) <= set(after[name])


def test_the_parts_have_about_the_shares() -> None:
    """Of 5,000 patients within five standard deviations; and another seed divides otherwise."""
    pairs = [pair(f"case {n}") for n in range(5000)]
    first, second = (split_by_patient(pairs, SHARES, seed) for seed in (1, 2))
    for name, share in SHARES.items():
        assert abs(len(first[name]) - 5000 * share) < 5 * (5000 * share * (1 - share)) ** 0.5
    assert set(first["test"]) != set(second["test"])


def test_a_split_never_changes() -> None:
    """Published results depend on it: this is what SHA-256 says."""
    parts = split_by_patient([pair(letter) for letter in "abcdefghijklmnop"], SHARES, 2026)
    assert {name: "".join(p.name for p in part) for name, part in parts.items()} == GOLDEN


GOLDEN = {"train": "abcefhijklmnop", "validation": "dg", "test": ""}


def test_twins_are_kept_together() -> None:
    """Those of twins too: a is like b, which has a patient in common with c."""
    pairs = [pair("a"), pair("b", "p"), pair("c", "p"), pair("d")]
    for seed in range(40):
        parts = split_by_patient(pairs, SHARES, seed, twins=[("a", "b"), ("c", "d")])
        assert sorted(len(part) for part in parts.values()) == [0, 0, 4]


def test_a_patient_or_twins_in_two_parts_are_refused_by_name() -> None:
    """The first of many."""
    with pytest.raises(ConfigError, match=r"1 patients .*: p in train, p in test; put each into"):
        check_split({"train": [pair("a", "p")], "test": [pair("b", "p")]})
    with pytest.raises(ConfigError, match=r": a in train, b in test;"):
        check_split({"train": [pair("a")], "test": [pair("b")]}, twins=[("a", "b")])
    many = [pair(str(n)) for n in range(9)]
    with pytest.raises(ConfigError, match=r"9 patients .* and 4 more"):
        check_split({"train": many, "test": many})


def test_one_number_in_two_data_sets_is_two_patients() -> None:
    """All data sets have a patient 1."""
    check_split({"train": [pair("a", "1", "A")], "test": [pair("b", "1", "B")]})


@pytest.mark.parametrize(
    "shares", [{}, {"a": 0.5}, {"a": 1.5, "b": -0.5}, {"a": 1.0, "b": 0.0}, {"a": float("nan")}]
)
def test_shares_that_make_no_sense_are_refused(shares: dict[str, float]) -> None:
    """They must be above 0 and 1 in all."""
    with pytest.raises(ConfigError, match="above 0 and 1 in all"):
        split_by_patient([], shares, 0)
