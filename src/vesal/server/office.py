"""All that the routes of a server share: its settings, scans, models, desks and lines."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from starlette.requests import Request

from vesal.server.desks import Desks
from vesal.server.leases import Leases
from vesal.server.metrics import Metrics
from vesal.server.models import Models
from vesal.server.scans import Scans
from vesal.server.settings import Settings
from vesal.server.slot import Slot
from vesal.server.turns import Turns

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
    metrics: Metrics


def office(settings: Settings, work: Path) -> Office:
    """The parts of a server with these settings.

    Raises:
        VesalError: a model that cannot be loaded.
    """
    metrics = Metrics()
    models = Models(settings.model)
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
    scans = Scans(settings.root, work / "uploads", settings.limits)
    return Office(
        settings=settings,
        work=work,
        scans=scans,
        models=models,
        turns=turns,
        desks=desks,
        leases=leases,
        slot=Slot(),
        metrics=metrics,
    )


def of(request: Request) -> Office:
    """The parts of the server that got a request."""
    found: Office = request.app.state.office
    return found


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
