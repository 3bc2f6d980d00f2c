"""What every answer has in common: how a refusal is said, and how a file is named."""

from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from vesal.errors import ResourceError, VesalError, lacks_memory
from vesal.server.refusals import BusyError, DeniedError

_MOST_CHARACTERS = 300  # of a name that a client sent, in a sentence


def attachment(name: str) -> dict[str, str]:
    """The header that makes a browser keep a file under a name of any letters (RFC 6266)."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else "_" for c in name)
    value = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    return {"Content-Disposition": value}


def refusal(error: VesalError, status: int = 0) -> JSONResponse:
    """An error as an answer; another status than the error's own where a protocol wants it."""
    headers = {}
    if isinstance(error, BusyError):
        headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, DeniedError):
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse({"detail": str(error)}, status or error.http_status, headers=headers)


def speak_plainly(app: FastAPI) -> None:
    """Let an app answer every refusal with a status and one sentence."""

    async def refused(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, VesalError)  # noqa: S101  # what it is registered for
        return refusal(error)

    async def misshapen(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        return JSONResponse({"detail": _sentence(error)}, 422)

    async def short(_: Request, error: Exception) -> JSONResponse:
        if not lacks_memory(error):
            raise error
        msg = "the server lacks memory for this now; try again later, or send less"
        return refusal(ResourceError(msg))

    for kind in (MemoryError, RuntimeError):
        app.add_exception_handler(kind, short)
    app.add_exception_handler(VesalError, refused)
    app.add_exception_handler(RequestValidationError, misshapen)


def _sentence(error: RequestValidationError) -> str:
    """The first thing that is wrong with a request: where, and what was expected."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part != "body") or "the body"
    return f"{place}: {first['msg']}"[:_MOST_CHARACTERS]
