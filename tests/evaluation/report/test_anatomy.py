"""Tests of vesal.evaluation.report.anatomy, on the names of the data sets people use."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.evaluation.report.names import ELSEWHERE, SHIPPED
from vesal.evaluation.report.anatomy import GROUPS, Anatomy, anatomy_of, organ_of
from vesal.labels import open_labels

OTHER = Anatomy(group="other", lesion=False)


def listed(lists: dict[str, str]) -> list[tuple[str, str]]:
    """Each name of lists by group, with its group; a list has its names between semicolons."""
    return [
        (" ".join(name.split()), group)
        for group, names in lists.items()
        for name in names.split(";")
    ]


@pytest.mark.parametrize("file", ["example_seg_fast_force_split.nii.gz", "example_seg_mr.nii.gz"])
def test_every_shipped_name_is_in_the_group_written_by_hand(scans: Path, file: str) -> None:
    """The names of TotalSegmentator, of which none is left over."""
    expected = dict(listed(SHIPPED))
    for segment in open_labels(scans / file).segments:
        assert anatomy_of(segment.name).group == expected[segment.name], segment.name


@pytest.mark.parametrize(
    ("name", "group"), [(n, g) for s in ELSEWHERE.values() for n, g in listed(s)]
)
def test_names_of_other_sources_are_in_their_group(name: str, group: str) -> None:
    """Each data set spells in its own way."""
    assert anatomy_of(name) == Anatomy(group=group, lesion=group == "lesion")
    assert group in GROUPS


@pytest.mark.parametrize(
    ("phrase", "group", "word"),
    [
        ("optic disc", "head and neck", "disc"),
        ("temporal bone", "bone", "temporal"),
        ("left ventricle", "heart", "ventricle"),
        ("caudate nucleus", "brain", "nucleus"),
        ("kidney cortex", "abdomen and thorax", "cortex"),
        ("aortic valve", "heart", "aortic"),
        ("mastoid air cells", "head and neck", "cells"),
    ],
)
def test_a_longer_phrase_wins_over_a_word(phrase: str, group: str, word: str) -> None:
    """The word by itself is in another group."""
    assert anatomy_of(phrase).group == group
    assert anatomy_of(word).group not in {group, "other"}


@pytest.mark.parametrize("organ", ["kidney", "adrenal gland", "brain", "Lung_Upper_Lobe_L", "T12"])
@pytest.mark.parametrize("ill", ["tumor", "tumours", "Cyst", "haemorrhage", "metastases"])
def test_a_lesion_is_one_in_every_organ(organ: str, ill: str) -> None:
    """In either order of words."""
    lesion = Anatomy(group="lesion", lesion=True)
    assert anatomy_of(f"{organ} {ill}") == anatomy_of(f"{ill}_{organ}") == lesion
    assert not anatomy_of(organ).lesion


@pytest.mark.parametrize(
    "name",
    ["", " ", "label 7", "7", "???", "肝臓", "\ud800", "İ", "left", "object3", "gas", "unknown"],
)
def test_a_name_without_a_known_word_is_other(name: str) -> None:
    """No error, whatever a file calls its labels."""
    assert anatomy_of(name) == OTHER


@pytest.mark.parametrize("name", ["deliver", "cartridge", "bipedal", "eyelet", "heartland"])
def test_a_known_word_inside_a_longer_word_does_not_count(name: str) -> None:
    """Words are compared as a whole."""
    assert anatomy_of(name) == OTHER


@given(st.text())
def test_any_text_has_a_group_and_an_organ(name: str) -> None:
    """Never an error, and an organ's own name is the same again."""
    assert anatomy_of(name).group in GROUPS
    assert organ_of(organ_of(name)) == organ_of(name)


@given(st.text(), st.sampled_from(["{} kidney {}", "kidney_{}_{}", "{}-kidney-{}"]))
def test_left_and_right_are_one_organ(rest: str, pattern: str) -> None:
    """Whatever else the name says."""
    left, right = (pattern.format(side, rest) for side in ("left", "RIGHT"))
    assert organ_of(left) == organ_of(right)


@pytest.mark.parametrize(
    ("names", "organ"),
    [
        (
            ("kidney_left", "left kidney", "Kidney-L", "RKidney", "kidneyL", "RK", "kidney"),
            "kidney",
        ),
        (("ctx-lh-cuneus", "ctx-rh-cuneus"), "ctx cuneus"),
        (("L bankssts", "rh.bankssts"), "bankssts"),
        (("rib_left_3", "rib_right_3", "Rib 3 L"), "rib 3"),
        (("lung_upper_lobe_left", "upper lobe of right lung"), None),
        (("Eye_AL", "Eye_AR"), "eye anterior"),
        (("Left-Lateral-Ventricle", "Right-Lateral-Ventricle"), "lateral ventricle"),
        (("vertebrae_L1",), "vertebrae l1"),
        (("L1",), "l1"),
        (("Oesophagus", "esophagus"), "esophagus"),
        (("gallbladder", "Gall Bladder"), "gall bladder"),
        (("left", "L"), "left"),
        (("", "  "), ""),
        (("label 7", "label_7"), "label 7"),
        (("???",), "???"),
    ],
)
def test_names_of_one_organ_become_one(names: tuple[str, ...], organ: str | None) -> None:
    """Sides and spelling go; numbers, and the order of words, stay."""
    if organ is None:
        assert len({organ_of(name) for name in names}) == len(names)
    else:
        assert {organ_of(name) for name in names} == {organ}


@pytest.mark.parametrize("chamber", ["ventricle", "atrium"])
def test_chambers_of_the_heart_keep_their_side(chamber: str) -> None:
    """The two ventricles of a heart are not one organ seen twice."""
    assert organ_of(f"heart_{chamber}_left") == f"heart {chamber} left"
    assert organ_of(f"{chamber.title()} R") == f"{chamber} right"
