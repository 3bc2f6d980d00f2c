"""Tests of vesal.curation.division: no patient and no scan in two parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vesal.curation.division import divide, with_known_parts
from vesal.curation.look import Looked
from vesal.datasets import Pair, Signature, check_split
from vesal.errors import ConfigError

SHARES = {"train": 0.6, "validation": 0.2, "test": 0.2}


def pair(name: str, patient: str = "", part: str = "", dataset: str = "D") -> Pair:
    """A case without files."""
    from pathlib import Path

    return Pair(name=name, image=Path(name), patient=patient or name, part=part, dataset=dataset)


def scan(number: int) -> Signature:
    """The signature of a scan; another number is another scan."""
    return Signature(ndim=3, bits=bytes(255 if n % 16 == number else 0 for n in range(64)))


def seen(*structures: str, of: int | None = None) -> Looked:
    """What a look found."""
    return Looked(structures=structures, signature=None if of is None else scan(of))


@given(
    st.lists(
        st.tuples(
            st.integers(0, 5),  # patient
            st.integers(0, 5),  # scan
            st.sampled_from(["", "train", "validation", "test"]),
            st.sampled_from(["D", "E"]),
            st.sets(st.sampled_from(["liver", "spleen"]), min_size=1),
        ),
        max_size=12,
    ),
    st.integers(0, 9),
)
def test_nothing_ever_leaks(drawn: list[tuple[int, int, str, str, set[str]]], seed: int) -> None:
    """Whatever is given: `check_split` finds no patient and no twin in two parts.

    And each case is in a part or out, and none goes to another part than the one it was given.
    """
    pairs = [
        pair(f"c{n:02}", f"p{patient}", part, dataset)
        for n, (patient, _, part, dataset, _) in enumerate(drawn)
    ]
    looked = {
        one.name: seen(*sorted(names), of=number)
        for one, (_, number, _, _, names) in zip(pairs, drawn, strict=True)
    }
    division = divide(pairs, looked, SHARES, seed=seed)
    parts = {
        part: [one for one in pairs if division.parts.get(one.name) == part] for part in SHARES
    }
    check_split(parts, twins=division.twins)
    assert set(division.parts) | set(division.out) == {one.name for one in pairs}
    assert not set(division.parts) & set(division.out)
    for one in pairs:
        divided = any(p.dataset == one.dataset and p.part not in ("", "train") for p in pairs)
        if one.part and divided and one.name in division.parts:
            assert division.parts[one.name] == one.part


def test_given_parts_are_kept_and_what_leaks_is_taken_from_training() -> None:
    """The patient of the test part is not trained on; others stay where they were."""
    pairs = [
        pair("a", "p1", "train"), pair("b", "p1", "test"), pair("c", "p2", "train"),
        pair("d", "p3", "validation"), pair("e", "p3", "train"), pair("f", "p1"),
    ]  # fmt: skip
    looked = {one.name: seen("liver") for one in pairs}
    division = divide(pairs, looked, SHARES, seed=0)
    assert division.parts == {"b": "test", "c": "train", "d": "validation", "f": "test"}
    assert division.out["a"] == ("leak", "patient p1 is in train and, as b, in test")
    assert division.out["e"][1] == "patient p3 is in train and, as d, in validation"


def test_a_scan_in_two_parts_under_two_names_leaks_too() -> None:
    """Other patients by name, the same by sight."""
    pairs = [pair("a", "p1", "train"), pair("b", "p2", "test")]
    looked = {"a": seen("liver", of=1), "b": seen("spleen", of=1)}
    division = divide(pairs, looked, SHARES, seed=0)
    assert division.out == {"a": ("leak", "the scan is in train and, as b, in test")}


def test_a_part_to_train_on_alone_is_no_division() -> None:
    """nnU-Net's imagesTr is all there is: it is divided."""
    pairs = [pair(f"c{n}", part="train") for n in range(60)]
    division = divide(pairs, {one.name: seen("liver") for one in pairs}, SHARES, seed=0)
    assert set(division.parts.values()) == {"train", "validation", "test"}
    other = divide(pairs, {one.name: seen("liver") for one in pairs}, SHARES, seed=1)
    assert other.parts != division.parts


def test_a_twin_stays_for_what_it_adds() -> None:
    """The same scan with other structures is kept, in the same part; else it is not."""
    pairs = [pair(name) for name in ("a", "b", "c", "d")]
    looked = {
        "a": seen("Liver", of=1), "b": seen("liver", of=1), "c": seen("liver", "spleen", of=1),
        "d": seen("liver", of=2),
    }  # fmt: skip
    division = divide(pairs, looked, SHARES, seed=3)
    assert division.out == {"b": ("twin", "the same scan with the same structures is a")}
    assert division.parts["a"] == division.parts["c"]
    assert division.twins == (("a", "b", "c"),)


def test_order_does_not_matter() -> None:
    """Cases from behind give the same parts."""
    pairs = [pair(f"c{n}", f"p{n // 2}") for n in range(20)]
    looked = {one.name: seen("liver", of=number % 7) for number, one in enumerate(pairs)}
    first, second = (
        divide(pairs, looked, SHARES, seed=5),
        divide(pairs[::-1], looked, SHARES, seed=5),
    )
    assert first.parts == second.parts
    assert first.out == second.out


def test_parts_are_known_by_several_words() -> None:
    """As data sets write them; "fold 3" is refused."""
    words = ["", "Train", "val", "TESTING"]
    pairs = [pair(f"c{n}", part=word) for n, word in enumerate(words)]
    assert [one.part for one in with_known_parts(pairs)] == ["", "train", "validation", "test"]
    with pytest.raises(ConfigError, match="'fold 3'; known are train, validation and test"):
        with_known_parts([pair("x", part="fold 3")])
