"""Desks: parking on disk, memory, models, and sessions that outlive the server."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests.fakes import BrightModel
from tests.server.serving import blocks, bright_models, save_nifti
from vesal.errors import ResourceError, SessionError
from vesal.images import Image, open_image
from vesal.server import desks as module
from vesal.server.desk import Desk, array_image
from vesal.server.desks import Desks
from vesal.server.refusals import BusyError, NotFoundError
from vesal.server.turns import Turns
from vesal.session import Session

Scene = Callable[[Desks], Awaitable[None]]
IMAGE_BYTES = blocks().nbytes
POINT = (5.0, 7.0, 5.0)


def play(
    folder: Path, scene: Scene, *, memory: int = 2**30, limit: int = 100, lasting: bool = False
) -> None:
    """Play a scene with desks in a folder."""

    async def run() -> None:
        turns = Turns(limit=100)
        desks = Desks(
            folder,
            turns,
            bright_models(),
            memory_bytes=memory,
            limit=limit,
            lasting=lasting,
        )
        try:
            await scene(desks)
        finally:
            turns.close()

    asyncio.run(asyncio.wait_for(run(), 60))


def array() -> Image:
    """An image that came without a file."""
    return array_image(blocks(), None)


def click(session: Session) -> int:
    """A step that asks the model."""
    return int(session.click(POINT).array.sum())


def test_a_parked_session_comes_back_with_all_its_steps(tmp_path: Path) -> None:
    """Masks, history and what can be undone; of an array and of a file; twice."""
    path = save_nifti(tmp_path / "blocks.nii.gz", blocks())

    async def scene(desks: Desks) -> None:
        for desk in (
            await desks.open(array),
            await desks.open(lambda: open_image(path), path=path, scan="x"),
        ):
            point = tuple(
                (await desks.act(desk, lambda s: s.image.grid))
                .to_world(np.array([[5.0, 7.0, 5.0]]))[0]
                .tolist()
            )
            await desks.ask(desk, partial(Session.click, point_mm=point))
            before = await desks.act(desk, lambda s: (s.mask.array, s.prompts))
            for _ in range(2):
                desk.park()
                assert desk.is_parked
                assert desk.held_bytes == 0
                after = await desks.act(desk, lambda s: (s.mask.array, s.prompts))
                assert np.array_equal(before[0], after[0])
                assert before[1] == after[1]
            await desks.act(desk, lambda s: s.undo())
            desk.park()
            assert await desks.act(desk, lambda s: (s.can_undo, s.can_redo)) == (False, True)

    play(tmp_path / "desks", scene)


def test_a_session_goes_on_after_parking_as_if_it_had_not_been(tmp_path: Path) -> None:
    """The next click gives the same bits."""
    session = Session(array(), BrightModel())
    session.click(POINT)
    expected = session.click((14.0, 16.0, 9.0)).array

    async def scene(desks: Desks) -> None:
        desk = await desks.open(array)
        await desks.ask(desk, click)
        desk.park()
        mask = await desks.ask(desk, lambda s: s.click((14.0, 16.0, 9.0)).array)
        assert np.array_equal(mask, expected)

    play(tmp_path, scene)


def test_who_hangs_up_during_a_revival_does_not_bring_about_a_second_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two sessions on one journal would lose what one of them acknowledged."""
    revive, revivals = Desk.revive, []

    def slow(desk: Desk, model: object) -> None:
        revivals.append(desk)
        time.sleep(0.3)
        revive(desk, model)  # type: ignore[arg-type]

    async def scene(desks: Desks) -> None:
        desk = await desks.open(array)
        desk.park()
        monkeypatch.setattr(Desk, "revive", slow)
        gone = asyncio.ensure_future(desks.act(desk, lambda s: s.mask.array))
        await asyncio.sleep(0.1)
        gone.cancel()
        voxels = await desks.ask(desk, click)
        await asyncio.sleep(0.5)
        assert await desks.act(desk, lambda s: int(s.mask.array.sum())) == voxels > 0
        assert len(revivals) == 1

    play(tmp_path, scene)


def test_a_scan_that_nobody_waits_for_leaves_nothing(tmp_path: Path) -> None:
    """Neither a session nor a folder of one."""
    path = save_nifti(tmp_path / "blocks.nii.gz", blocks())

    def read() -> Image:
        time.sleep(0.2)
        return open_image(path)

    async def scene(desks: Desks) -> None:
        gone = asyncio.ensure_future(desks.open(read, path=path, scan="x"))
        await asyncio.sleep(0.05)
        gone.cancel()
        await asyncio.sleep(0.6)
        assert len(desks) == 0

    play(tmp_path / "desks", scene, lasting=True)
    assert list((tmp_path / "desks").glob("*/*")) == []


def test_a_full_server_gives_up_what_was_opened_and_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session in which nothing was done makes room; one with a click stays."""
    monkeypatch.setattr(module, "_LEFT_S", 0.0)

    async def scene(desks: Desks) -> None:
        first, _ = await desks.open(array), await desks.open(array)
        first.revision += 1
        third = await desks.open(array)
        third.revision += 1
        assert desks.of(first.card.name) is first
        with pytest.raises(BusyError, match="2 sessions"):
            await desks.open(array)

    play(tmp_path, scene, limit=2)


def test_what_should_not_last_is_gone_after_a_restart(tmp_path: Path) -> None:
    """A killed server leaves folders of parked sessions that nobody can reach any more."""
    path = save_nifti(tmp_path / "blocks.nii.gz", blocks())

    async def first(desks: Desks) -> None:
        for lasting in (True, False):
            desk = await desks.open(lambda: open_image(path), path=path, scan="x", lasting=lasting)
            desk.park()

    async def second(desks: Desks) -> None:
        assert len(desks) == 1

    play(tmp_path / "desks", first, lasting=True)
    assert len(list((tmp_path / "desks").iterdir())) == 2
    damaged = tmp_path / "desks" / ("0" * 32)
    damaged.mkdir()
    (damaged / "desk.json").write_text("{")  # somebody's work all the same
    play(tmp_path / "desks", second, lasting=True)
    assert len(list((tmp_path / "desks").iterdir())) == 2
    assert damaged.is_dir()


def test_memory_stays_within_its_bound(tmp_path: Path) -> None:
    """What was used longest ago is parked; each still answers as if it were there."""
    bound = 3 * IMAGE_BYTES

    async def scene(desks: Desks) -> None:
        opened = [await desks.open(array) for _ in range(6)]
        assert desks.held_bytes <= bound
        assert desks.parked >= 3
        assert not opened[-1].is_parked
        sizes = [await desks.ask(desk, click) for desk in opened]
        assert len(set(sizes)) == 1
        assert opened[0].is_parked

    play(tmp_path, scene, memory=bound)


def test_what_was_encoded_is_dropped_before_a_session_is_parked(tmp_path: Path) -> None:
    """Encoding again is cheaper than reading the image again."""

    async def scene(desks: Desks) -> None:
        first = await desks.open(array)
        await desks.ask(first, click)
        heavy = first.held_bytes
        assert heavy > IMAGE_BYTES
        desks._memory_bytes = heavy + IMAGE_BYTES // 2
        await desks.open(array)
        assert not first.is_parked
        assert first.held_bytes == IMAGE_BYTES

    play(tmp_path, scene)


def test_a_full_disk_keeps_sessions_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is lost: the bound is exceeded instead."""

    def refuse(_: Desk) -> None:
        raise ResourceError("no room")

    async def scene(desks: Desks) -> None:
        monkeypatch.setattr(Desk, "park", refuse)
        opened = [await desks.open(array) for _ in range(3)]
        assert not any(desk.is_parked for desk in opened)

    play(tmp_path, scene, memory=IMAGE_BYTES)


def test_sessions_of_files_outlive_the_server(tmp_path: Path) -> None:
    """With a folder of its own: every step is there again, and a closed one is not."""
    path = save_nifti(tmp_path / "blocks.nii.gz", blocks())
    names: list[str] = []
    masks = []

    async def before(desks: Desks) -> None:
        for _ in range(2):
            desk = await desks.open(lambda: open_image(path), path=path, scan="x")
            names.append(desk.card.name)
            masks.append(await desks.ask(desk, lambda s: s.click((10.0, 10.5, 15.0)).array))
        await desks.close(desks.of(names[1]))

    async def after(desks: Desks) -> None:
        desk = desks.of(names[0])
        assert (desk.card.scan, desk.card.title) == ("x", "blocks.nii.gz")
        assert np.array_equal(await desks.act(desk, lambda s: s.mask.array), masks[0])
        with pytest.raises(NotFoundError):
            desks.of(names[1])

    play(tmp_path / "work", before, lasting=True)
    play(tmp_path / "work", after, lasting=True)


def test_a_scan_that_has_changed_since_is_told_and_not_mixed_up(tmp_path: Path) -> None:
    """The masks were made on other voxels."""
    path = save_nifti(tmp_path / "blocks.nii.gz", blocks())

    async def scene(desks: Desks) -> None:
        desk = await desks.open(lambda: open_image(path), path=path)
        desk.park()
        save_nifti(path, blocks()[::-1])
        with pytest.raises(SessionError, match="not the image"):
            await desks.act(desk, lambda s: s.mask)

    play(tmp_path / "desks", scene)


def test_another_model_is_asked_and_masks_stay(tmp_path: Path) -> None:
    """The steps before it can still be undone."""

    async def scene(desks: Desks) -> None:
        desk = await desks.open(array)
        await desks.ask(desk, click)
        before = await desks.act(desk, lambda s: s.mask.array)
        await desks.change_model(desk, "other")
        assert desk.card.model == "other"
        assert np.array_equal(await desks.act(desk, lambda s: s.mask.array), before)
        assert await desks.act(desk, lambda s: s.can_undo)
        with pytest.raises(NotFoundError, match="no model"):
            await desks.change_model(desk, "unknown")

    play(tmp_path, scene)


def test_there_are_no_more_sessions_than_may_be(tmp_path: Path) -> None:
    """The next one is told to come again; after one was closed there is room."""

    async def scene(desks: Desks) -> None:
        opened = [await desks.open(array) for _ in range(2)]
        with pytest.raises(BusyError, match="at most"):
            await desks.open(array)
        await desks.close(opened[0])
        await desks.open(array)
        assert not (tmp_path / opened[0].card.name).exists()

    play(tmp_path, scene, limit=2)


def test_calls_for_one_desk_come_one_after_the_other(tmp_path: Path) -> None:
    """Ten clicks at once are ten steps."""

    async def scene(desks: Desks) -> None:
        desk = await desks.open(array)
        points = [(float(i), 7.0, 5.0) for i in range(10)]
        await asyncio.gather(*(desks.ask(desk, partial(Session.click, point_mm=p)) for p in points))
        assert len(await desks.act(desk, lambda s: s.prompts)) == 10

    play(tmp_path, scene)
