"""How long work tells that it advances: a callback, nothing more.

The command line draws a bar from it, the server streams it, tests count its calls.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

Progress = Callable[[int, int, str], None]
"""Called with (steps done, steps in all, what is being done)."""


def silent(done: int, total: int, text: str) -> None:
    """Ignore the report: the default wherever a progress can be given."""


@dataclass(slots=True)
class Counter:
    """A progress that remembers every report it was given, for tests."""

    reports: list[tuple[int, int, str]] = field(default_factory=list)

    def __call__(self, done: int, total: int, text: str) -> None:
        """Append the report to `reports`."""
        self.reports.append((done, total, text))

    @property
    def finished(self) -> bool:
        """True when the last report said that all steps are done."""
        return bool(self.reports) and self.reports[-1][0] == self.reports[-1][1]
