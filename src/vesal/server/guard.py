"""What is checked of every request before any route sees it, and added to every answer.

Plain ASGI: nothing of a body is held here, and a stream stays a stream.
"""

import asyncio
import hmac
import logging
import time
import traceback
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vesal.errors import VesalError
from vesal.server.metrics import Metrics
from vesal.server.refusals import DeniedError, ForbiddenError, NotFoundError, TooLargeError
from vesal.server.replies import refusal
from vesal.server.settings import LOOPBACK, Settings

logger = logging.getLogger(__name__)

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_SMALL_BYTES = 8 * 2**20  # of a body that holds no file: prompts, names
_FILES = (
    "/api/scans",
    "/set_image",
    "/add_",
    "/upload_",
    "/infer/",
    "/session/",
    "/datastore/",
    "/proxy/",
)
"""Beginnings of paths whose bodies hold images or masks."""

_OPEN = ("/", "/healthz", "/favicon.ico", "/auth/", "/auth/token", "/docs", "/openapi.json")
_OPEN_FOLDERS = ("/viewer/", "/static-offline-docs/")
"""What needs no key: the page's own files, and the description of the API."""

_BUG = "this is a bug in vesal; please tell us what you did: the log says where it is"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
}
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self' blob: data:; worker-src 'self' blob:; font-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content security of the page: nothing from any other host, nothing inline."""


class Guard:
    """An app behind its checks.

    Args:
        app: what answers.
        settings: of the server.
        metrics: counts answers.
    """

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        self._app, self._settings, self._metrics = app, settings, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        watched = _Answer(scope, send, self._metrics)
        try:
            check_sender(scope, self._settings)
            limit = self._limit(scope["path"])
            await self._app(scope, _Bounded(scope, receive, limit), watched.send)
        except VesalError as error:
            if watched.begun:
                raise  # half an answer cannot be taken back; the connection is closed
            await refusal(error)(scope, receive, watched.send)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise  # the server ends
            # Else the client hung up, and nobody hears an answer.
        except Exception as error:
            logger.error("a bug in vesal: %s", _place(error))  # values are patients'
            if watched.begun:
                raise
            await JSONResponse({"detail": _BUG}, 500)(scope, receive, watched.send)
        finally:
            watched.note()

    def _limit(self, path: str) -> int:
        limits = self._settings.limits
        return limits.upload_bytes if path.startswith(_FILES) else _SMALL_BYTES


def _place(error: Exception) -> str:
    """Which error it was and where, but not its text, which may name files."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    places = [f"{Path(one.filename).name}:{one.lineno}" for one in last]
    return " ".join([type(error).__name__, *places])


def check_sender(scope: Scope, settings: Settings) -> None:
    """Refuse who does not have the key, and pages of other hosts.

    A page of another host can make a browser send requests here. So on loopback, where no key
    is needed, the host by which we are called must be loopback's (or an attacker's name could be
    made to point here), and an `Origin` must be our own or one that the server was told of.

    Raises:
        DeniedError: no key or another one.
        ForbiddenError: a page of another host.
        NotFoundError: called by a name that is not ours.
    """
    headers = Headers(scope=scope)
    host = _host_of(f"//{headers.get('host', '')}")
    if settings.is_local and not settings.key and host not in LOOPBACK:
        raise NotFoundError("this server answers to 127.0.0.1 and localhost alone")
    origin = headers.get("origin")
    if origin is not None and not _is_ours(origin, headers.get("host", ""), settings.origins):
        raise ForbiddenError("a page of another host may not call this server; see --allow-origin")
    if settings.key and not _is_open(scope):
        given = headers.get("authorization", "")
        scheme, _, key = given.partition(" ")
        right = hmac.compare_digest(key.strip().encode(), settings.key.encode())
        if scheme.lower() != "bearer" or not right:
            raise DeniedError("this server needs its key: send 'Authorization: Bearer KEY'")


def _is_ours(origin: str, host: str, others: Iterable[str]) -> bool:
    try:
        return origin in others or urlsplit(origin).netloc == host
    except ValueError:
        return False


def _host_of(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _is_open(scope: Scope) -> bool:
    path = scope["path"]
    preflight = scope["method"] == "OPTIONS"  # of a browser, which never sends the key with it
    return path in _OPEN or path.startswith(_OPEN_FOLDERS) or preflight


class _Bounded:
    """The body of a request, cut off with an error where it is too large."""

    def __init__(self, scope: Scope, receive: Receive, limit: int) -> None:
        self._receive, self._limit, self._size = receive, limit, 0
        declared = Headers(scope=scope).get("content-length", "0")
        self._check(int(declared) if declared.isascii() and declared.isdigit() else 0)

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._size += len(message.get("body", b""))
            self._check(self._size)
        return message

    def _check(self, size: int) -> None:
        if size > self._limit:
            msg = f"this server takes at most {self._limit / 2**20:,.0f} MiB here; send less"
            raise TooLargeError(msg)


class _Answer:
    """An answer on its way: its headers are completed, and it is noted when it is over.

    The log has the route and never the path, whose names may be patients'.
    """

    def __init__(self, scope: Scope, send: Send, metrics: Metrics) -> None:
        self._scope, self._send, self._metrics = scope, send, metrics
        self._started = time.monotonic()
        self._status = 0

    @property
    def begun(self) -> bool:
        """Whether the client has got the head of it."""
        return self._status > 0

    async def send(self, message: Message) -> None:
        """Pass a part of the answer on."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store")
        await self._send(message)

    def note(self) -> None:
        """Count and log the answer."""
        seconds = time.monotonic() - self._started
        route = getattr(self._scope.get("route"), "path", "other")
        method = self._scope["method"] if self._scope["method"] in _METHODS else "other"
        self._metrics.answered(method, route, self._status, seconds)
        logger.info("%s %s %d %.0f ms", method, route, self._status, 1000 * seconds)
