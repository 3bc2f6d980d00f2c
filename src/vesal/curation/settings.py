"""What a curation depends on beside the data, and the file that says so beside the result."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass

from vesal import __version__
from vesal.curation.checks import Checks
from vesal.curation.rules import Rules

SHARES = (("train", 0.8), ("validation", 0.1), ("test", 0.1))
"""Of the parts, where neither the user nor the data set says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The same for all cases.

    Attributes:
        rules: what is kept, and how it is written.
        checks: what is wrong with a case, whatever the rules.
        shares: of each part, in their order, above 0 and 1 in all; for data that is not divided.
        seed: of the division; another one gives another.
        resample: bring labels on another grid to the image's, and do not leave them out.
    """

    rules: Rules
    checks: Checks = field(default_factory=Checks)
    shares: tuple[tuple[str, float], ...] = SHARES
    seed: int = 0
    resample: bool = False

    def record(self) -> dict[str, object]:
        """As it is written into settings.json; `config.settings_of` reads it back."""
        return {
            "vesal": __version__,
            "rules": self.rules.name,
            "thresholds": thresholds(self.rules),
            "checks": asdict(self.checks),
            "shares": dict(self.shares),
            "seed": self.seed,
            "resample_labels": self.resample,
        }


def thresholds(rules: object) -> dict[str, object]:
    """The numbers of rules by their names, those of a dataclass inside them too.

    Maps are none: they are what `Rules.prepare` found in the data.
    """
    found: dict[str, object] = {}
    if not is_dataclass(rules) or isinstance(rules, type):
        return found
    for one in fields(rules):
        value = getattr(rules, one.name)
        if is_dataclass(value):
            found |= thresholds(value)
        elif not isinstance(value, Mapping):
            found[one.name] = value
    return found
