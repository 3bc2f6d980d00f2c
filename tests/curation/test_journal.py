"""Tests of vesal.curation.journal."""

from pathlib import Path

import pytest

from tests.curation.test_catalogue import ROWS
from vesal.curation.journal import Journal
from vesal.curation.look import Looked
from vesal.datasets import LabelFile, Pair, Signature

PAIR = Pair(name="a" * 300, image=Path("i"), labels=(LabelFile(path=Path("l")),))


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """Of a new folder."""
    found = Journal(tmp_path)
    found.begin("sam-med3d")
    return found


def test_a_look_comes_back_under_its_key_alone(journal: Journal) -> None:
    """With and without a signature."""
    for looked in (
        Looked(structures=("liver",), signature=Signature(ndim=3, bits=b"\x00\xff"), notes=("n",)),
        Looked(reason="constant", detail="every voxel is 0"),
    ):
        journal.keep_look(PAIR, "key", looked)
        assert journal.looked(PAIR, "key") == looked
        assert journal.looked(PAIR, "other") is None


def test_rows_come_back_while_their_files_are_there(journal: Journal, tmp_path: Path) -> None:
    """A file that somebody removed is made anew."""
    for name in ("i.nii.gz", "m.nii.gz"):
        (tmp_path / name).touch()
    journal.keep_rows(PAIR, "key", ROWS)
    assert journal.rows(PAIR, "key", tmp_path) == ROWS
    assert journal.rows(PAIR, "other", tmp_path) is None
    (tmp_path / "m.nii.gz").unlink()
    assert journal.rows(PAIR, "key", tmp_path) is None


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", "{}", '{"version": 1, "key": "key"}',
               '{"version": 1, "key": "key", "rows": [{"a": 1}], "reason": 1}'],
)  # fmt: skip
def test_a_damaged_file_is_as_none(journal: Journal, tmp_path: Path, damage: str) -> None:
    """Cut short, of another version, or written by hand."""
    journal.keep_rows(PAIR, "key", ROWS)
    journal.keep_look(PAIR, "key", Looked())
    for path in (tmp_path / ".curation").rglob("*.json"):
        path.write_text(damage, encoding="utf-8")
    assert journal.rows(PAIR, "key", tmp_path) is None
    assert journal.looked(PAIR, "key") is None


def test_a_new_folder_has_no_rules(tmp_path: Path) -> None:
    """An old one says by which it was made."""
    assert Journal(tmp_path).rules == ""
    Journal(tmp_path).begin("sam-med3d")
    assert Journal(tmp_path).rules == "sam-med3d"
