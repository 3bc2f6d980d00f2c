"""MONAI Label's inference: prompts in, a label file out."""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request, Response
from starlette.datastructures import FormData, UploadFile

from vesal.errors import ConfigError, InputError
from vesal.labels import LabelMap, Segment
from vesal.labels.palette import colour_of
from vesal.server.fields import Record, flag, record_of, text
from vesal.server.form import form_of
from vesal.server.monai.answering import Answered, Question
from vesal.server.monai.asked import prompts_of
from vesal.server.monai.info import SCRIBBLES
from vesal.server.monai.passing_scans import remove, take
from vesal.server.monai.sent_files import passing_folder, stored
from vesal.server.office import Here, Office, unless_gone
from vesal.server.replies import attachment
from vesal.server.scans import Scan
from vesal.server.uploads import safe_name

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Query()]

_EXTENSIONS = (".nrrd", ".nii.gz", ".nii", ".seg.nrrd", ".mha", ".seg.dcm")
_OCTETS = "application/octet-stream"


@router.post("/infer/{model}")
async def infer(
    model: str,
    request: Request,
    here: Here,
    image: Text = "",
    session_id: Text = "",
    output: Text = "",
) -> Response:
    """The mask for all prompts of a request."""
    started = time.monotonic()
    name = model.removesuffix(SCRIBBLES)
    here.models.check(name)
    async with AsyncExitStack() as stack:
        folder = await stack.enter_async_context(passing_folder())
        async with form_of(request, here.settings.limits) as form:
            params = record_of(str(form.get("params", "")), "params")
            scan = await stack.enter_async_context(_scan(here, form, session_id, image))
            part = form.get("label")
            drawn = await stored(part, folder, "drawn") if isinstance(part, UploadFile) else None
        extension = ".seg.dcm" if output == "dicom_seg" else _extension(params, scan)
        question = Question(
            scan=scan,
            model=name,
            user=text(params, "client_id")[:100],
            label=text(params, "label")[:100],
            anew=flag(params, "reset_state", default=False),
            prompts=lambda image: prompts_of(params, drawn, image),
        )
        answered = await unless_gone(request, lambda: here.answering.answer(question))
        data = await asyncio.to_thread(_written, answered, params, folder, extension)
    about = _about(answered, params, name, time.monotonic() - started)
    return _reply(output, about, f"{safe_name(scan.name.split('.')[0])}{extension}", data)


@asynccontextmanager
async def _scan(here: Office, form: FormData, session: str, image: str) -> AsyncIterator[Scan]:
    """The scan that is asked about; one that was sent for this one request goes afterwards."""
    sent = form.get("file")
    if session:
        yield here.visits.of(session).scan
    elif isinstance(sent, UploadFile):
        scan = await take([sent], here)
        try:
            yield scan
        finally:
            await remove(here, scan)
    elif image:
        yield await here.find_scan(image)
    else:
        raise ConfigError("a request needs an image: name one, name a session, or send a file")


def _extension(params: Record, scan: Scan) -> str:
    """What the client wants, or the kind of the image's own file, as MITK takes for granted."""
    own = next((e for e in _EXTENSIONS if scan.name.endswith(e)), ".nrrd")
    wanted = params.get("result_extension") or own
    wanted = wanted if str(wanted).startswith(".") else f".{wanted}"
    if wanted not in _EXTENSIONS:
        msg = f"result_extension is one of {', '.join(_EXTENSIONS)}, got {wanted!r:.40}"
        raise ConfigError(msg)
    return str(wanted)


def _written(answered: Answered, params: Record, folder: Path, extension: str) -> bytes:
    """The mask as a file of labels, 1 inside the object."""
    image = answered.image
    name = _label(params)
    segment = Segment(number=1, name="object", colour=colour_of(1))
    if name.isprintable() and name.strip():
        segment = replace(segment, name=name[:64])
    mask = answered.patch.full().astype(np.uint8)
    made = LabelMap(array=mask, grid=image.grid, segments=(segment,), source=image.source)
    return made.save(folder / f"result{extension}").read_bytes()


def _label(params: Record) -> str:
    return text(params, "label") or text(params, "selected_label_name") or "object"


def _about(answered: Answered, params: Record, model: str, seconds: float) -> dict[str, Any]:
    return {
        "label_names": {_label(params): 1},
        "latencies": {"total": round(seconds, 3)},
        "model": model,
        "score": answered.score,
        "notes": list(answered.notes),
    }


def _reply(output: str, about: dict[str, Any], name: str, data: bytes) -> Response:
    if output == "json":
        return Response(json.dumps(about), media_type="application/json")
    if output == "image":
        return Response(data, media_type=_OCTETS, headers=attachment(name))
    if output == "dicom_seg":
        return Response(data, media_type="application/dicom", headers=attachment(name))
    if output not in ("", "all"):
        msg = f"output is one of all, image, json and dicom_seg, got {output!r:.40}"
        raise InputError(msg)
    boundary = secrets.token_hex(16)
    body = _multipart(boundary, about, name, data)
    return Response(
        b"".join(body), media_type=f"multipart/form-data; boundary={boundary}"
    )  # in one piece: the clients read the raw stream, and do not know chunks


def _multipart(boundary: str, about: dict[str, Any], name: str, data: bytes) -> Sequence[bytes]:
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else "_" for c in name)
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="params"\r\n'
        f"Content-Type: application/json\r\n\r\n{json.dumps(about)}\r\n"
        f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="{plain}"\r\n'
        f"Content-Type: {_OCTETS}\r\n\r\n"
    )
    return (head.encode(), data, f"\r\n--{boundary}--\r\n".encode())
