"""A week of work: saved, reopened, replayed; crashed and found again."""

import multiprocessing
import os
import signal
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest

from tests.fakes import BrightModel
from tests.session.small import PLACES, at, new_session, two_balls
from vesal.errors import ResourceError, SessionError
from vesal.images import Image, open_image
from vesal.session import Session


@pytest.fixture
def worked() -> Session:
    """Two objects, one accepted, a step undone."""
    session = new_session()
    session.click(at(*PLACES[0]))
    session.accept()
    session.new("second")
    session.click(at(*PLACES[1]))
    session.click(at(20, 14, 8), positive=False)
    session.undo()
    return session


def reopened(path: Path, image: Image | None = None) -> Session:
    """The session of a file, with the model of the tests."""
    return Session.open(path, image=image or two_balls(), model=BrightModel())


def test_a_session_is_the_same_after_saving(worked: Session, tmp_path: Path) -> None:
    """Objects, masks, prompts, and what can be undone and redone."""
    again = reopened(worked.save(tmp_path / "work.vesal"))
    assert again.objects == worked.objects
    assert np.array_equal(again.labels().array, worked.labels().array)
    assert again.can_redo
    again.redo()
    assert len(again.prompts) == 2
    assert again.replay() == ()


def test_work_goes_on_after_opening_as_if_it_had_not_been_closed(
    worked: Session, tmp_path: Path
) -> None:
    """The next click gives the same bits: what the model goes on from is found again."""
    again = reopened(worked.save(tmp_path / "work.vesal"))
    point = at(29, 20, 11)
    assert np.array_equal(again.click(point).array, worked.click(point).array)


def test_a_kept_session_has_every_step_on_the_disk(worked: Session, tmp_path: Path) -> None:
    """Also after it was opened and went on."""
    folder = worked.keep(tmp_path / "work.vesal")
    worked.redo()
    worked.change(1, name="first")
    again = reopened(folder)
    assert again.objects == worked.objects
    again.undo()
    again.undo()
    again.click(at(29, 20, 11))
    assert reopened(folder).objects == again.objects


def _working(folder: Path, told: Connection) -> None:
    """Click on and on, and tell of each step that was taken."""
    session = new_session()
    session.keep(folder)
    for number in range(1000):
        session.click(at(PLACES[0][0] + number % 3, PLACES[0][1] + number // 3 % 3, PLACES[0][2]))
        told.send(len(session.prompts))
        if len(session.prompts) > 8:
            session.undo()


def test_a_killed_process_loses_at_most_the_step_it_was_in(tmp_path: Path) -> None:
    """Kill -9 at some moment: what was acknowledged is there."""
    folder = tmp_path / "work.vesal"
    context = multiprocessing.get_context("spawn")
    heard, told_to = context.Pipe(duplex=False)
    worker = context.Process(target=_working, args=(folder, told_to))
    worker.start()
    with heard, told_to:
        told = [heard.recv() for _ in range(6)]
        worker.kill()
        worker.join()
    assert worker.exitcode == -signal.SIGKILL
    session = reopened(folder)
    assert len(session.prompts) >= told[-1]
    assert session.replay() == ()


def test_an_image_that_has_changed_is_refused(worked: Session, tmp_path: Path) -> None:
    """One voxel is enough, and so is another place."""
    path = worked.save(tmp_path / "work.vesal")
    changed = two_balls().array.copy()
    changed[0, 0, 0] += 1
    image = Image(array=changed, grid=worked.image.grid)
    with pytest.raises(SessionError, match=r"is not the image that work\.vesal was made on"):
        reopened(path, image)


def test_an_image_is_found_where_it_was_or_beside_the_session(data: Path, tmp_path: Path) -> None:
    """By its path, or by its place relative to the session when both have moved."""
    (tmp_path / "one").mkdir()
    scan = tmp_path / "one" / "brain.nrrd"
    scan.write_bytes((data / "brain1_image.nrrd").read_bytes())
    session = Session(scan, BrightModel())
    path = session.save(tmp_path / "one" / "brain.vesal")
    assert Session.open(path, model=BrightModel()).image.source.path == scan
    os.rename(tmp_path / "one", tmp_path / "two")
    moved = Session.open(tmp_path / "two" / "brain.vesal", model=BrightModel())
    assert moved.image.source.path == tmp_path / "two" / "brain.nrrd"
    (tmp_path / "two" / "brain.nrrd").unlink()
    with pytest.raises(SessionError, match=r"is not there; give it: Session\.open"):
        Session.open(tmp_path / "two" / "brain.vesal", model=BrightModel())
    given = open_image(data / "brain1_image.nrrd")
    found = Session.open(tmp_path / "two" / "brain.vesal", image=given, model=BrightModel())
    assert found.image is given


def test_a_model_that_was_in_memory_must_be_given(worked: Session, tmp_path: Path) -> None:
    """The file cannot know it."""
    path = worked.save(tmp_path / "work.vesal")
    with pytest.raises(SessionError, match="made with a model in memory; give it"):
        Session.open(path, image=two_balls())


def test_saving_into_a_missing_folder_is_refused_and_the_session_goes_on(
    worked: Session, tmp_path: Path
) -> None:
    """Nothing is lost."""
    with pytest.raises(ResourceError, match="cannot be written"):
        worked.save(tmp_path / "nowhere" / "work.vesal")
    assert worked.can_undo
    worked.save(tmp_path / "work.vesal")


def test_the_shipped_model_goes_on_with_the_same_bits(scans: Path, tmp_path: Path) -> None:
    """On a real CT: saved, opened by name, clicked on, replayed."""
    scan = scans / "example_ct.nii.gz"
    session = Session(scan)
    point = tuple(float(v) for v in session.image.grid.to_world(np.array([[85.0, 50, 60]]))[0])
    session.click(point)
    again = Session.open(session.save(tmp_path / "liver.vesal"))
    more = tuple(v + 9 for v in point)
    assert np.array_equal(session.click(more).array, again.click(more).array)
    assert again.replay() == ()
