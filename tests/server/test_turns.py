"""Who may use the model next."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from vesal.errors import PromptError
from vesal.progress import Progress
from vesal.server.refusals import BusyError
from vesal.server.turns import Turns, Waiting, Working


class Gate:
    """Work that lasts until it is let go."""

    def __init__(self) -> None:
        self.entered, self.open = threading.Event(), threading.Event()

    def __call__(self, progress: Progress) -> str:
        """Wait for the gate, reporting progress all the while."""
        self.entered.set()
        while not self.open.wait(0.005):
            progress(0, 1, "waiting")
        return "through"


def noting(order: list[str], name: str) -> Callable[[Progress], None]:
    """Work that notes that it was done."""
    return lambda _: order.append(name)


def run(scene: Callable[[Turns], "asyncio.Future[None]"], limit: int = 100) -> None:
    """Play a scene on an event loop."""

    async def play() -> None:
        turns = Turns(limit=limit)
        try:
            await scene(turns)
        finally:
            turns.close()

    asyncio.run(asyncio.wait_for(play(), 20))


async def entered(gate: Gate) -> None:
    """Wait until somebody works."""
    while not gate.entered.is_set():
        await asyncio.sleep(0.002)


def test_users_take_turns_however_often_one_of_them_asks() -> None:
    """Four of one user, then one of each of two others: theirs come second and third."""
    order: list[str] = []

    async def scene(turns: Turns) -> None:
        gate = Gate()
        first = asyncio.ensure_future(turns.take("greedy", gate))
        await entered(gate)
        others = [
            asyncio.ensure_future(turns.take(user, noting(order, user)))
            for user in ("greedy", "greedy", "greedy", "ann", "ben")
        ]
        await asyncio.sleep(0)
        assert turns.waiting == 5
        gate.open.set()
        assert await first == "through"
        await asyncio.gather(*others)

    run(scene)  # type: ignore[arg-type]
    assert order == ["greedy", "ann", "ben", "greedy", "greedy"]


def test_only_one_piece_of_work_runs_at_a_time() -> None:
    """However many ask."""
    running = most = 0

    def work(_: Progress) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        threading.Event().wait(0.002)
        running -= 1

    async def scene(turns: Turns) -> None:
        await asyncio.gather(*(turns.take(str(n % 5), work) for n in range(30)))

    run(scene)  # type: ignore[arg-type]
    assert most == 1


def test_too_many_are_told_to_come_again_later() -> None:
    """With a number of seconds; who waits already is served."""

    async def scene(turns: Turns) -> None:
        gate = Gate()
        first = asyncio.ensure_future(turns.take("a", gate))
        await entered(gate)
        second = asyncio.ensure_future(turns.take("b", lambda _: "served"))
        await asyncio.sleep(0)
        with pytest.raises(BusyError, match="try again") as told:
            await turns.take("c", lambda _: None)
        assert told.value.retry_after_s >= 1
        gate.open.set()
        assert (await first, await second) == ("through", "served")

    run(scene, limit=1)  # type: ignore[arg-type]


def test_who_leaves_while_waiting_is_taken_out_of_the_line() -> None:
    """His work is never done."""
    done: list[str] = []

    async def scene(turns: Turns) -> None:
        gate = Gate()
        first = asyncio.ensure_future(turns.take("a", gate))
        await entered(gate)
        leaving = asyncio.ensure_future(turns.take("b", noting(done, "b")))
        await asyncio.sleep(0)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        assert turns.waiting == 0
        gate.open.set()
        await first
        await turns.take("c", noting(done, "c"))

    run(scene)  # type: ignore[arg-type]
    assert done == ["c"]


def test_work_is_stopped_at_its_next_progress_when_its_caller_leaves() -> None:
    """And what follows does not begin before it has ended."""

    async def scene(turns: Turns) -> None:
        gate = Gate()
        leaving = asyncio.ensure_future(turns.take("a", gate))
        await entered(gate)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        assert not gate.open.is_set()
        assert await turns.take("b", lambda _: "free") == "free"

    run(scene)  # type: ignore[arg-type]


def test_an_error_reaches_the_one_who_asked_and_nobody_else() -> None:
    """The next one is served."""

    def fail(_: Progress) -> None:
        raise PromptError("no such place")

    async def scene(turns: Turns) -> None:
        answers = await asyncio.gather(
            turns.take("a", fail), turns.take("b", lambda _: 7), return_exceptions=True
        )
        assert isinstance(answers[0], PromptError)
        assert answers[1] == 7

    run(scene)  # type: ignore[arg-type]


def test_place_in_the_line_and_progress_are_told() -> None:
    """First how many come before, then how far the work is, at last that it is over."""
    heard: list[object] = []

    async def scene(turns: Turns) -> None:
        gate = Gate()
        first = asyncio.ensure_future(turns.take("a", gate))
        await entered(gate)
        second = asyncio.ensure_future(
            turns.take("b", lambda progress: progress(1, 2, "half"), heard.append)
        )
        await asyncio.sleep(0)
        gate.open.set()
        await asyncio.gather(first, second)
        await asyncio.sleep(0)

    run(scene)  # type: ignore[arg-type]
    assert heard[0] == Waiting(ahead=1)
    assert Working(done=1, total=2, text="half") in heard
    assert None in heard
