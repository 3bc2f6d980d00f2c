"""Our own REST API: scans, sessions, prompts, downloads. Routes translate, and decide nothing."""

import asyncio
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from vesal import __version__
from vesal.errors import VesalError
from vesal.images.read import list_series
from vesal.server.desk import Desk
from vesal.server.display import nifti_of
from vesal.server.download import FORMATS, download
from vesal.server.events import events
from vesal.server.form import FILES, files_of
from vesal.server.label_patch import LabelPatch, label_patch
from vesal.server.office import Here, Office, unless_gone
from vesal.server.replies import attachment
from vesal.server.scans import Scan
from vesal.server.state import change, prompts_of, session_state
from vesal.server.uploads import opened, receive
from vesal.server.wire import (
    Change,
    ChangeObjectRequest,
    ChangeSessionRequest,
    ModelState,
    NewObjectRequest,
    OpenRequest,
    Problem,
    SayRequest,
    ScanList,
    ScanState,
    SeriesList,
    SeriesState,
    ServerState,
    SessionState,
    SuggestionReply,
    SuggestionState,
)
from vesal.session import Session

_PROBLEMS: dict[int | str, dict[str, object]] = {
    status: {"model": Problem} for status in (400, 401, 404, 409, 413, 415, 422, 503, 507)
}
router = APIRouter(prefix="/api", responses=_PROBLEMS)


def _desk(session: str, here: Here) -> Desk:
    return here.desks.of(session)


At = Annotated[Desk, Depends(_desk)]


@router.get("/server")
async def server(here: Here) -> ServerState:
    """What this server is and can."""
    return ServerState(
        version=__version__,
        models=[
            ModelState(name=o.name, title=o.title, prompts=list(o.prompts), ndims=list(o.ndims))
            for o in here.models.offers.values()
        ],
        default_model=here.models.default,
        upload_limit_bytes=here.settings.limits.upload_bytes,
        folder=here.settings.root is not None,
        formats=FORMATS,
    )


@router.get("/scans")
async def scans(here: Here) -> ScanList:
    """The scans of the served folder, and those that were sent."""
    every = await asyncio.to_thread(here.scans.every)
    return ScanList(scans=[_scan_state(one) for one in every])


@router.post("/scans", status_code=201, openapi_extra=FILES)
async def send_scan(request: Request, here: Here) -> ScanState:
    """Take a scan: one file, all files of a DICOM series, or a zip of them."""
    limits = here.settings.limits
    async with files_of(request, "files", limits) as files:
        return _scan_state(await receive(files, here.scans, limits))


@router.delete("/scans/{scan}", status_code=204)
async def discard_scan(scan: str, here: Here) -> None:
    """Remove a scan that was sent."""
    await asyncio.to_thread(here.scans.discard, scan)


@router.get("/scans/{scan}/series")
async def series(scan: str, here: Here) -> SeriesList:
    """The DICOM series of a scan; none for other formats."""
    path = await asyncio.to_thread(here.scans.find, scan)
    listed = await asyncio.to_thread(list_series, path)
    return SeriesList(
        series=[
            SeriesState(uid=s.uid, description=s.description, modality=s.modality, slices=s.slices)
            for s in listed
        ]
    )


@router.post("/sessions", status_code=201)
async def open_session(wanted: OpenRequest, here: Here, request: Request) -> SessionState:
    """Open a scan: a session on it begins with one object."""
    path = await asyncio.to_thread(here.scans.find, wanted.scan)
    limits = here.settings.limits
    desk = await unless_gone(
        request,
        lambda: here.desks.open(
            lambda: opened(path, wanted.series, limits),
            model=wanted.model or "",
            scan=wanted.scan,
            path=path,
            series=wanted.series,
        ),
    )
    return await _state(here, desk)


@router.get("/sessions/{session}")
async def session(desk: At, here: Here) -> SessionState:
    """The state of a session, but for the masks."""
    return await _state(here, desk)


@router.delete("/sessions/{session}", status_code=204)
async def close_session(desk: At, here: Here) -> None:
    """Give a session up, with all that was done in it."""
    await here.desks.close(desk)


@router.patch("/sessions/{session}")
async def change_session(wanted: ChangeSessionRequest, desk: At, here: Here) -> Change:
    """Choose another model, or whose a voxel is that two objects claim."""
    if wanted.model is not None and wanted.model != desk.card.model:
        await here.desks.change_model(desk, wanted.model)

    def work(session: Session) -> None:
        if wanted.overlap is not None and wanted.overlap != session.overlap:
            session.overlap = wanted.overlap

    return await _changed(here, desk, work)


@router.get("/sessions/{session}/image", response_class=Response)
async def image(desk: At, here: Here) -> Response:
    """The image as an uncompressed NIfTI file."""
    data = await here.desks.act(desk, lambda session: nifti_of(session.image))
    return Response(data, media_type="application/octet-stream")


@router.get("/sessions/{session}/labels")
async def labels(desk: At, here: Here) -> LabelPatch:
    """The whole label map."""

    def work(session: Session) -> LabelPatch:
        return label_patch(session.now, [slice(0, n) for n in session.image.grid.shape])

    return await here.desks.act(desk, work)


@router.post("/sessions/{session}/prompts")
async def say(wanted: SayRequest, desk: At, here: Here, request: Request) -> Change:
    """Say where an object is, or is not: its mask follows."""

    def work(session: Session) -> None:
        session.select(wanted.object)
        session.add(*prompts_of(wanted.prompts, session.image))

    return await _asked(here, desk, request, work)


@router.delete("/sessions/{session}/objects/{number}/prompts/{index}")
async def unsay(number: int, index: int, desk: At, here: Here, request: Request) -> Change:
    """Take one prompt of an object back."""

    def work(session: Session) -> None:
        session.select(number)
        session.remove(index)

    return await _asked(here, desk, request, work)


@router.post("/sessions/{session}/objects")
async def new_object(wanted: NewObjectRequest, desk: At, here: Here) -> Change:
    """Begin another object."""
    return await _changed(here, desk, lambda session: session.new(wanted.name))


@router.patch("/sessions/{session}/objects/{number}")
async def change_object(number: int, wanted: ChangeObjectRequest, desk: At, here: Here) -> Change:
    """Name, colour, lock, accept or select an object."""

    def work(session: Session) -> None:
        if wanted.current:
            session.select(number)
        colour = None
        if wanted.colour is not None:
            red, green, blue = wanted.colour
            colour = (red, green, blue)
        if (wanted.name, colour, wanted.locked) != (None, None, None):
            session.change(number, name=wanted.name, colour=colour, locked=wanted.locked)
        if wanted.accepted is not None:
            session.accept(number, accepted=wanted.accepted)

    return await _changed(here, desk, work)


@router.delete("/sessions/{session}/objects/{number}")
async def delete_object(number: int, desk: At, here: Here) -> Change:
    """Take an object away."""
    return await _changed(here, desk, lambda session: session.delete(number))


@router.post("/sessions/{session}/undo")
async def undo(desk: At, here: Here) -> Change:
    """Take the last step back."""
    return await _changed(here, desk, lambda session: session.undo())


@router.post("/sessions/{session}/redo")
async def redo(desk: At, here: Here) -> Change:
    """Take the step again that was taken back."""
    return await _changed(here, desk, lambda session: session.redo())


@router.get("/sessions/{session}/suggestion")
async def suggest(
    desk: At, here: Here, request: Request, number: Annotated[int, Query(alias="object")]
) -> SuggestionReply:
    """Where the model is least sure of an object."""

    def work(session: Session) -> SuggestionReply:
        found = session.outliner.suggestion(session.now.of(number))
        if found is None:
            return SuggestionReply(suggestion=None)
        place = SuggestionState(point_mm=list(found.point_mm), inside=found.inside)
        return SuggestionReply(suggestion=place)

    return await unless_gone(request, lambda: here.desks.ask(desk, work))


@router.get("/sessions/{session}/download", response_class=Response)
async def download_labels(
    desk: At, here: Here, suffix: Annotated[str, Query(alias="format")]
) -> Response:
    """The objects as a file."""
    made = await here.desks.act(desk, lambda session: download(session, suffix))
    return Response(made.data, media_type="application/octet-stream", headers=attachment(made.name))


@router.get("/sessions/{session}/events", response_class=StreamingResponse)
async def session_events(desk: At, request: Request) -> StreamingResponse:
    """How far the work for a session is, as server-sent events."""
    stream = events(desk, request.app.state.ending)
    return StreamingResponse(stream, media_type="text/event-stream")


async def _state(here: Office, desk: Desk) -> SessionState:
    scan = await asyncio.to_thread(_scan_of, here, desk)
    return await here.desks.act(desk, lambda session: session_state(desk, session, scan))


async def _changed(here: Office, desk: Desk, work: Callable[[Session], object]) -> Change:
    """What a step that asks no model changed."""
    changed = await here.desks.act(desk, await _step(here, desk, work))
    desk.told(None)  # who else looks at this session hears of it at once
    return changed


async def _asked(
    here: Office, desk: Desk, request: Request, work: Callable[[Session], object]
) -> Change:
    """What a step that asks the model changed."""
    step = await _step(here, desk, work)
    return await unless_gone(request, lambda: here.desks.ask(desk, step))


async def _step(
    here: Office, desk: Desk, work: Callable[[Session], object]
) -> Callable[[Session], Change]:
    scan = await asyncio.to_thread(_scan_of, here, desk)

    def step(session: Session) -> Change:
        before, position = session.now, session.history.position
        try:
            work(session)
        except VesalError:  # of several steps none is taken
            while session.history.position > position:
                session.undo()
            if session.now.current != before.current:
                session.select(before.current)
            raise
        return change(desk, session, before, scan)

    return step


def _scan_of(here: Office, desk: Desk) -> ScanState:
    """The scan of a session, also if it is not there any more."""
    card = desk.card
    try:
        return _scan_state(here.scans.of(card.scan))
    except VesalError:
        return ScanState(id=card.scan, name=card.title, kind="file", bytes=0, uploaded=False)


def _scan_state(scan: Scan) -> ScanState:
    return ScanState(
        id=scan.id, name=scan.name, kind=scan.kind, bytes=scan.size_bytes, uploaded=scan.uploaded
    )
