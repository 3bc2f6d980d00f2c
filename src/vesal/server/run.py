"""A server on a port, until somebody ends it."""

import signal
import socket
import ssl
import sys
from collections.abc import Callable

import uvicorn

from vesal.errors import ConfigError, ResourceError
from vesal.server.app import build_app
from vesal.server.heap import settle
from vesal.server.punctual import Punctual
from vesal.server.settings import Settings

_GRACE_S = 5  # for answers on their way when the server is ended
_HEAD_BYTES = 64 * 1024  # of a request's headers
_MOST_FILES = 65_536


def serve(settings: Settings, ready: Callable[[str], None]) -> None:
    """Serve until a signal to end.

    Args:
        settings: of the server.
        ready: told the address once the port is open.

    Raises:
        ResourceError: the port is taken, or the address is not one of this machine.
        ConfigError: a certificate that cannot be used.
        VesalError: a model that cannot be loaded, or a folder that is not there.
    """
    _check_certificate(settings)
    _raise_open_files()
    listening = _socket(settings)
    try:
        app = build_app(settings)
        settle()
        config = uvicorn.Config(
            app,
            http=Punctual,
            ssl_certfile=settings.certificate,
            ssl_keyfile=settings.certificate_key,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
            h11_max_incomplete_event_size=_HEAD_BYTES,
        )
        server = uvicorn.Server(config)
        app.state.ending = lambda: server.should_exit
        _end_with_the_terminal(server)
        host, port = listening.getsockname()[:2]
        scheme = "http" if settings.certificate is None else "https"
        ready(f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}")
        server.run(sockets=[listening])
    finally:
        listening.close()


def _end_with_the_terminal(server: uvicorn.Server) -> None:
    """End as after Ctrl+C when the terminal is closed, unless that was to be ignored (nohup)."""
    hangup = getattr(signal, "SIGHUP", None)
    if hangup is None or signal.getsignal(hangup) is signal.SIG_IGN:
        return

    def end(*_: object) -> None:
        server.should_exit = True

    signal.signal(hangup, end)


def _raise_open_files() -> None:
    """Open as many files as the system lets us: connections are files, and so are uploads."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _check_certificate(settings: Settings) -> None:
    """Read the certificate, so that a bad one is told before anything is served."""
    if settings.certificate is None:
        return
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(settings.certificate, settings.certificate_key, password="")
    except (OSError, ValueError) as error:  # that of SSL is an OSError
        msg = (
            f"the certificate {settings.certificate} cannot be used ({error}); give PEM files of a "
            "certificate and of its key, without a password"
        )
        raise ConfigError(msg) from error


def _socket(settings: Settings) -> socket.socket:
    """A socket on the wanted address."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
        listening.listen(1024)
    except OSError as error:
        listening.close()
        msg = (
            f"{settings.host}:{settings.port} cannot be listened on ({error.strerror or error}); "
            "choose another --port, or end what uses it"
        )
        raise ResourceError(msg) from error
    return listening
