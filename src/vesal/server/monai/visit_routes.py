"""MONAI Label's sessions: an image is sent once, and asked about often."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Query, Request

from vesal.server.form import files_of
from vesal.server.monai.passing_scans import remove, remove_all, take
from vesal.server.monai.visits import Visit
from vesal.server.office import Here, Office


@asynccontextmanager
async def _while_served(app: FastAPI) -> AsyncIterator[None]:
    """Begin without the images of an earlier server's sessions."""
    await asyncio.to_thread(remove_all, app.state.office)
    yield


router = APIRouter(prefix="/session", include_in_schema=False, lifespan=_while_served)


@router.put("/")
async def begin(
    request: Request, here: Here, expiry: Annotated[float, Query(ge=0)] = 0.0
) -> dict[str, Any]:
    """Take an image: one file, the files of a DICOM series, or a zip."""
    async with files_of(request, "files", here.settings.limits) as files:
        visit = here.visits.begin(await take(files, here), expiry)
    return {"session_id": visit.scan.id, "session_info": visit.record()}


@router.get("/{session}")
async def look(session: str, here: Here) -> dict[str, Any]:
    """What is known of a session."""
    return here.visits.of(session).record()


@router.delete("/{session}")
async def end(session: str, here: Here) -> dict[str, Any]:
    """Remove the image and all that was done on it."""
    visit = here.visits.end(session)
    await forget(here, visit)
    return visit.record()


async def forget(here: Office, visit: Visit) -> None:
    """Remove what is left of a visit that is over."""
    await remove(here, visit.scan)
