"""One server: all protocols on one port.

Concurrency, for whoever changes anything here:
- Routes run on the event loop and never compute; it must answer /healthz at all times.
- A desk's lock is held while anything is done there (`desks.py`). It is the only lock a route waits
  for, and none is taken while it is held, but that of `Models`.
- The model is asked in the one worker thread of `Turns`, in turn; images are read by two threads at
  most; everything else that takes milliseconds runs in asyncio's own threads.
- Who hangs up leaves his line, or stops the work at its next progress; a session is a value, so
  what was stopped has not happened.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import (
    AbstractAsyncContextManager,
    ExitStack,
    asynccontextmanager,
)
from pathlib import Path

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi_offline import FastAPIOffline

from vesal import __version__
from vesal.lock import alone
from vesal.server import generations, legacy, nninteractive, page, rest
from vesal.server.guard import Guard
from vesal.server.loggers import hush_clients
from vesal.server.models import Models, offered
from vesal.server.monai import access, datastore, infer, info, proxy, visit_routes
from vesal.server.office import Office, office
from vesal.server.replies import speak_plainly
from vesal.server.settings import Settings

_REAP_S = 15.0
_OURS = (page, rest)
_PROTOCOLS = (
    *(nninteractive, legacy, generations),
    *(info, access, visit_routes, infer, datastore, proxy),
)


def build_app(settings: Settings, models: Models | None = None) -> FastAPI:
    """The app of a server; a temporary folder is removed when it ends.

    Args:
        settings: of the server.
        models: that it offers; those on this machine if none are given.

    Raises:
        VesalError: a model that cannot be loaded, or a folder that is not there.
    """
    hush_clients()
    with ExitStack() as building:
        work = settings.work
        if work is None:
            work = Path(building.enter_context(_temporary_folder()))
        else:
            building.enter_context(alone(work, who="server", mode=0o700))  # it holds scans
        parts = office(settings, work, models or offered(settings.model))
        stack = building.pop_all()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with stack:
            stack.callback(parts.turns.close)
            if parts.upstream is not None:
                stack.callback(parts.upstream.close)
            reaper = asyncio.create_task(_reap(parts))
            stack.callback(reaper.cancel)
            yield

    app = _described(lifespan)
    app.state.office = parts
    app.state.ending = lambda: False  # whoever runs the app knows better
    speak_plainly(app)
    for part in (*_OURS, *_PROTOCOLS):
        app.include_router(part.router)
    app.add_middleware(Guard, settings=settings, metrics=parts.metrics)
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.origins),
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=["X-Meta", "Content-Disposition", "Retry-After"],
        )
    return app


def _described(lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]]) -> FastAPI:
    """An app without routes."""
    return FastAPIOffline(
        title="vesal",
        version=__version__,
        summary="Click on a structure in a medical image, get it outlined.",
        lifespan=lifespan,
        redoc_url=None,
    )


def _temporary_folder() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix="vesal-serve-", ignore_cleanup_errors=True)


async def _reap(here: Office) -> None:
    """Give up what clients that are gone left here, every few seconds."""
    while True:
        await asyncio.sleep(min(_REAP_S, here.leases.liveness_s / 4, here.leases.idle_s / 4))
        for lease in here.leases.ended():
            await nninteractive.leave(here, lease)
        for visit in here.visits.ended():
            await visit_routes.forget(here, visit)
