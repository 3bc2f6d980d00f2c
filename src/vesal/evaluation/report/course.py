"""The rounds of one object under one variant, put together again from rows."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from vesal.evaluation.row import Row

_EQUAL = 1 - 1e-12  # Dice of equal masks
_WORSE = 1e-9  # Dice that falls by less is the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What a method made of one object, round by round.

    Attributes:
        rows: at least one, rounds ascending; see `courses_of`.
    """

    rows: tuple[Row, ...]

    @property
    def last(self) -> Row:
        """The last round: what the user is left with."""
        return self.rows[-1]

    @property
    def key(self) -> tuple[str, str]:
        """Which object it is, the same for all methods and variants."""
        return self.last.case, self.last.object

    @property
    def failed(self) -> bool:
        """Whether the method broke."""
        return self.last.status == "failed"

    @property
    def done(self) -> tuple[Row, ...]:
        """The rounds that were answered."""
        return tuple(row for row in self.rows if row.status == "done")

    def after(self, clicks: int) -> Row:
        """The row after so many clicks, or the last before; a user who is content stops.

        0 clicks are what was said before the first one; where nothing was, the first row.
        """
        reached = [row for row in self.rows if row.round <= clicks]
        return reached[-1] if reached else self.rows[0]

    def clicks_to(self, dice: float) -> int | None:
        """Clicks until the mask is as good as that; None if it never is."""
        return next((row.clicks for row in self.rows if row.dice >= dice), None)

    @property
    def falls(self) -> tuple[bool, ...]:
        """Of each further round, whether it lowered Dice."""
        return tuple(b.dice < a.dice - _WORSE for a, b in pairwise(self.rows))


def courses_of(rows: Iterable[Row]) -> tuple[Course, ...]:
    """The rows of each method, variant and object together, in the order in which they came.

    Surfaces are measured after some clicks only. If they were at all, they stand in all rows from
    then on: those of the last row that has them, of equal masks, and of an empty one after failure.
    """
    rows = list(rows)
    known = any(row.nsd is not None for row in rows)
    found: dict[tuple[str, str, str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row.model, row.variant, row.case, row.object), []).append(row)
    ordered = (sorted(each, key=lambda row: row.round) for each in found.values())
    return tuple(Course(rows=tuple(_filled(each) if known else each)) for each in ordered)


def _filled(rows: Iterable[Row]) -> Iterator[Row]:
    """See `courses_of`."""
    surfaces: tuple[float | None, ...] = (None, None, None)
    for row in rows:
        if row.nsd is not None:
            surfaces = (row.nsd, row.hd95_mm, row.assd_mm)
        elif row.status == "failed":
            surfaces = (0.0, math.inf, math.inf)
        elif row.dice >= _EQUAL:
            surfaces = (1.0, 0.0, 0.0)
        yield replace(row, nsd=surfaces[0], hd95_mm=surfaces[1], assd_mm=surfaces[2])


def names_in_order(courses: Sequence[Course], field: str) -> tuple[str, ...]:
    """The models, or variants, in the order in which they came."""
    return tuple(dict.fromkeys(getattr(course.last, field) for course in courses))
