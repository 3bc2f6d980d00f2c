"""Whose a voxel is, and what an object takes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.session.small import made, several
from vesal.errors import ConfigError, SessionError
from vesal.prompts import Click
from vesal.session.objects import OVERLAPS, Object, Objects, Overlap, beginning

SHAPE = (6, 5, 4)


def whole(shape: tuple[int, ...]) -> list[slice]:
    """The range of a whole image."""
    return [slice(0, n) for n in shape]


def bar(first: int, last: int) -> np.ndarray:
    """A mask of some columns."""
    mask = np.zeros(SHAPE, np.bool_)
    mask[first:last] = True
    return mask


@pytest.mark.parametrize(
    ("overlap", "standing", "winner"),
    [
        ("later", {}, 2),
        ("background", {}, 1),
        ("accepted", {}, 2),
        ("accepted", {1: "accepted"}, 1),
        ("accepted", {2: "accepted"}, 2),
        ("accepted", {1: "accepted", 2: "accepted"}, 1),
        ("later", {1: "accepted"}, 2),
        ("later", {1: "locked"}, 1),
        ("background", {2: "locked"}, 2),
        ("later", {1: "locked", 2: "locked"}, 1),
    ],
)
def test_a_voxel_that_two_objects_claim_goes_by_the_rule(
    overlap: Overlap, standing: dict[int, str], winner: int
) -> None:
    """Later wins, earlier accepted or locked ones keep, only into background."""
    objects = several(
        *(
            made(n, mask, **({standing[n]: True} if n in standing else {}))
            for n, mask in ((1, bar(0, 4)), (2, bar(2, 6)))
        ),
        overlap=overlap,
    )
    painted = objects.painted(whole(SHAPE))
    assert (painted[2:4] == winner).all()
    assert (painted[:2] == 1).all()
    assert (painted[4:] == 2).all()


@st.composite
def crowds(draw: st.DrawFn) -> Objects:
    """Up to four objects that overlap at random."""
    masks = st.lists(st.booleans(), min_size=12, max_size=12)
    every = [
        made(
            number,
            np.array(draw(masks)).reshape(3, 4),
            accepted=draw(st.booleans()),
            locked=draw(st.booleans()),
        )
        for number in range(1, draw(st.integers(1, 4)) + 1)
    ]
    return several(*every, overlap=draw(st.sampled_from(OVERLAPS)))


@given(crowds())
def test_masks_of_objects_never_overlap_and_make_up_the_label_map(objects: Objects) -> None:
    """Each voxel that is claimed has one owner, the same by mask and by map."""
    painted = objects.painted(whole((3, 4)))
    claimed = np.zeros((3, 4), np.bool_)
    for one in objects.every:
        own, outline = objects.own(one.number), one.outline
        assert own is not None
        assert outline is not None
        assert np.array_equal(own.full(), painted == one.number)
        claimed |= outline.patch.full()
    assert np.array_equal(painted > 0, claimed)


def test_an_object_that_nothing_was_said_of_has_no_voxels() -> None:
    """None, and not an empty mask."""
    assert beginning().own(1) is None
    assert not beginning().painted(whole(SHAPE)).any()


def test_a_prompt_is_taken_out_of_its_batch_and_an_empty_batch_goes() -> None:
    """What was told together stays together."""
    a, b, c = (Click(point_mm=(float(n), 0.0)) for n in range(3))
    one = Object(segment=beginning().every[0].segment, batches=((a, b), (c,)))
    assert one.without(0) == ((b,), (c,))
    assert one.without(2) == ((a, b),)
    with pytest.raises(ConfigError, match="has 3 prompts, counted from 0, got 3"):
        one.without(3)
    with pytest.raises(ConfigError, match="got -1"):
        one.without(-1)


@pytest.mark.parametrize("standing", ["accepted", "locked"])
def test_a_finished_object_takes_no_prompts(standing: str) -> None:
    """The message says what to do."""
    one = made(1, bar(0, 1), **{standing: True})
    with pytest.raises(SessionError, match=f"object 1 is {standing}; .* first"):
        one.check_takes_prompts()


def test_an_unknown_number_is_refused_and_the_known_ones_are_named() -> None:
    """With their names."""
    with pytest.raises(ConfigError, match=r"no object has the number 7; there are: 1 \(object 1\)"):
        beginning().of(7)


def test_two_objects_cannot_have_one_name() -> None:
    """Files are named after them; its own name an object may be given again."""
    objects = several(made(1, bar(0, 1)), made(2, bar(1, 2)))
    with pytest.raises(SessionError, match="object 1 is called object 1 already"):
        objects.check_name_is_free("object 1", number=2)
    objects.check_name_is_free("object 1", number=1)


@given(crowds(), st.tuples(st.integers(0, 3), st.integers(0, 4)), st.data())
def test_a_part_of_the_label_map_is_painted_as_in_the_whole(
    objects: Objects, start: tuple[int, int], data: st.DataObject
) -> None:
    """Any range, also one without extent."""
    stops = [data.draw(st.integers(a, n)) for a, n in zip(start, (3, 4), strict=True)]
    part = tuple(slice(a, b) for a, b in zip(start, stops, strict=True))
    assert np.array_equal(objects.painted(part), objects.painted(whole((3, 4)))[part])


@given(crowds(), crowds())
def test_nothing_changes_outside_the_part_that_is_said_to_change(
    before: Objects, after: Objects
) -> None:
    """Whatever the objects and the rules were: label maps are equal but for that range."""
    part = after.changed_part(before)
    old, new = (objects.painted(whole((3, 4))).astype(int) for objects in (before, after))
    if part is not None:
        old[part] = new[part]
    assert np.array_equal(old, new)


def test_only_what_is_new_changes_when_an_object_is_added() -> None:
    """The part is that of the new object, not of all; and none if nothing is new."""
    before = several(made(1, bar(0, 2)))
    after = several(made(1, bar(0, 2)), made(2, bar(4, 6)))
    assert after.changed_part(before) == (slice(4, 6), slice(0, 5), slice(0, 4))
    assert after.changed_part(after) is None
