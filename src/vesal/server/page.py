"""The page, its files, health and metrics: what needs no session."""

from pathlib import Path

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse, PlainTextResponse

from vesal.server.guard import PAGE_POLICY
from vesal.server.office import Here
from vesal.server.refusals import NotFoundError

_FOLDER = Path(__file__).parent / "viewer"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
_POLICY = {"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-cache"}

router = APIRouter()


@router.get("/", include_in_schema=False)
async def page() -> FileResponse:
    """The page."""
    return _file("index.html")


@router.get("/viewer/{name}", include_in_schema=False)
async def page_file(name: str) -> FileResponse:
    """A file of the page."""
    return _file(name)


@router.get("/favicon.ico", include_in_schema=False)
async def favicon() -> Response:
    """No icon: browsers ask for one."""
    return Response(status_code=204)


@router.get("/healthz")
async def health() -> dict[str, bool]:
    """That the server answers."""
    return {"ok": True}


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(here: Here) -> PlainTextResponse:
    """Counters for Prometheus."""
    return PlainTextResponse(here.metrics.text(), media_type="text/plain; version=0.0.4")


def _file(name: str) -> FileResponse:
    """A file of the page; some are packed already."""
    path = _FOLDER / name
    packed = _FOLDER / f"{name}.gz"
    if path.parent != _FOLDER or path.suffix not in _TYPES:
        raise NotFoundError("the page has no such file")
    headers = dict(_POLICY)
    if packed.is_file():
        path, headers["Content-Encoding"] = packed, "gzip"
    if not path.is_file():
        raise NotFoundError("the page has no such file")
    return FileResponse(path, media_type=_TYPES[Path(name).suffix], headers=headers)
