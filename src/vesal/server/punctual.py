"""HTTP/1.1 for clients that finish what they begin."""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

HEAD_S = 20.0
"""A client has so long for the head of a request, and then so long without a byte of its body."""


class Punctual(H11Protocol):
    """uvicorn's protocol, which closes connections on which a request does not get on.

    Otherwise a few hundred half requests hold all connections that the system lets us have.
    """

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401  # as uvicorn has it
        """Wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take bytes, and wait for more if they are not a whole request."""
        super().data_received(data)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._stop()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._stop()
        if self._is_unfinished():
            self._deadline = self.loop.call_later(HEAD_S, self._close)

    def _stop(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _is_unfinished(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # none before the first request
        return cycle is None or cycle.response_complete or cycle.more_body

    def _close(self) -> None:
        if not self._is_unfinished() or self.transport.is_closing():
            return
        if self.flow.read_paused:  # it is we who are slow
            self._wait()
        else:
            self.transport.close()
