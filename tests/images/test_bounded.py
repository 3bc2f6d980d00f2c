"""Tests of vesal.images.bounded: no room is made for what a file does not hold."""

from pathlib import Path

import pytest

from vesal.images.bounded import BoundedFile


@pytest.mark.parametrize("size", [2**62, -1, None])
def test_a_claim_beyond_the_end_gives_what_is_there(size: int | None, tmp_path: Path) -> None:
    """Python's own file asks for memory first, and there is not so much in any machine."""
    (tmp_path / "a").write_bytes(b"123456")
    with BoundedFile(tmp_path / "a") as file:
        assert file.read(2) == b"12"
        assert file.read(size) == b"3456"
        assert file.read(size) == b""
