"""The journal outlives what kills a run."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vesal.cohort.journal import opened
from vesal.cohort.report import Entry, Row

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


@pytest.mark.parametrize(
    "line", ["{", "[]", "\xff", '{"version": 2}', '{"version": 1, "case": "ct"}']
)
def test_what_is_damaged_is_forgotten_and_told_but_stays_in_the_file(
    line: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One bad line must not cost the others, which are a night's work."""
    path = tmp_path / "journal.jsonl"
    with opened(tmp_path) as journal:
        journal.add("a", entry("a"))
    before = path.read_bytes()
    path.write_bytes(line.encode("latin-1") + b"\n" + before)
    with opened(tmp_path) as journal:
        assert journal.entry("a") == entry("a")
    assert "1 records of" in caplog.text
    assert path.read_bytes().endswith(before)


def test_a_byte_that_changed_is_not_believed(tmp_path: Path) -> None:
    """Another number of voxels would stand in the report, and the case would stay as it is."""
    path = tmp_path / "journal.jsonl"
    with opened(tmp_path) as journal:
        journal.add("a", entry("a"))
    content = path.read_bytes()
    for at in range(0, len(content) - 1, 7):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        with opened(tmp_path) as journal:
            assert journal.entry("a") is None, at


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
