"""What a server says no to, beside what the floors below refuse."""

from typing import ClassVar

from vesal.errors import InputError, ResourceError, SessionError, VesalError


class NotFoundError(InputError):
    """There is no such thing here, or not any more."""

    http_status = 404


class TooLargeError(InputError):
    """More bytes or voxels than this server takes."""

    http_status = 413


class DeniedError(VesalError):
    """The key is missing or wrong."""

    http_status = 401


class ForbiddenError(VesalError):
    """Nobody may do this from there, with a key or without."""

    http_status = 403


class GoneError(SessionError):
    """A lease has ended."""

    http_status = 410


class UpstreamError(ResourceError):
    """The server behind this one cannot be reached, or refuses."""

    http_status = 502


class BusyError(ResourceError):
    """All places are taken, or too many wait already; later there is room."""

    http_status: ClassVar[int] = 503

    def __init__(self, message: str, retry_after_s: int = 10) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
