"""Desks of those who have none: one for each question, not too many, and none that lasts."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest

from tests.server.serving import blocks, bright_models, save_nifti
from vesal.errors import PromptError
from vesal.images import Image, open_image
from vesal.prompts import Click, Prompt
from vesal.server.desk import array_image
from vesal.server.desks import Desks
from vesal.server.monai import answering
from vesal.server.monai.answering import Answering, Question
from vesal.server.refusals import BusyError
from vesal.server.scans import Scan
from vesal.server.turns import Turns

Scene = Callable[[Desks, Answering], Awaitable[None]]


def play(folder: Path, scene: Scene, *, limit: int = 100, lasting: bool = False) -> None:
    """Play a scene with desks in a folder."""

    async def run() -> None:
        turns = Turns(limit=100)
        models = bright_models()
        desks = Desks(folder, turns, models, memory_bytes=2**30, limit=limit, lasting=lasting)
        try:
            await scene(desks, Answering(desks, open_image))
        finally:
            turns.close()

    asyncio.run(asyncio.wait_for(run(), 60))


def question(path: Path, user: str = "a") -> Question:
    """What a user asks."""

    def prompts(image: Image) -> tuple[Prompt, ...]:
        point = image.grid.to_world(np.array([[5.0, 7.0, 5.0]]))[0]
        return (Click(point_mm=tuple(point.tolist())),)

    scan = Scan(id="x", name=path.name, path=path, kind="file", size_bytes=1)
    return Question(scan=scan, model="bright", user=user, label="", anew=False, prompts=prompts)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A scan."""
    return save_nifti(tmp_path / "scan.nii.gz", blocks())


def test_equal_questions_at_once_share_one_desk(tmp_path: Path, path: Path) -> None:
    """None is left over that nobody could close."""

    async def scene(desks: Desks, answers: Answering) -> None:
        found = await asyncio.gather(*(answers.answer(question(path)) for _ in range(5)))
        assert len(desks) == 1
        assert len({one.patch.full().sum() for one in found}) == 1
        await answers.leave(question(path).scan)
        assert len(desks) == 0

    play(tmp_path / "desks", scene)


def test_who_hangs_up_while_the_scan_is_opened_leaves_it_to_the_next(
    tmp_path: Path, path: Path
) -> None:
    """The first is gone; the second, who waited for the same, is answered."""

    async def scene(desks: Desks, answers: Answering) -> None:
        first = asyncio.ensure_future(answers.answer(question(path)))
        second = asyncio.ensure_future(answers.answer(question(path)))
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).patch.full().any()
        assert len(desks) == 1

    play(tmp_path / "desks", scene)


def test_the_desk_unused_for_longest_makes_room(
    tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There are never more than the bound, and who comes back is answered as before."""
    monkeypatch.setattr(answering, "MOST_DESKS", 3)

    async def scene(desks: Desks, answers: Answering) -> None:
        before = (await answers.answer(question(path, "0"))).patch.full()
        for user in "12034":
            await answers.answer(question(path, user))
            assert len(desks) <= 3
        after = (await answers.answer(question(path, "1"))).patch.full()
        assert np.array_equal(before, after)
        assert len(desks) == 3

    play(tmp_path / "desks", scene)


def test_a_full_server_goes_on_answering(tmp_path: Path, path: Path) -> None:
    """Its own desks are closed for each other, also for many at once; those of others stay."""

    async def scene(desks: Desks, answers: Answering) -> None:
        others = [await desks.open(lambda: array_image(blocks(), None)) for _ in range(2)]
        for user in "0123":
            await answers.answer(question(path, user))
        assert len(desks) == 4
        for desk in others:
            assert desks.of(desk.card.name) is desk

    play(tmp_path / "desks", scene, limit=4)


def test_a_server_full_of_others_refuses(tmp_path: Path, path: Path) -> None:
    """There is nothing of its own to close."""

    async def scene(desks: Desks, answers: Answering) -> None:
        await desks.open(lambda: array_image(blocks(), None))
        with pytest.raises(BusyError):
            await answers.answer(question(path))

    play(tmp_path / "desks", scene, limit=1)


def test_a_desk_that_is_asked_is_not_closed_for_another(
    tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many users at once, with room for two: each gets a mask."""
    monkeypatch.setattr(answering, "MOST_DESKS", 2)

    async def scene(desks: Desks, answers: Answering) -> None:
        users = [str(n % 4) for n in range(16)]
        found = await asyncio.gather(*(answers.answer(question(path, user)) for user in users))
        assert len({one.patch.full().tobytes() for one in found}) == 1
        await answers.answer(question(path, "last"))
        assert len(desks) <= 2

    play(tmp_path / "desks", scene)


def test_no_desk_outlives_the_server(tmp_path: Path, path: Path) -> None:
    """Nobody could find it again."""

    async def ask(desks: Desks, answers: Answering) -> None:
        await answers.answer(question(path))
        assert len(desks) == 1

    async def look(desks: Desks, _: Answering) -> None:
        assert len(desks) == 0

    play(tmp_path / "desks", ask, lasting=True)
    play(tmp_path / "desks", look, lasting=True)


def test_a_refused_question_keeps_nobody_waiting(tmp_path: Path, path: Path) -> None:
    """The next one is answered."""

    def nothing(_: Image) -> tuple[Prompt, ...]:
        raise PromptError("nothing was said")

    async def scene(_: Desks, answers: Answering) -> None:
        one = question(path)
        bad = Question(
            scan=one.scan, model="bright", user="a", label="", anew=False, prompts=nothing
        )
        with pytest.raises(PromptError):
            await answers.answer(bad)
        assert (await answers.answer(one)).patch.full().any()

    play(tmp_path / "desks", scene)
