"""The four paths that both generations of nnInteractive's protocol have, with other bodies."""

import json
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request

from vesal.server import legacy, nninteractive
from vesal.server.nninteractive import TOKEN, Reply
from vesal.server.office import Here, Office
from vesal.server.refusals import GoneError

router = APIRouter(include_in_schema=False)
_Answer = Callable[[Request, Office], Awaitable[Reply]]

_OLD_KEYS = ("voxel_coord", "outer_point_one")


@router.post("/add_point_interaction", response_model=None)
async def add_point(request: Request, here: Here) -> Reply:
    """Add a click."""
    return await _by_generation(request, here, nninteractive.add_point, legacy.add_point)


@router.post("/add_bbox_interaction", response_model=None)
async def add_box(request: Request, here: Here) -> Reply:
    """Add a box."""
    return await _by_generation(request, here, nninteractive.add_box, legacy.add_box)


@router.post("/add_scribble_interaction", response_model=None)
async def add_scribble(request: Request, here: Here) -> Reply:
    """Add a scribble."""
    return await _by_generation(
        request,
        here,
        lambda request, here: nninteractive.add_drawn(request, here, filled=False),
        lambda request, here: legacy.add_drawn(request, here, filled=False),
    )


@router.post("/add_lasso_interaction", response_model=None)
async def add_lasso(request: Request, here: Here) -> Reply:
    """Add the area that a lasso holds."""
    return await _by_generation(
        request,
        here,
        lambda request, here: nninteractive.add_drawn(request, here, filled=True),
        lambda request, here: legacy.add_drawn(request, here, filled=True),
    )


async def _by_generation(request: Request, here: Office, new: _Answer, old: _Answer) -> Reply:
    """The answer by the generation that a request is of.

    A lease is new. Without one a form, or the old names of things, are old; all else is a new
    client whose lease was lost.
    """
    if TOKEN not in request.headers and await _is_old(request):
        return await old(request, here)
    if TOKEN not in request.headers:
        raise GoneError("this request has no lease; connect to the server again")
    return await new(request, here)


async def _is_old(request: Request) -> bool:
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        return True
    try:
        record = json.loads(await request.body())
    except (ValueError, RecursionError):
        return False
    return isinstance(record, dict) and any(key in record for key in _OLD_KEYS)
