"""The journal outlives what kills a run."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vesal.cohort.journal import opened
from vesal.cohort.report import Entry, Row
from vesal.errors import ConfigError

ROOT = Path(__file__).parents[2]


def entry(name: str, key: str = "k") -> Entry:
    """What came of a case."""
    return Entry(key=key, rows=(Row(case=name, image="ct.nii", object="é\n", status="done"),))


def test_the_last_word_on_each_case_is_there_again(tmp_path: Path) -> None:
    """Whatever letters a name has."""
    with opened(tmp_path) as journal:
        for key in ("first", "last"):
            journal.add("ct", entry("ct", key))
        journal.add("mr", entry("mr"))
    with opened(tmp_path) as journal:
        assert journal.entry("ct") == entry("ct", "last")
        assert journal.entry("mr") == entry("mr")
        assert journal.entry("us") is None


@given(cut=st.integers(min_value=0, max_value=10_000))
def test_a_journal_that_was_torn_anywhere_goes_on(
    cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What was whole before the tear stays; what is added after it is read again."""
    folder = tmp_path_factory.mktemp("torn")
    path = folder / "journal.jsonl"
    names = ("a", "b", "c")
    ends = []
    with opened(folder) as journal:
        for name in names:
            journal.add(name, entry(name))
            ends.append(path.stat().st_size)
    length = cut % (ends[-1] + 1)
    path.write_bytes(path.read_bytes()[:length])
    whole = {name for name, end in zip(names, ends, strict=True) if end <= length}
    with opened(folder) as journal:
        assert {name for name in names if journal.entry(name)} == whole
        journal.add("d", entry("d"))
    with opened(folder) as journal:
        assert {name for name in (*names, "d") if journal.entry(name)} == {*whole, "d"}


@pytest.mark.parametrize("line", ["{", "[]", '{"version": 2}', '{"version": 1, "case": "ct"}'])
def test_a_damaged_journal_is_refused(line: str, tmp_path: Path) -> None:
    """It is not overwritten: it may be all that is left of a night."""
    path = tmp_path / "journal.jsonl"
    path.write_text(f"{line}\n")
    told = r"is damaged or of another version .*\(record 1\)"
    with pytest.raises(ConfigError, match=told), opened(tmp_path):
        pass
    assert path.read_text() == f"{line}\n"


def test_two_runs_cannot_write_into_one_folder(tmp_path: Path) -> None:
    """The second one is told so, also in another process; after the first one it may."""
    code = (
        "from pathlib import Path\n"
        "from vesal.cohort.journal import opened\n"
        f"with opened(Path({str(tmp_path)!r})): pass"
    )
    words = [sys.executable, "-c", code]
    with opened(tmp_path):
        second = subprocess.run(words, capture_output=True, check=False, text=True)  # noqa: S603
    assert "another run is at work" in second.stderr
    assert subprocess.run(words, check=False).returncode == 0  # noqa: S603
