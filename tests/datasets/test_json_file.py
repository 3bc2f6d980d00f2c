"""Tests of vesal.datasets.json_file: JSON, or one sentence."""

from pathlib import Path

import pytest

from vesal.datasets.json_file import read_object
from vesal.errors import ConfigError


def test_json_is_read_with_and_without_a_mark_of_its_encoding(tmp_path: Path) -> None:
    """Windows writes one."""
    path = tmp_path / "a.json"
    for mark in (b"", b"\xef\xbb\xbf"):
        path.write_bytes(mark + '{"ä": [1]}'.encode())
        assert read_object(path) == {"ä": [1]}


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_refused(content: bytes, tmp_path: Path) -> None:
    """In one sentence, with the name of the file."""
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"a\.json is not JSON"):
        read_object(path)


def test_a_missing_file_and_a_list_are_refused(tmp_path: Path) -> None:
    """Where an object is needed."""
    with pytest.raises(ConfigError, match="cannot be read"):
        read_object(tmp_path / "none.json")
    path = tmp_path / "a.json"
    path.write_text("[1]")
    with pytest.raises(ConfigError, match="must hold a JSON object, got list"):
        read_object(path)
