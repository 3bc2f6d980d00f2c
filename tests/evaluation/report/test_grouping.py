"""Tests of vesal.evaluation.report.grouping."""

from dataclasses import replace

import pytest

from tests.evaluation.report.played import START, played
from vesal.evaluation.report.course import courses_of
from vesal.evaluation.report.grouping import GROUPINGS, STRUCTURE, Grouping, size_of


def named(name: str) -> Grouping:
    """The grouping of that name."""
    return next(each for each in GROUPINGS if each.name == name)


@pytest.mark.parametrize(
    ("ml", "expected"),
    [
        (0.999, "below 1 ml"),
        (1.0, "1 to 10 ml"),
        (10.0, "10 to 100 ml"),
        (99.9, "10 to 100 ml"),
        (100.0, "100 ml and more"),
    ],
)
def test_volumes_are_classed_by_ml(ml: float, expected: str) -> None:
    """The lower end belongs to a class, the upper one to the next."""
    assert size_of(replace(START, truth_ml=ml, truth_voxels=5)) == expected


@pytest.mark.parametrize(
    ("voxels", "expected"),
    [
        (9, "below 10 voxels"),
        (10, "10 to 100 voxels"),
        (100, "100 to 1,000 voxels"),
        (9999, "1,000 to 10,000 voxels"),
        (10_000, "10,000 voxels and more"),
    ],
)
def test_what_has_no_spacing_is_classed_by_voxels(voxels: int, expected: str) -> None:
    """Rasters have no ml."""
    assert size_of(replace(START, truth_ml=None, truth_voxels=voxels)) == expected


def test_sides_are_one_structure() -> None:
    """The chart of SAM-Med3D's paper averages left and right into one organ."""
    rows = [
        *played([0.5], object="kidney_left"),
        *played([0.7], object="kidney_right"),
        *played([0.7], object="spleen"),
    ]
    groups = STRUCTURE.groups(courses_of(rows))
    assert {name: len(courses) for name, courses in groups.items()} == {"kidney": 2, "spleen": 1}


def test_groups_come_in_their_own_order() -> None:
    """Sizes ascend, whatever the alphabet says; others follow the alphabet."""
    rows = [
        *played([0.5], case="a", truth_ml=200.0, modality="MR"),
        *played([0.5], case="b", truth_ml=20.0, modality="CT"),
        *played([0.5], case="c", truth_ml=0.2, modality=""),
    ]
    courses = courses_of(rows)
    assert list(named("size").groups(courses)) == ["below 1 ml", "10 to 100 ml", "100 ml and more"]
    assert list(named("modality").groups(courses)) == ["CT", "MR", "not stated"]


def test_training_has_three_answers() -> None:
    """Unstated is not unseen."""
    rows = [row for seen in (None, False, True) for row in played([0.5], case=f"{seen}", seen=seen)]
    groups = named("training").groups(courses_of(rows))
    assert list(groups) == ["seen in training", "not seen in training", "not stated"]


def test_every_grouping_holds_every_object_once() -> None:
    """No object is lost in a group that nobody shows."""
    rows = [
        *played([0.5], object="kidney tumor", cut_off=True),
        *played([0.5], object="label 7"),
        *played([0.5], object="nucleus", truth_ml=None),
    ]
    courses = courses_of(rows)
    for grouping in GROUPINGS:
        held = [course for own in grouping.groups(courses).values() for course in own]
        assert sorted(course.key for course in held) == sorted(course.key for course in courses)


def test_lesions_are_told_from_organs() -> None:
    """By the words of their names."""
    rows = [*played([0.5], object="kidney tumor"), *played([0.5], object="kidney")]
    groups = named("lesion or organ").groups(courses_of(rows))
    assert [course.last.object for course in groups["lesion"]] == ["kidney tumor"]
    assert [course.last.object for course in groups["organ"]] == ["kidney"]
