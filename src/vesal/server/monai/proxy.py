"""The DICOMweb server behind this one for OHIF's own requests, and OHIF itself."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import httpx
from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, StreamingResponse

from vesal.server.office import Here
from vesal.server.refusals import NotFoundError, UpstreamError

router = APIRouter(include_in_schema=False)

_ROOTS = ("qido/", "wado/", "stow/")
_PASSED = ("content-type", "content-length", "content-encoding", "transfer-syntax")
_SENT = ("accept", "content-type", "content-length")
_TIMEOUT = httpx.Timeout(60.0, read=600.0)
_OHIF_POLICY = {
    # A viewer of others: its own scripts, workers that it makes, WebAssembly codecs.
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; "
        "connect-src 'self' blob: data:; worker-src 'self' blob:; font-src 'self' data:; "
        "frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
}


@router.api_route("/proxy/dicom/{path:path}", methods=["GET", "POST"])
async def dicomweb(path: str, request: Request, here: Here) -> Response:
    """What the DICOMweb server answers."""
    if here.upstream is None:
        raise NotFoundError("this server has no DICOMweb server behind it; see --dicomweb")
    for root in _ROOTS:  # OHIF's names for its three services, which are one address
        path = path.removeprefix(root)
    plain = unquote(unquote(path))
    if ".." in plain.replace("\\", "/").split("/") or not plain.isprintable():
        raise NotFoundError("there is no such path")
    client = httpx.AsyncClient(timeout=_TIMEOUT, auth=here.upstream.login, verify=_trusted())
    sent = client.build_request(
        request.method,
        f"{here.upstream.url.rstrip('/')}/{path}",
        params=httpx.QueryParams(request.url.query),
        headers={name: request.headers[name] for name in _SENT if name in request.headers},
        content=request.stream() if request.method == "POST" else None,
    )
    try:
        answer = await client.send(sent, stream=True)
    except httpx.HTTPError as error:
        await client.aclose()
        raise UpstreamError("the DICOMweb server behind this one does not answer") from error
    headers = {name: answer.headers[name] for name in _PASSED if name in answer.headers}

    async def pieces() -> AsyncIterator[bytes]:
        try:
            async for piece in answer.aiter_raw():
                yield piece
        finally:
            await answer.aclose()
            await client.aclose()

    return StreamingResponse(pieces(), status_code=answer.status_code, headers=headers)


@router.get("/ohif/{path:path}")
async def ohif(path: str, here: Here) -> FileResponse:
    """A file of OHIF; of a path that is none, its page."""
    folder = here.settings.ohif
    if folder is None:
        raise NotFoundError("this server does not serve OHIF; see --ohif")
    file = await asyncio.to_thread(_file_of, folder, path)
    return FileResponse(file, headers=_OHIF_POLICY)


@cache
def _trusted() -> ssl.SSLContext:
    """Whom to trust by https, read once: a viewer asks for each slice, and all others wait."""
    return httpx.create_ssl_context()


def _file_of(folder: Path, path: str) -> Path:
    root = folder.resolve()
    try:
        file = (root / path).resolve()
        if root in file.parents and file.is_file():
            return file
    except (OSError, ValueError) as error:  # longer than a disk takes, or with a null byte in it
        raise NotFoundError("OHIF has no such file") from error
    if not (root / "index.html").is_file():
        raise NotFoundError("the folder of OHIF has no index.html")
    return root / "index.html"
