"""Tests of vesal.curation.case."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.curation.sets import settings, toy
from vesal.curation.case import Case, died, left_out, make
from vesal.curation.row import Row
from vesal.curation.rules import Rules
from vesal.curation.settings import Settings, thresholds
from vesal.datasets import Opened, Pair, find_pairs
from vesal.errors import ResourceError


@dataclass(frozen=True)
class Failing:
    """Rules whose work fails."""

    error: Exception
    name: str = "failing"

    def prepare(self, names: Mapping[str, Collection[str]]) -> "Failing":
        """Nothing."""
        return self

    def curate(self, opened: Opened, part: str, output: Path) -> tuple[Row, ...]:
        """Raise."""
        raise self.error

    def finish(self, rows: tuple[Row, ...], output: Path) -> None:
        """Nothing."""


def job(root: Path, rules: Rules) -> Case:
    """A case of a small data set."""
    pair = find_pairs(toy(root / "raw", 1)).pairs[0]
    return Case(pair=pair, part="test", settings=Settings(rules=rules), output=root)


def test_short_memory_costs_a_row_and_a_full_disk_the_run(tmp_path: Path) -> None:
    """The next case may fit into memory; none will fit on the disk."""
    (row,) = make(job(tmp_path, Failing(MemoryError())))
    assert (row.reason, row.detail, row.structure) == ("unreadable", "MemoryError", "")
    with pytest.raises(ResourceError):
        make(job(tmp_path, Failing(ResourceError("full"))))


def test_a_case_that_no_longer_fits_into_memory_costs_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the first round: another process may have taken the memory since."""

    def full(pair: Pair, *, resample: bool) -> Opened:
        raise ResourceError("it needs more memory than is free")

    case = job(tmp_path, settings().rules)
    monkeypatch.setattr("vesal.curation.case.open_pair", full)
    (row,) = make(case)
    assert (row.reason, row.detail) == ("unreadable", "it needs more memory than is free")


def test_a_row_of_a_whole_case_says_whose_it_is(tmp_path: Path) -> None:
    """Patient, data set and part, whatever happened."""
    case = job(tmp_path, settings().rules)
    row = died(case.pair, "test")
    assert row == left_out(case.pair, "test", "died", row.detail)
    assert (row.case, row.patient, row.dataset, row.modality) == ("case0", "case0", "Toy", "CT")


def test_thresholds_of_rules_are_named() -> None:
    """As they go into settings.json."""
    assert thresholds(settings().rules)["most_pieces"] == 5
