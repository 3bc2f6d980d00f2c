"""All desks: how they are opened and used, and how they stay within the memory."""

import asyncio
import re
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from vesal.errors import ResourceError
from vesal.images import Image
from vesal.progress import Progress
from vesal.server.desk import CARD, Card, Desk, card_in
from vesal.server.models import Models
from vesal.server.refusals import BusyError, NotFoundError
from vesal.server.turns import Turns
from vesal.session import Session

_Result = TypeVar("_Result")
_NAME = re.compile(r"[0-9a-f]{32}")  # of a desk
_LEFT_S = 600.0  # without a request an empty desk is taken for one that was left
_OPENING = 2  # images that are read at once: each may need its size several times over


class Desks:
    """Desks by their names.

    Args:
        folder: where each has a folder of its own.
        turns: in which the model is asked.
        models: that may be asked.
        memory_bytes: that images and what was encoded of them may take.
        limit: desks that are kept, in memory and on disk.
        lasting: whether desks outlive the server; those of an earlier one are found again.
    """

    def __init__(
        self,
        folder: Path,
        turns: Turns,
        models: Models,
        *,
        memory_bytes: int,
        limit: int,
        lasting: bool = False,
    ) -> None:
        self._folder, self._turns, self._models = folder, turns, models
        self._memory_bytes, self._limit, self._lasting = memory_bytes, limit, lasting
        self._opening = asyncio.Semaphore(_OPENING)
        self._desks: dict[str, Desk] = {}
        if lasting and folder.is_dir():
            self._desks = dict(self._found())

    def __len__(self) -> int:
        return len(self._desks)

    def _found(self) -> Iterator[tuple[str, Desk]]:
        """The desks of an earlier server; what is left of those that should not last is removed."""
        for one in sorted(self._folder.iterdir()):
            card = card_in(one)
            if _NAME.fullmatch(one.name) and not (one / CARD).exists():  # a damaged card stays
                shutil.rmtree(one, ignore_errors=True)
            elif card is not None and card.model in self._models.offers:
                yield card.name, Desk(card, one, lasting=True)

    @property
    def held_bytes(self) -> int:
        """Memory that all of them take."""
        return sum(desk.held_bytes for desk in self._desks.values())

    @property
    def parked(self) -> int:
        """How many are on disk alone."""
        return sum(desk.is_parked for desk in self._desks.values())

    def of(self, name: str) -> Desk:
        """The desk of a name.

        Raises:
            NotFoundError: there is none.
        """
        if name not in self._desks:
            raise NotFoundError("this session is not here, or was given up; open the scan again")
        return self._desks[name]

    async def open(
        self,
        read: Callable[[], Image],
        *,
        model: str = "",
        scan: str = "",
        path: Path | None = None,
        series: str | None = None,
        lasting: bool = True,
    ) -> Desk:
        """A new desk.

        Args:
            read: the image; called in a thread.
            model: that is asked; the server's own if empty.
            scan: id of the scan.
            path: where the image is found again; None for one that is in memory alone.
            series: which of several in the path.
            lasting: whether it may outlive the server.

        Raises:
            BusyError: there are as many as may be.
            NotFoundError: no such model.
            VesalError: as reading the image and looking at it.
        """
        await self._find_a_place()
        name = secrets.token_hex(16)
        model = model or self._models.default
        loaded = await self._models.get(model)

        def make() -> Desk:
            image = read()
            title = image.source.name
            card = Card(name=name, scan=scan, path=path, series=series, model=model, title=title)
            stays = lasting and self._lasting and path is not None
            desk = Desk(card, self._folder / name, lasting=stays)
            desk.begin(image, loaded)
            return desk

        async with self._opening:
            desk = await _made(make)
        self._desks[name] = desk
        await self._make_room(desk)
        return desk

    async def ask(self, desk: Desk, work: Callable[[Session], _Result]) -> _Result:
        """The result of work that asks the model, in its turn.

        Raises:
            BusyError: too many wait.
            VesalError: as the work does.
        """
        async with self._used(desk):

            def run(progress: Progress) -> _Result:
                try:
                    return work(desk.session(progress))
                finally:
                    desk.weigh()

            return await self._turns.take(desk.card.name, run, desk.told)

    async def act(self, desk: Desk, work: Callable[[Session], _Result]) -> _Result:
        """The result of work that asks no model, at once.

        Raises:
            VesalError: as the work does.
        """
        async with self._used(desk):
            return await _whole(lambda: work(desk.session()))

    async def change_model(self, desk: Desk, name: str) -> None:
        """Let a desk ask another model from now on.

        Raises:
            NotFoundError: no such model.
            VesalError: the model is not for this image.
        """
        model = await self._models.get(name)
        async with self._used(desk):
            card = replace(desk.card, model=name)
            await _whole(lambda: desk.change_model(model, card))

    async def close(self, desk: Desk) -> None:
        """Give a desk up, after what is being done there."""
        self._desks.pop(desk.card.name, None)
        desk.is_closed = True
        async with desk.lock:
            await asyncio.to_thread(desk.clear_away)

    @asynccontextmanager
    async def _used(self, desk: Desk) -> AsyncIterator[None]:
        """Hold a desk whose session is in memory."""
        async with desk.lock:
            self.of(desk.card.name)  # it may have been closed while one waited
            desk.used_at = time.monotonic()
            if desk.is_parked:
                model = await self._models.get(desk.card.model)
                async with self._opening:
                    await _whole(lambda: desk.revive(model))
            try:
                yield
            finally:
                desk.used_at = time.monotonic()
        await self._make_room(desk)

    async def _find_a_place(self) -> None:
        """See that there is room for one more: a desk that was left untouched is given up for it.

        Raises:
            BusyError: there are as many as may be.
        """
        if len(self._desks) < self._limit:
            return
        before = time.monotonic() - _LEFT_S
        left = [d for d in self._desks.values() if d.revision == 0 and d.used_at < before]
        if not left:
            msg = f"this server keeps {self._limit} sessions at most; close one that is finished"
            raise BusyError(msg, 60)
        await self.close(min(left, key=lambda one: one.used_at))

    async def _make_room(self, newest: Desk) -> None:
        """Let go of what was used longest ago: first what was encoded, then whole sessions."""
        for give_up in (Desk.forget, Desk.park):
            for desk in sorted(self._desks.values(), key=lambda one: one.used_at):
                if self.held_bytes <= self._memory_bytes:
                    return
                if desk is newest or desk.is_parked or desk.lock.locked():
                    continue
                async with desk.lock:
                    try:
                        await asyncio.to_thread(give_up, desk)
                    except ResourceError:
                        continue  # a full disk: it stays in memory, and the next one is tried


async def _whole(work: Callable[[], _Result]) -> _Result:
    """The result of work in a thread, which is waited for also by who is cancelled meanwhile.

    He holds the desk's lock, which must not be free while the thread is still at work there.
    """
    doing = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait({doing})
        raise


async def _made(make: Callable[[], Desk]) -> Desk:
    """The desk that is made in a thread; nothing stays of it if who asked is gone meanwhile."""
    making = asyncio.ensure_future(asyncio.to_thread(make))
    try:
        return await asyncio.shield(making)
    except asyncio.CancelledError:
        making.add_done_callback(_clear_away)
        raise


def _clear_away(made: "asyncio.Future[Desk]") -> None:
    if not made.cancelled() and made.exception() is None:
        made.get_loop().run_in_executor(None, made.result().clear_away)
