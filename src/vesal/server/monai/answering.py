"""Answers to clients that send all prompts every time.

They keep no state, so we find out what is new: prompts that only add to the last ones are the
user's next step, and go on from the last answer; any others are a new beginning. The same clicks in
the same steps therefore give the same mask as in Python.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from vesal.errors import VesalError
from vesal.geometry.patch import Patch
from vesal.images import Image
from vesal.prompts import Prompt
from vesal.server.desk import Desk, rewind
from vesal.server.desks import Desks
from vesal.server.refusals import BusyError
from vesal.server.scans import Scan
from vesal.session import Session

MOST_DESKS = 64
"""Desks that are kept; a client whose desk is closed says everything again and loses time alone."""

PromptsOf = Callable[[Image], tuple[Prompt, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What somebody asks about a scan.

    Attributes:
        scan: that is asked about.
        model: that is asked.
        user: who asks; each goes on from his own last answer.
        label: of the object; the user's clicks on another one are another object.
        anew: whether what was said before does not count any more.
        prompts: all that is said, once the image is known.
    """

    scan: Scan
    model: str
    user: str
    label: str
    anew: bool
    prompts: PromptsOf


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answered:
    """A mask and what there is to say of it."""

    image: Image
    patch: Patch
    score: float | None
    notes: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class _Turn:
    """Who asks at one desk: one after the other, and it stays open while somebody waits."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class Answering:
    """Desks for those who have none, one for each scan, model, user and label.

    Args:
        desks: where they are opened.
        read: opens a scan.
    """

    def __init__(self, desks: Desks, read: Callable[[Path], Image]) -> None:
        self._desks, self._read = desks, read
        self._opened: dict[tuple[str, ...], Desk] = {}
        self._turns: dict[tuple[str, ...], _Turn] = {}

    async def answer(self, question: Question) -> Answered:
        """The mask for all prompts.

        Raises:
            VesalError: as opening the scan, and as the prompts.
        """

        def work(session: Session) -> Answered:
            said = question.prompts(session.image)
            more = _added(said, session.prompts)
            if question.anew or more is None:
                rewind(session)
                more = said
            if more:
                session.add(*more)
            return Answered(
                image=session.image,
                patch=session.patch_of(session.current.number),
                score=session.score,
                notes=session.notes,
            )

        state = await asyncio.to_thread(_state_of, question.scan)
        key = (*state, question.model, question.user, question.label)
        async with self._turn(key):
            return await self._desks.ask(await self._desk(key, question), work)

    async def leave(self, scan: Scan) -> None:
        """Give up all desks of a scan."""
        for key, desk in tuple(self._opened.items()):
            if desk.card.scan == scan.id:
                self._opened.pop(key, None)
                await self._desks.close(desk)

    @asynccontextmanager
    async def _turn(self, key: tuple[str, ...]) -> AsyncIterator[None]:
        turn = self._turns.setdefault(key, _Turn())
        turn.users += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.users -= 1
            if not turn.users:
                del self._turns[key]

    async def _desk(self, key: tuple[str, ...], question: Question) -> Desk:
        desk = self._opened.get(key)
        if desk is not None:
            try:
                return self._desks.of(desk.card.name)
            except VesalError:
                del self._opened[key]
        while len(self._opened) >= MOST_DESKS and await self._close_oldest():
            pass
        while True:
            try:
                self._opened[key] = await self._open(question)
                return self._opened[key]
            except BusyError:
                if not await self._close_oldest():
                    raise

    async def _open(self, question: Question) -> Desk:
        """A desk that does not outlive the server: nobody could find it again."""
        path = question.scan.path
        return await self._desks.open(
            lambda: self._read(path),
            model=question.model,
            scan=question.scan.id,
            path=path,
            lasting=False,
        )

    async def _close_oldest(self) -> bool:
        """Close the desk that was not used for longest; whether there was one that nobody uses."""
        free = [key for key in self._opened if key not in self._turns]
        if not free:
            return False
        oldest = min(free, key=lambda key: self._opened[key].used_at)
        await self._desks.close(self._opened.pop(oldest))
        return True


def _added(said: tuple[Prompt, ...], before: tuple[Prompt, ...]) -> tuple[Prompt, ...] | None:
    """What is said beyond what was said before, in its order; None if something was taken back."""
    missing = Counter(before)
    more = []
    for prompt in said:
        if missing[prompt]:
            missing[prompt] -= 1
        else:
            more.append(prompt)
    return None if missing.total() else tuple(more)


def _state_of(scan: Scan) -> tuple[str, str]:
    """Which scan, and which version of it."""
    try:
        return scan.id, str(scan.path.stat().st_mtime_ns)
    except OSError:
        return scan.id, ""
