"""nnInteractive's remote protocol, version 2: 3D Slicer, napari-nninteractive, scripts.

Arrays come without an affine. Coordinates, boxes, masks and spacing share the axes of the array.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, Request, Response

from vesal import __version__
from vesal.errors import InputError, SessionError
from vesal.geometry.patch import Patch
from vesal.images import Image
from vesal.prompts import Prompt
from vesal.server import interactions
from vesal.server.desk import Desk, rewind
from vesal.server.fields import flag, record_of
from vesal.server.leases import Lease, Undoable
from vesal.server.office import Here, Office, unless_gone
from vesal.server.packed import unpack
from vesal.server.prediction import META, news_of, nothing_ran
from vesal.server.refusals import GoneError, TooLargeError
from vesal.server.replies import refusal
from vesal.session import Session

router = APIRouter(include_in_schema=False)
Reply = Response | dict[str, Any]

TOKEN = "X-Lease-Token"  # noqa: S105  # the name of a header


@router.get("/capabilities", response_model=None)
async def capabilities() -> dict[str, Any]:
    """What the clients may offer: every interaction, in 2D and 3D."""
    return {
        "supported_interactions": dict.fromkeys(
            ("points", "bbox2d", "bbox3d", "scribble", "lasso"), True
        ),
        "channel_mapping": {
            "prev_seg": 0,
            "bbox": [1, 2],
            "lasso": [1, 2],
            "points": [3, 4],
            "scribble": [5, 6],
        },
        "num_interaction_channels": 7,
        "supports_initial_label": True,
        "supports_zero_shot_label_refinement": True,
        "preferred_scribble_thickness": [2, 2, 2],
        "interaction_decay": None,
        "patch_size": None,
        "do_autozoom": True,
        "inference_session_version": f"vesal {__version__}",
        "license": "Apache-2.0",
        "supports_undo": True,
    }


@router.post("/claim", response_model=None)
async def claim(here: Here) -> dict[str, Any]:
    """A place for a client."""
    lease = here.leases.claim()
    return {
        "lease_token": lease.token,
        "idle_timeout_seconds": here.leases.idle_s,
        "liveness_timeout_seconds": here.leases.liveness_s,
        "max_sessions": here.leases.places,
    }


@router.post("/release", response_model=None)
async def release(request: Request, here: Here) -> dict[str, bool]:
    """Give a place up; who has none hears the same."""
    lease = here.leases.release(request.headers.get(TOKEN, ""))
    if lease is not None:
        await leave(here, lease)
    return {"released": True}


@router.post("/heartbeat", response_model=None)
async def heartbeat(request: Request, here: Here) -> dict[str, float]:
    """Show that a client lives."""
    return {"remaining_seconds": here.leases.remaining_s(_lease(request, here))}


@router.get("/lease_status", response_model=None)
async def lease_status(request: Request, here: Here) -> dict[str, float]:
    """How long a lease lasts if nothing more is done."""
    remaining_s = here.leases.remaining_s(_lease(request, here))
    return {"remaining_seconds": remaining_s, "idle_timeout_seconds": here.leases.idle_s}


@router.post("/set_image", response_model=None)
async def set_image(request: Request, here: Here) -> Reply:
    """Take an image; all that was done on the last one is over."""

    async def take(lease: Lease) -> Reply:
        limit = here.settings.limits.image_bytes
        data = await request.body()
        properties = _meta(request).get("image_properties")
        await leave(here, lease)

        def read() -> Image:
            return interactions.image(unpack(data, ndim=4, limit_bytes=limit), properties)

        desk = await unless_gone(request, lambda: here.desks.open(read))
        if not here.leases.holds(lease):  # given up meanwhile
            await here.desks.close(desk)
            raise GoneError("this lease has ended; connect to the server again")
        lease.desk = desk
        shape = await here.desks.act(lease.desk, lambda session: session.image.grid.shape)
        return {"original_image_shape": [1, *shape]}

    return await _acting(request, here, take)


@router.post("/set_target_buffer", response_model=None)
async def set_target_buffer(request: Request, here: Here) -> Reply:
    """Take the shape and type in which the client holds the mask; it holds zeros now."""

    async def take(lease: Lease) -> Reply:
        wanted = await json_of(request)
        grid_shape = (await _session(here, lease, lambda session: session.image.grid)).shape
        dtype = interactions.buffer_type(wanted.get("dtype"))
        limit = here.settings.limits.image_bytes
        interactions.check_buffer(wanted.get("shape"), dtype, grid_shape, limit)
        lease.dtype, lease.shown = dtype, Patch.empty(grid_shape)
        return {}

    return await _acting(request, here, take)


@router.post("/set_do_autozoom", response_model=None)
async def set_do_autozoom(request: Request, here: Here) -> Reply:
    """Take note of a wish that our models do not have: they choose their own distance."""

    async def take(_: Lease) -> Reply:
        flag(await json_of(request), "do_autozoom")
        return {}

    return await _acting(request, here, take)


@router.post("/reset_interactions", response_model=None)
async def reset_interactions(request: Request, here: Here) -> Reply:
    """Begin anew on the same image."""

    async def take(lease: Lease) -> Reply:
        await _session(here, lease, rewind)
        lease.pending, lease.undoable = (), None
        lease.shown = Patch.empty(lease.shown.whole)
        return {}

    return await _acting(request, here, take)


@router.post("/undo", response_model=None)
async def undo(request: Request, here: Here) -> Reply:
    """Take the last interaction back, once."""

    async def take(lease: Lease) -> Reply:
        last = lease.undoable
        if last is None:
            return nothing_ran()

        def back(session: Session) -> Patch:
            while session.history.position > last.position:
                session.undo()
            return _mask(session)

        mask = await _session(here, lease, back)
        lease.pending, lease.undoable = last.pending, None
        return news_of(lease, mask)

    return await _acting(request, here, take)


@router.post("/predict", response_model=None)
async def predict(request: Request, here: Here) -> Reply:
    """The answer to all interactions that were added without one."""

    async def take(lease: Lease) -> Reply:
        _desk(lease)
        if not lease.pending:
            return nothing_ran()
        return await _say(request, here, lease, (), run=True)

    return await _acting(request, here, take)


async def add_point(request: Request, here: Office) -> Reply:
    """Add a click."""

    async def take(lease: Lease) -> Reply:
        wanted = await json_of(request)
        grid = await _session(here, lease, lambda session: session.image.grid)
        positive = flag(wanted, "include_interaction")
        prompt = interactions.point(wanted.get("coordinates"), grid, positive=positive)
        return await _say(request, here, lease, (prompt,), run=_runs(wanted))

    return await _acting(request, here, take)


async def add_box(request: Request, here: Office) -> Reply:
    """Add a box."""

    async def take(lease: Lease) -> Reply:
        wanted = await json_of(request)
        grid = await _session(here, lease, lambda session: session.image.grid)
        positive = flag(wanted, "include_interaction")
        prompt = interactions.box(wanted.get("bbox_coords"), grid, positive=positive)
        return await _say(request, here, lease, (prompt,), run=_runs(wanted))

    return await _acting(request, here, take)


async def add_drawn(request: Request, here: Office, *, filled: bool) -> Reply:
    """Add a scribble, or a lasso as the area that it holds."""

    async def take(lease: Lease) -> Reply:
        wanted, mask = _meta(request), await _drawing(request, here)
        grid = await _session(here, lease, lambda session: session.image.grid)
        positive = flag(wanted, "include_interaction")
        ranges = wanted.get("interaction_bbox")
        prompts: tuple[Prompt, ...]
        if filled:
            prompts = interactions.lasso(mask, ranges, grid, positive=positive)
        else:
            prompts = (interactions.scribble(mask, ranges, grid, positive=positive),)
        return await _say(request, here, lease, prompts, run=_runs(wanted))

    return await _acting(request, here, take)


@router.post("/add_initial_seg_interaction", response_model=None)
async def add_initial_seg(request: Request, here: Here) -> Reply:
    """Begin anew from a mask; the client shows it already."""

    async def take(lease: Lease) -> Reply:
        runs = flag(_meta(request), "run_prediction", default=False)
        drawing = await _drawing(request, here)

        def begin(session: Session) -> tuple[int, Patch]:
            mask = interactions.full_mask(drawing, session.image.grid)
            position = session.history.position
            session.new()
            if mask.any():
                session.start(mask)
            return position, _mask(session)

        position, mask = await _session(here, lease, begin)
        lease.undoable = Undoable(position=position, pending=lease.pending)
        lease.pending = ()
        if runs:
            return news_of(lease, mask)
        lease.shown = mask
        return nothing_ran()

    return await _acting(request, here, take)


async def leave(here: Office, lease: Lease) -> None:
    """Give up what a lease has here, but not the lease."""
    desk, lease.desk = lease.desk, None
    lease.dtype, lease.pending, lease.undoable = None, (), None
    if desk is not None:
        await here.desks.close(desk)


async def json_of(request: Request) -> dict[str, Any]:
    """The object in a body of JSON.

    Raises:
        ConfigError: it is none.
    """
    return record_of(await request.body(), "the body of this request")


async def _acting(
    request: Request, here: Office, action: Callable[[Lease], Awaitable[Reply]]
) -> Reply:
    """The reply to an action of a lease; what is refused is 400, as the clients expect."""
    lease = _lease(request, here)
    try:
        async with _working(here, lease):
            return await action(lease)
    except (GoneError, TooLargeError):
        raise
    except (InputError, SessionError) as error:
        return refusal(error, 400)


@asynccontextmanager
async def _working(here: Office, lease: Lease) -> AsyncIterator[None]:
    """One action of a lease at a time."""
    with here.leases.acting(lease):
        async with lease.lock:
            yield


def _lease(request: Request, here: Office) -> Lease:
    return here.leases.of(request.headers.get(TOKEN, ""))


def _desk(lease: Lease) -> Desk:
    if lease.desk is None:
        raise SessionError("no image was set; set one first")
    return lease.desk


async def _session(here: Office, lease: Lease, work: Callable[[Session], Any]) -> Any:  # noqa: ANN401
    return await here.desks.act(_desk(lease), work)


async def _say(
    request: Request, here: Office, lease: Lease, prompts: tuple[Prompt, ...], *, run: bool
) -> Reply:
    """Add prompts, and answer them with all that waited if an answer is wanted."""
    if lease.dtype is None:
        raise SessionError("no target buffer was set; set one first")
    said = (*lease.pending, *prompts)

    def work(session: Session) -> tuple[int, Patch]:
        position = session.history.position
        if run:
            session.add(*said)
        return position, _mask(session)

    doing = here.desks.ask if run else here.desks.act
    desk = _desk(lease)
    position, mask = await unless_gone(request, lambda: doing(desk, work))
    lease.undoable = Undoable(position=position, pending=lease.pending)
    lease.pending = () if run else said
    return news_of(lease, mask) if run else nothing_ran()


def _mask(session: Session) -> Patch:
    return session.patch_of(session.current.number)


def _meta(request: Request) -> dict[str, Any]:
    return record_of(request.headers.get(META, ""), "the header X-Meta of this request")


async def _drawing(request: Request, here: Office) -> Any:  # noqa: ANN401
    data = await request.body()
    limit = here.settings.limits.image_bytes
    return await asyncio.to_thread(lambda: unpack(data, ndim=3, limit_bytes=limit))


def _runs(wanted: dict[str, Any]) -> bool:
    return flag(wanted, "run_prediction", default=True)
