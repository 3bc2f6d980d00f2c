"""Who works here over nnInteractive's protocol, and for how long without a sign of life.

Two clocks: actions keep a lease from being idle; any request, a heartbeat too, shows that its
client lives. Work that is being done counts as both.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from vesal.geometry.patch import Patch
from vesal.prompts import Prompt
from vesal.server.desk import Desk
from vesal.server.refusals import BusyError, GoneError


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoable:
    """What the last interaction added, so that it can be taken back, once."""

    position: int
    """Of the session's history before it."""
    pending: tuple[Prompt, ...]
    """Prompts that waited before it."""


@dataclass(slots=True, kw_only=True, eq=False)
class Lease:
    """One client of nnInteractive.

    Attributes:
        token: that its requests carry.
        acted_at: of the last action, in seconds of the clock.
        alive_at: of the last request.
        desk: of its image, once it has sent one.
        dtype: of its target buffer, once it has set one.
        shown: what it knows of the mask.
        pending: prompts of which it has not asked for an answer.
        undoable: its last interaction.
        at_work: requests that are being answered.
        lock: held by the one that is.
    """

    token: str
    acted_at: float
    alive_at: float
    desk: Desk | None = None
    dtype: np.dtype[np.generic] | None = None
    shown: Patch = field(default_factory=lambda: Patch.empty((0, 0, 0)))
    pending: tuple[Prompt, ...] = ()
    undoable: Undoable | None = None
    at_work: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Leases:
    """All leases.

    Args:
        places: leases at once.
        idle_s: that a lease may go without an action.
        liveness_s: that it may go without any request.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        places: int,
        idle_s: float,
        liveness_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.places, self.idle_s, self.liveness_s = places, idle_s, liveness_s
        self._clock = clock
        self._leases: dict[str, Lease] = {}

    def __len__(self) -> int:
        return len(self._leases)

    def claim(self) -> Lease:
        """A new lease.

        Raises:
            BusyError: all places are taken.
        """
        alive = [lease for lease in self._leases.values() if not self._is_over(lease)]
        if len(alive) >= self.places:
            msg = f"all {self.places} places of this server are taken; try again later"
            raise BusyError(msg)
        now = self._clock()
        lease = Lease(token=secrets.token_hex(16), acted_at=now, alive_at=now)
        self._leases[lease.token] = lease
        return lease

    def of(self, token: str) -> Lease:
        """The lease of a token, whose client has just shown that it lives.

        Raises:
            GoneError: there is none, or it has ended.
        """
        lease = self._leases.get(token)
        if lease is None or self._is_over(lease):
            raise GoneError("this lease has ended or never was; connect to the server again")
        lease.alive_at = self._clock()
        return lease

    @contextmanager
    def acting(self, lease: Lease) -> Iterator[None]:
        """Count what is done inside this block as an action of a lease."""
        lease.acted_at = self._clock()
        lease.at_work += 1
        try:
            yield
        finally:
            lease.at_work -= 1
            lease.acted_at = lease.alive_at = self._clock()

    def remaining_s(self, lease: Lease) -> float:
        """Seconds until a lease ends if nothing more is done."""
        return max(0.0, lease.acted_at + self.idle_s - self._clock())

    def release(self, token: str) -> Lease | None:
        """End a lease; None if there is none."""
        return self._leases.pop(token, None)

    def holds(self, lease: Lease) -> bool:
        """Whether a lease has not been given up."""
        return self._leases.get(lease.token) is lease

    def ended(self) -> tuple[Lease, ...]:
        """The leases that are over, which are no longer kept."""
        over = tuple(lease for lease in self._leases.values() if self._is_over(lease))
        for lease in over:
            del self._leases[lease.token]
        return over

    def _is_over(self, lease: Lease) -> bool:
        now = self._clock()
        if lease.at_work:
            return False
        return now > lease.acted_at + self.idle_s or now > lease.alive_at + self.liveness_s
