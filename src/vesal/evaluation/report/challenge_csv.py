"""The table of the CVPR 2025 challenge, with the organisers' columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vesal.cells import csv_text
from vesal.errors import ConfigError
from vesal.evaluation.protocols.challenge import ROUNDS, area
from vesal.images.write import write_text

SECONDS_EACH = 90.0
"""What a case may take for each of its objects, all rounds together."""

_NUMBERS = range(1, ROUNDS + 1)
COLUMNS = (
    "CaseName",
    "TotalRunningTime",
    *(f"RunningTime_{n}" for n in _NUMBERS),
    "DSC_AUC",
    "NSD_AUC",
    "DSC_Final",
    "NSD_Final",
    *(f"DSC_{n}" for n in _NUMBERS),
    *(f"NSD_{n}" for n in _NUMBERS),
    "num_class",
    "runtime_upperbound",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseScores:
    """One image, each list with a number for each of the six rounds.

    Attributes:
        name: of the file.
        seconds: that the answers took.
        dsc: mean Dice of its objects.
        nsd: mean surface Dice of its objects.
        classes: number of its objects.

    Raises:
        ConfigError: not six rounds, or no object.
    """

    name: str
    seconds: tuple[float, ...]
    dsc: tuple[float, ...]
    nsd: tuple[float, ...]
    classes: int

    def __post_init__(self) -> None:
        lengths = [len(each) for each in (self.seconds, self.dsc, self.nsd)]
        if lengths != [ROUNDS] * 3 or self.classes < 1:
            msg = (
                f"a case of the challenge has {ROUNDS} rounds and 1 object or more, got {lengths} "
                f"rounds and {self.classes} objects for {self.name}"
            )
            raise ConfigError(msg)


def write_challenge(path: Path, cases: Sequence[CaseScores]) -> Path:
    """Write one row for each case, in their order, in one step; return the path.

    Raises:
        ResourceError: if the disk refuses.
    """
    write_text(path, csv_text(COLUMNS, map(_values, cases), digits=9))
    return path


def _values(case: CaseScores) -> list[object]:
    """The cells of a case, in the order of the columns."""
    return [
        case.name,
        float(sum(case.seconds)),
        *case.seconds,
        area(case.dsc),
        area(case.nsd),
        case.dsc[-1],
        case.nsd[-1],
        *case.dsc,
        *case.nsd,
        case.classes,
        SECONDS_EACH * case.classes,
    ]
