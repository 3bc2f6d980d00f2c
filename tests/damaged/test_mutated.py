"""Files cut short and damaged, at least 20,000 of them, in each format that vesal reads.

Whoever reads one takes it, or refuses it in one sentence: no crash, no hang, no memory without end,
no words of a library. `VESAL_FAULTS=20` tries twenty times as many, `VESAL_FAULTS_SEED=7` others.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.damaged.campaign import Reader
from tests.damaged.faulty import FAULTY
from tests.damaged.kinds import KINDS
from tests.damaged.mutations import mutated

TIMES = float(os.environ.get("VESAL_FAULTS", "1"))
SEED = int(os.environ.get("VESAL_FAULTS_SEED", "0"))
FEWEST = 20_000


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    """One process for all kinds, as long as it lives."""
    made = Reader()
    yield made
    made.close()


def test_there_are_enough_of_them() -> None:
    """In a usual run."""
    assert sum(kind.count for kind in KINDS.values()) >= FEWEST


@pytest.mark.parametrize("name", KINDS)
def test_a_damaged_file_is_taken_or_refused_in_a_sentence(name: str, reader: Reader) -> None:
    """The sentence names the file, and nothing else comes out."""
    count = int(KINDS[name].count * TIMES)
    report = reader.run(name, SEED, count)
    again = f"python -m tests.damaged.child {name!r} {SEED} INDEX {count}"
    assert not report.faults, f"{again} writes these:\n" + "\n".join(map(str, report.faults))
    assert report.accepted + report.refused == count
    assert report.refused or not KINDS[name].refuses


@pytest.mark.parametrize("name", ["nii", "dicom", "dicom series", "npz, its boxes", "pth"])
def test_a_case_has_the_same_bytes_each_time(name: str, tmp_path: Path) -> None:
    """What one process fell over can be written again by another."""
    one, other = [KINDS[name].make(made(tmp_path / word)) for word in ("one", "other")]
    assert one.core == other.core
    cases = [mutated(one.core, name, 3, index, 200) for index in range(40, 80)]
    assert cases == [mutated(other.core, name, 3, index, 200) for index in range(40, 80)]
    assert len(set(cases)) > 30


def made(folder: Path) -> Path:
    """A new folder."""
    folder.mkdir()
    return folder


@pytest.mark.parametrize("name", FAULTY)
def test_a_faulty_reader_is_found(name: str) -> None:
    """Whatever it does; the process that it ends is replaced."""
    reader = Reader(patience_s=0.5)
    try:
        report = reader.run(name, 0, FAULTY[name].count)
    finally:
        reader.close()
    assert [index for index, _ in report.faults] == list(range(FAULTY[name].count))
    assert all(name in what for _, what in report.faults), report.faults
