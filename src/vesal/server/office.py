"""All that the routes of a server share: its settings, scans, models, desks and lines."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

from fastapi import Depends, Request

from vesal.server.desks import Desks
from vesal.server.leases import Leases
from vesal.server.metrics import Metrics
from vesal.server.models import Models
from vesal.server.monai.answering import Answering
from vesal.server.monai.label_store import LabelStore
from vesal.server.monai.upstream import Upstream
from vesal.server.monai.visits import Visits
from vesal.server.refusals import NotFoundError
from vesal.server.scans import LABELS, Scan, Scans
from vesal.server.settings import Settings
from vesal.server.slot import Slot
from vesal.server.turns import Turns
from vesal.server.uploads import opened

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Office:
    """The parts of one server.

    Attributes:
        work: folder of uploads and sessions.
    """

    settings: Settings
    work: Path
    scans: Scans
    models: Models
    turns: Turns
    desks: Desks
    leases: Leases
    slot: Slot
    visits: Visits
    labels: LabelStore
    answering: Answering
    upstream: Upstream | None
    metrics: Metrics

    async def find_scan(self, text: str) -> Scan:
        """The scan that a client of MONAI Label names: a file here, or a series upstream.

        Raises:
            NotFoundError: there is none.
        """
        try:
            return await asyncio.to_thread(self.scans.named, text)
        except NotFoundError:
            if self.upstream is None:
                raise
        return await self.upstream.series(text)


def office(settings: Settings, work: Path, models: Models) -> Office:
    """The parts of a server with these settings.

    Raises:
        VesalError: a folder that is not there.
    """
    metrics, limits = Metrics(), settings.limits
    turns = Turns(limit=settings.waiting, waited=metrics.waited)
    desks = Desks(
        work / "sessions",
        turns,
        models,
        memory_bytes=settings.memory_bytes,
        limit=settings.sessions,
        lasting=settings.work is not None,
    )
    metrics.watch("waiting", "Requests that wait for the model.", lambda: turns.waiting)
    metrics.watch("sessions", "Sessions, in memory and on disk.", lambda: len(desks))
    metrics.watch("sessions_parked", "Sessions on disk alone.", lambda: desks.parked)
    metrics.watch("held_bytes", "Memory of images and encodings.", lambda: desks.held_bytes)
    leases = Leases(settings.places, settings.idle_s, settings.liveness_s)
    metrics.watch("leases", "Clients of nnInteractive.", lambda: len(leases))
    scans = Scans(settings.root, work / "uploads", limits)
    return Office(
        settings=settings,
        work=work,
        scans=scans,
        models=models,
        turns=turns,
        desks=desks,
        leases=leases,
        slot=Slot(),
        visits=Visits(),
        labels=LabelStore(_label_folder(settings, work)),
        answering=Answering(desks, lambda path: opened(path, None, limits)),
        upstream=Upstream(settings.dicomweb, work / "dicomweb", limits)
        if settings.dicomweb
        else None,
        metrics=metrics,
    )


def _label_folder(settings: Settings, work: Path) -> Path:
    """Beside the images, where MONAI Label's own server keeps them; else with the sessions."""
    root = settings.root
    return root / LABELS if root is not None and root.is_dir() else work / LABELS


def _office_of(request: Request) -> Office:
    """The parts of the server that got a request."""
    found: Office = request.app.state.office
    return found


Here = Annotated[Office, Depends(_office_of)]
"""What a route asks for to get the parts of its server."""


async def unless_gone(request: Request, work: Callable[[], Awaitable[_Result]]) -> _Result:
    """The result of work that is given up when the client hangs up.

    Args:
        request: whose body has been read.
        work: what the client waits for.

    Raises:
        asyncio.CancelledError: the client is gone; nobody hears it.
    """
    task = asyncio.ensure_future(work())
    gone = asyncio.ensure_future(_hung_up(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            task.cancel()
        return await task
    finally:
        gone.cancel()


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
