"""The rules that `vesal curate --rules` knows, by name."""

from vesal.curation.rules import Rules
from vesal.curation.sam_med2d import REASONS as SAM_MED2D_REASONS
from vesal.curation.sam_med2d import SamMed2dRules
from vesal.curation.sam_med3d import REASONS as SAM_MED3D_REASONS
from vesal.curation.sam_med3d import SamMed3dRules
from vesal.errors import ConfigError

RULES: dict[str, type[Rules]] = {"sam-med2d": SamMed2dRules, "sam-med3d": SamMed3dRules}
"""A frozen dataclass of thresholds for each name."""
REASONS: dict[str, dict[str, str]] = {
    "sam-med2d": SAM_MED2D_REASONS,
    "sam-med3d": SAM_MED3D_REASONS,
}
"""For each name, the reasons of these rules in words."""


def rules_named(name: str) -> type:
    """The class of these rules.

    Raises:
        ConfigError: there are none of this name.
    """
    if name not in RULES:
        msg = f"unknown rules {name!r}; known are {', '.join(RULES)}"
        raise ConfigError(msg)
    return RULES[name]
