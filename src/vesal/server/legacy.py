"""The protocol of SlicerNNInteractive before 1.0: one image and one mask for all who connect.

It knows no sessions, no keys and no versions, so it is served only where it was asked for.
"""

import gzip
import io
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.datastructures import FormData, UploadFile

from vesal.arrays import Voxels
from vesal.errors import ImageError, InputError, VesalError
from vesal.geometry.grid import Grid
from vesal.prompts import Prompt
from vesal.server import interactions
from vesal.server.desk import Desk, array_image, rewind
from vesal.server.fields import flag, numbers
from vesal.server.form import form_of
from vesal.server.nninteractive import json_of
from vesal.server.office import Here, Office, unless_gone
from vesal.server.slot import Slot
from vesal.session import Session

router = APIRouter(include_in_schema=False)

_NO_IMAGE = "No image uploaded"  # these very words make the client send image and segment anew
_OFF = "SlicerNNInteractive before 1.0 is served with --legacy alone; start so, or update it"
_YES = ("true", "1", "yes")
_NPY_ERRORS = (ValueError, EOFError, OSError, zlib.error, SyntaxError)


@router.post("/upload_image")
async def upload_image(request: Request, here: Here) -> Response:
    """Take the image."""

    async def take(slot: Slot) -> Response:
        limit = here.settings.limits.image_bytes
        async with form_of(request, here.settings.limits) as form:
            data = await _file(form)
            desk = await here.desks.open(lambda: array_image(npy(io.BytesIO(data), 3, limit), None))
            old, slot.desk = slot.desk, desk  # which stays if the new one cannot be opened
            if old is not None:
                await here.desks.close(old)
        return _ok()

    return await _answered(here, take)


@router.post("/upload_segment")
async def upload_segment(request: Request, here: Here) -> Response:
    """Take the mask as the user has it; an empty one begins anew."""

    async def take(slot: Slot) -> Response:
        limit = here.settings.limits.image_bytes
        async with form_of(request, here.settings.limits) as form:
            data = await _file(form)
        desk = _desk(slot)

        def begin(session: Session) -> None:
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
                mask = interactions.full_mask(npy(stream, 3, limit), session.image.grid)
            rewind(session)
            if mask.any():
                session.start(mask)

        await here.desks.act(desk, begin)
        return _ok()

    return await _answered(here, take)


async def add_point(request: Request, here: Office) -> Response:
    """Add a click."""
    wanted = await json_of(request)

    def prompts(grid: Grid) -> tuple[Prompt, ...]:
        positive = flag(wanted, "positive_click")
        return (interactions.point(wanted.get("voxel_coord"), grid, positive=positive),)

    return await _said(request, here, prompts)


async def add_box(request: Request, here: Office) -> Response:
    """Add a box; of its corners one axis is the same, that of the slice it was drawn on."""
    wanted = await json_of(request)

    def prompts(grid: Grid) -> tuple[Prompt, ...]:
        positive = flag(wanted, "positive_click")
        corners = [wanted.get("outer_point_one"), wanted.get("outer_point_two")]
        rows = [numbers(one, grid.ndim, "outer_point") for one in corners]
        lows, highs = np.min(rows, axis=0), np.max(rows, axis=0)
        highs = np.where(highs == lows, lows + 1, highs)
        pairs = np.stack([lows, highs], axis=1).tolist()
        return (interactions.box(pairs, grid, positive=positive),)

    return await _said(request, here, prompts)


async def add_drawn(request: Request, here: Office, *, filled: bool) -> Response:
    """Add a scribble, or a lasso as the area that it holds."""
    limit = here.settings.limits.image_bytes
    async with form_of(request, here.settings.limits) as form:
        positive = str(form.get("positive_click", "")).strip().lower() in _YES
        try:
            data = await _file(form)
        except InputError as error:
            return _problem(str(error))

    def prompts(grid: Grid) -> tuple[Prompt, ...]:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            mask = npy(stream, grid.ndim, limit)
        if filled:
            return interactions.lasso(mask, None, grid, positive=positive)
        return (interactions.scribble(mask, None, grid, positive=positive),)

    return await _said(request, here, prompts)


def npy(stream: io.BufferedIOBase, ndim: int, limit_bytes: int) -> Voxels:
    """The array of a .npy file, which is never unpickled.

    Args:
        stream: of the file.
        ndim: axes that it must have.
        limit_bytes: memory that it may take.

    Raises:
        ImageError: it is damaged, too large, of another number of axes or of no numbers.
    """
    try:
        version = np.lib.format.read_magic(stream)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, is_fortran, dtype = read(stream)
        size = dtype.itemsize
        for length in shape:
            size *= length
        if len(shape) != ndim or dtype.kind not in "biuf" or not 0 < size <= limit_bytes:
            msg = f"an array of {ndim} axes of numbers is needed, got {shape} of {dtype}"
            raise ImageError(msg)
        data = stream.read(size)
        flat = np.frombuffer(data, dtype)
        array: Voxels = flat.reshape(shape[::-1]).T if is_fortran else flat.reshape(shape)
        return array
    except ImageError:
        raise
    except (*_NPY_ERRORS, KeyError) as error:
        raise ImageError("the array is no .npy file, or is cut short; send it again") from error


async def _answered(here: Office, action: Callable[[Slot], Awaitable[Response]]) -> Response:
    """The answer to an action; problems are told as this protocol has it, with status 200."""
    if not here.settings.legacy:
        return _problem(_OFF)
    try:
        async with here.slot.lock:
            return await action(here.slot)
    except VesalError as error:
        return _problem(str(error))


async def _said(
    request: Request, here: Office, prompts: Callable[[Grid], tuple[Prompt, ...]]
) -> Response:
    """The whole mask after prompts."""

    async def say(slot: Slot) -> Response:
        desk = _desk(slot)

        def work(session: Session) -> bytes:
            session.add(*prompts(session.image.grid))
            mask = session.patch_of(session.current.number).full()
            return gzip.compress(np.packbits(mask).tobytes(), compresslevel=1)

        packed = await unless_gone(request, lambda: here.desks.ask(desk, work))
        headers = {"Content-Encoding": "gzip"}
        return Response(packed, media_type="application/octet-stream", headers=headers)

    return await _answered(here, say)


def _desk(slot: Slot) -> Desk:
    if slot.desk is None:
        raise InputError(_NO_IMAGE)
    return slot.desk


async def _file(form: FormData) -> bytes:
    part = form.get("file")
    if not isinstance(part, UploadFile):
        raise InputError("the form needs a part named file")
    data: bytes = await part.read()
    return data


def _ok() -> JSONResponse:
    return JSONResponse({"status": "ok"})


def _problem(message: Any) -> JSONResponse:  # noqa: ANN401
    return JSONResponse({"status": "error", "message": message})
