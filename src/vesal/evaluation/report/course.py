"""The rounds of one object under one variant, put together again from rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vesal.evaluation.row import Row

_WORSE = 1e-9  # Dice that falls by less is the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What a method made of one object, round by round.

    Attributes:
        rows: at least one, rounds ascending.
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

    def after(self, clicks: int) -> Row:
        """The row after so many clicks, or the last before; a user who is content stops.

        0 clicks are what was said before the first one; where nothing was, the first row.
        """
        reached = [row for row in self.rows if row.round <= clicks]
        return reached[-1] if reached else self.rows[0]

    def measured_after(self, clicks: int) -> Row:
        """As `after`, but the last row in which surfaces were measured."""
        reached = [row for row in self.rows if row.round <= clicks and row.nsd is not None]
        return reached[-1] if reached else self.after(clicks)

    def clicks_to(self, dice: float) -> int | None:
        """Clicks until the mask is as good as that; None if it never is."""
        return next((row.clicks for row in self.rows if row.dice >= dice), None)

    @property
    def falls(self) -> tuple[int, int]:
        """Further rounds that lowered Dice, and further rounds."""
        pairs = list(zip(self.rows, self.rows[1:], strict=False))
        return sum(b.dice < a.dice - _WORSE for a, b in pairs), len(pairs)


def courses_of(rows: Iterable[Row]) -> tuple[Course, ...]:
    """The rows of each method, variant and object together, in the order in which they came."""
    found: dict[tuple[str, str, str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row.model, row.variant, row.case, row.object), []).append(row)
    return tuple(
        Course(rows=tuple(sorted(each, key=lambda row: row.round))) for each in found.values()
    )


def names_in_order(courses: Sequence[Course], field: str) -> tuple[str, ...]:
    """The models, or variants, in the order in which they came."""
    return tuple(dict.fromkeys(getattr(course.last, field) for course in courses))
