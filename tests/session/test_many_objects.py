"""A session with several objects: what stays, what gives way, what is undone."""

import numpy as np
import pytest

from tests.fakes import BrightModel
from tests.session.small import GRID, PLACES, at, new_session
from vesal.errors import ConfigError, PromptError, SessionError
from vesal.images import Mask
from vesal.labels import LabelMap
from vesal.prompts import Box, Click


def test_a_session_begins_with_one_object_and_others_are_begun(tmp_path: object) -> None:
    """Each with a number, a name and a colour; prompts are about the newest."""
    session = new_session()
    assert [one.name for one in session.objects] == ["object 1"]
    session.click(at(*PLACES[0]))
    number = session.new("small ball", colour=(1, 2, 3))
    session.click(at(*PLACES[1]))
    assert number == 2
    assert session.current.name == "small ball"
    assert session.mask.array[PLACES[1]]
    assert not session.mask.array[PLACES[0]]
    session.select(1)
    assert session.mask.array[PLACES[0]]
    labels = session.labels()
    assert labels.array[PLACES[0]] == 1
    assert labels.array[PLACES[1]] == 2
    assert labels.segment(2).colour == (1, 2, 3)


def test_an_accepted_object_keeps_its_voxels_and_the_other_is_told(
    tmp_path: object,
) -> None:
    """The default rule; the note says why the clicked voxel is not in the mask."""
    session = new_session()
    first = session.click(at(*PLACES[0])).array.copy()
    session.accept()
    session.new()
    second = session.click(at(*PLACES[0]))
    assert not second.array.any()
    assert any("overlap" in note for note in session.notes)
    session.overlap = "later"
    assert np.array_equal(session.mask.array, first)
    assert not session.mask_of(1).array.any()
    assert not any("overlap" in note for note in session.notes)


def test_an_accepted_object_takes_no_prompts_until_it_is_opened() -> None:
    """And the session stays as it was."""
    session = new_session()
    session.click(at(*PLACES[0]))
    session.accept()
    with pytest.raises(SessionError, match="is accepted; open it again first"):
        session.click(at(*PLACES[1]))
    session.accept(accepted=False)
    assert session.click(at(*PLACES[1])).array[PLACES[1]]


def test_names_and_numbers_are_checked() -> None:
    """In one sentence."""
    session = new_session()
    session.new("liver")
    with pytest.raises(SessionError, match="object 2 is called liver already"):
        session.change(1, name="liver")
    with pytest.raises(ConfigError, match="one line of 1 to 64 characters"):
        session.new("")
    with pytest.raises(ConfigError, match="no object has the number 9"):
        session.select(9)
    with pytest.raises(ConfigError, match="overlap must be one of"):
        session.overlap = "mine"
    assert len(session.objects) == 2


def test_without_any_object_a_prompt_is_refused() -> None:
    """All can be deleted; undo brings them back."""
    session = new_session()
    session.click(at(*PLACES[0]))
    session.delete(1)
    with pytest.raises(SessionError, match="there is no object; begin one"):
        session.click(at(*PLACES[0]))
    session.undo()
    assert session.mask.array[PLACES[0]]


def test_everything_can_be_undone_and_done_again() -> None:
    """Prompts, objects, names, acceptance, rules: back to nothing, and on to the same bits."""
    session = new_session()
    session.click(at(*PLACES[0]))
    session.box((-900.0,) * 3, (900.0,) * 3)
    session.accept()
    session.new("second")
    session.click(at(*PLACES[1]))
    session.change(2, name="other", colour=(9, 9, 9), locked=True)
    session.overlap = "background"
    session.delete(1)
    end = session.labels().array.copy()
    steps = 0
    while session.can_undo:
        session.undo()
        steps += 1
    assert steps == 8
    assert not session.labels().array.any()
    while session.can_redo:
        session.redo()
    assert np.array_equal(session.labels().array, end)
    assert session.objects[0].name == "other"


def test_a_click_after_undo_goes_on_from_what_is_left(tmp_path: object) -> None:
    """As if what was undone had never been."""
    model = BrightModel()
    session = new_session(model)
    session.click(at(*PLACES[0]))
    session.click(at(*PLACES[1]))
    session.undo()
    session.click(at(9, 8, 4), positive=True)
    fresh = new_session()
    fresh.click(at(*PLACES[0]))
    fresh.click(at(9, 8, 4))
    assert np.array_equal(session.mask.array, fresh.mask.array)
    assert len(session.prompts) == 2


def test_a_removed_prompt_leaves_no_trace() -> None:
    """The mask is that of the other prompts alone."""
    session = new_session()
    session.click(at(*PLACES[0]))
    alone = session.mask.array.copy()
    session.click(at(*PLACES[1]))
    session.remove(1)
    assert np.array_equal(session.mask.array, alone)
    session.click(at(20, 14, 8), positive=False)
    with pytest.raises(PromptError, match="nothing says yet"):
        session.remove(0)
    session.undo()
    session.remove(0)
    assert not session.mask.array.any()
    assert session.prompts == ()


def test_an_object_keeps_out_of_labels_and_regions() -> None:
    """Whatever the model says, before and after the prompt that finds it."""
    whole = new_session()
    ball = whole.click(at(*PLACES[0])).array
    region = np.zeros(GRID.shape, np.bool_)
    region[: PLACES[0][0]] = True
    assert (ball & region).any()
    before, after = new_session(), new_session()
    assert not before.avoid(region).array.any()
    before.click(at(*PLACES[0]))
    after.click(at(*PLACES[0]))
    after.avoid(region)
    for session in (before, after):
        assert np.array_equal(session.mask.array, ball & ~region)
        assert any("stay out" in note for note in session.notes)
    labels = LabelMap(array=region.astype(np.uint8), grid=GRID, segments=whole.labels().segments)
    third = new_session()
    third.avoid(labels, numbers=[1])
    assert np.array_equal(third.click(at(*PLACES[0])).array, ball & ~region)


def test_a_given_mask_is_the_mask_until_something_is_said_of_it() -> None:
    """No model is asked; later prompts refine it."""
    model = BrightModel()
    session = new_session(model)
    given = np.zeros(GRID.shape, np.bool_)
    given[5:9, 5:9, 2:5] = True
    session.start(given)
    assert model.encoded == 0
    assert np.array_equal(session.mask.array, given)
    mask = session.click(at(*PLACES[0]))
    assert model.encoded > 0
    assert mask.array[PLACES[0]]
    assert session.replay() == ()


def test_a_mask_from_elsewhere_is_refused_and_the_session_stays() -> None:
    """Another shape, another place, empty."""
    session = new_session()
    session.click(at(*PLACES[0]))
    before = session.mask.array.copy()
    moved = Mask(array=np.ones((3, 3, 3), np.bool_), grid=GRID.crop((0, 0, 0), (3, 3, 3)))
    empty = LabelMap(array=np.zeros(GRID.shape, np.uint8), grid=GRID, segments=())
    for region in (moved, np.zeros(GRID.shape, np.bool_), empty):
        with pytest.raises(PromptError):
            session.avoid(region)
    assert np.array_equal(session.mask.array, before)
    assert len(session.prompts) == 1


def test_every_kind_of_prompt_mixes_on_one_object() -> None:
    """Scribble, lasso, box, click and mask, in and out, one after the other."""
    session = new_session()
    x, y, z = PLACES[0]
    session.scribble([at(x - 2, y, z), at(x + 2, y, z)])
    session.lasso(
        [at(x - 5, y - 5, z), at(x + 5, y - 5, z), at(x + 5, y + 5, z), at(x - 5, y + 5, z)]
    )
    session.add(Click(point_mm=at(*PLACES[1])), Click(point_mm=at(20, 14, 8), positive=False))
    session.add(Box.of_voxels(GRID, (30, 2, 2), (33, 5, 4), positive=False))
    mask = session.scribble([at(x, y - 2, z), at(x, y - 3, z)], positive=False).array
    assert mask[x - 2 : x + 3, y, z].all()
    assert not mask[x, y - 3 : y - 1, z].any()
    assert not mask[20, 14, 8]
    assert len(session.prompts) == 6
    assert {note.split(":")[0] for note in session.notes} >= {"scribble", "lasso"}
    assert session.replay() == ()
