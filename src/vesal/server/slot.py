"""The one image that all clients of the oldest protocol share."""

import asyncio

from vesal.server.desk import Desk


class Slot:
    """A desk that may not be there yet.

    Attributes:
        desk: of the image that was sent last.
        lock: held while something is done with it.
    """

    def __init__(self) -> None:
        self.desk: Desk | None = None
        self.lock = asyncio.Lock()
