"""Scans that are sent for a session or a single request, and are not to stay.

A note on the disk says so of each: what a server could not remove when it was ended, the next one
removes when it starts.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from starlette.datastructures import UploadFile

from vesal.errors import ResourceError
from vesal.server.office import Office
from vesal.server.refusals import NotFoundError
from vesal.server.scans import Scan
from vesal.server.uploads import receive

_NOTES = "visits"


async def take(files: Sequence[UploadFile], here: Office) -> Scan:
    """The scan that was sent, noted as one that will go.

    Raises:
        VesalError: as `receive`.
    """
    scan = await receive(files, here.scans, here.settings.limits)
    try:
        await asyncio.to_thread(_note, here, scan.id)
    except OSError as error:
        await remove(here, scan)
        msg = f"the scan cannot be stored ({error.strerror}); the server's disk may be full"
        raise ResourceError(msg) from error
    return scan


async def remove(here: Office, scan: Scan) -> None:
    """Remove a scan and all that was done on it; somebody else may have been quicker."""
    await here.answering.leave(scan)
    await asyncio.to_thread(_remove, here, scan.id)


def remove_all(here: Office) -> None:
    """Remove what an earlier server left; nobody can ask for it any more."""
    with suppress(OSError):  # there was no earlier one
        for note in tuple((here.work / _NOTES).iterdir()):
            _remove(here, note.name)


def _note(here: Office, scan: str) -> None:
    path = _note_of(here, scan)
    path.parent.mkdir(exist_ok=True)
    path.touch()


def _remove(here: Office, scan: str) -> None:
    with suppress(NotFoundError):
        here.scans.discard(scan)
    with suppress(OSError):
        _note_of(here, scan).unlink()


def _note_of(here: Office, scan: str) -> Path:
    return here.work / _NOTES / scan
