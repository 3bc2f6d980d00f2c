"""How the learning rate changes over a run."""

import math
from dataclasses import dataclass

from vesal.errors import ConfigError

_KINDS = ("constant", "linear", "cosine", "steps")


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A factor for the learning rate at each step, that follows from the step alone.

    Raises:
        ConfigError: an unknown kind, or numbers out of range.
    """

    kind: str = "constant"
    """"constant", "linear" or "cosine" (fall over the last part of each cycle), or "steps"."""
    warmup_steps: int = 0
    """Steps over which the rate rises from nothing, once."""
    cycles: int = 1
    """Times the rate falls; it is whole again at the start of each."""
    fall_share: float = 1.0
    """Share of a cycle, at its end, over which the rate falls: linear and cosine."""
    last: float = 0.01
    """What is left of the rate at the end of a cycle: linear and cosine."""
    milestones: tuple[float, ...] = ()
    """Shares of a cycle at which the rate falls by `gamma`: steps."""
    gamma: float = 0.1

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            msg = f"the kind of a schedule must be one of {', '.join(_KINDS)}, got {self.kind!r}"
            raise ConfigError(msg)
        if self.warmup_steps < 0 or self.cycles < 1:
            msg = (
                "warmup_steps of a schedule must be at least 0 and cycles at least 1, "
                f"got {self.warmup_steps} and {self.cycles}"
            )
            raise ConfigError(msg)
        shares = (self.fall_share, self.last, self.gamma, *self.milestones)
        if not all(0 < share <= 1 for share in shares):
            msg = (
                "fall_share, last, gamma and milestones of a schedule must be above 0 and at most "
                f"1, got {self.fall_share}, {self.last}, {self.gamma} and {self.milestones}"
            )
            raise ConfigError(msg)

    def factor(self, step: int, steps: int) -> float:
        """What the rate is multiplied with at a step, counted from 0, of a run of ``steps``."""
        warm = min(1.0, (step + 1) / self.warmup_steps) if self.warmup_steps else 1.0
        done = math.fmod(step * self.cycles / steps, 1.0)
        return warm * self._fallen(done)

    def _fallen(self, done: float) -> float:
        """The factor where that share of a cycle is done."""
        if self.kind == "steps":
            return self.gamma ** sum(done >= milestone for milestone in self.milestones)
        left = min(1.0, (1 - done) / self.fall_share)
        if self.kind == "linear":
            return max(left, self.last)
        if self.kind == "cosine":
            return self.last + (1 - self.last) * (1 - math.cos(math.pi * left)) / 2
        return 1.0
