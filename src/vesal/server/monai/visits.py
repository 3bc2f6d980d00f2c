"""Images that MONAI Label clients sent for a while: what they call a session."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from vesal.server.refusals import NotFoundError
from vesal.server.scans import Scan

USUAL_S = 3600.0  # the reference server's
_LONGEST_S = 24 * 3600.0


@dataclass(slots=True, kw_only=True)
class Visit:
    """A scan that was sent for a while.

    Attributes:
        scan: that was sent.
        begun_at: in seconds since 1970.
        used_at: in seconds since 1970.
        expiry_s: without use it lasts so many seconds.
    """

    scan: Scan
    begun_at: float
    used_at: float
    expiry_s: float

    def record(self) -> dict[str, object]:
        """What a client is told; its paths are ours alone."""
        return {
            "name": self.scan.id,
            "path": "",
            "image": self.scan.name,
            "meta": {},
            "create_ts": int(self.begun_at),
            "last_access_ts": int(self.used_at),
            "expiry": int(self.expiry_s),
        }


class Visits:
    """All of them, by the id of the scan.

    Args:
        clock: seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._visits: dict[str, Visit] = {}

    def begin(self, scan: Scan, expiry_s: float = 0.0) -> Visit:
        """A new one; an expiry of 0 is the usual one."""
        now = self._clock()
        lasts = min(expiry_s if expiry_s > 0 else USUAL_S, _LONGEST_S)
        self._visits[scan.id] = Visit(scan=scan, begun_at=now, used_at=now, expiry_s=lasts)
        return self._visits[scan.id]

    def of(self, name: str) -> Visit:
        """The visit of an id, which is used now.

        Raises:
            NotFoundError: there is none, or not any more.
        """
        visit = self._visits.get(name)
        if visit is None or self._is_over(visit):
            raise NotFoundError("this session is not here, or not any more; send the image again")
        visit.used_at = self._clock()
        return visit

    def end(self, name: str) -> Visit:
        """The visit of an id, which is over now.

        Raises:
            NotFoundError: there is none.
        """
        visit = self.of(name)
        del self._visits[name]
        return visit

    def ended(self) -> tuple[Visit, ...]:
        """The visits that are over, which are no longer kept."""
        over = tuple(visit for visit in self._visits.values() if self._is_over(visit))
        for visit in over:
            del self._visits[visit.scan.id]
        return over

    def _is_over(self, visit: Visit) -> bool:
        return self._clock() > visit.used_at + visit.expiry_s
