"""Tests of vesal.datasets.sam_med2d_list: JSON objects entry by entry."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.datasets.archives import zipped
from vesal.datasets import archive_path, sam_med2d_list
from vesal.datasets.sam_med2d_list import entries, is_listing, masks_by_image
from vesal.errors import ConfigError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 10**6) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=4,
)
OBJECTS = st.dictionaries(st.text(max_size=9), VALUES, max_size=6)


@given(OBJECTS, st.integers(1, 9), st.sampled_from([None, 0, 2]), st.booleans())
def test_entries_are_those_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory,
    content: dict[str, object],
    chunk: int,
    indent: int | None,
    ascii_only: bool,
) -> None:
    """Wherever the file is cut while it is read: in words, in letters, in numbers."""
    path = tmp_path_factory.mktemp("json") / "x.json"
    text = json.dumps(content, indent=indent, ensure_ascii=ascii_only)
    path.write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(archive_path, "_CHUNK", chunk)
        assert dict(entries(path)) == content


@pytest.mark.parametrize(
    "text", ["", "[]", '{"a": 1', '{"a" 1}', '{"a": 1 "b": 2}', "{1: 2}", '{"a": tru}', "\xff{}"]
)
def test_what_is_no_object_is_refused(text: str, tmp_path: Path) -> None:
    """Cut short, another kind, or letters that are not UTF-8."""
    path = tmp_path / "x.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError, match=r"x\.json is not a JSON object in UTF-8"):
        list(entries(path))


def test_a_mark_of_byte_order_is_passed_over(tmp_path: Path) -> None:
    """As editors of Windows write it."""
    path = tmp_path / "x.json"
    path.write_text('{"a.png": ["b.png"]}', encoding="utf-8-sig")
    assert is_listing(path)
    assert list(masks_by_image(path)) == [("a.png", ["b.png"])]


def test_endless_entries_are_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before all of a file that makes no sense is in memory."""
    monkeypatch.setattr(sam_med2d_list, "_LONGEST_ENTRY", 100)
    monkeypatch.setattr(archive_path, "_CHUNK", 50)
    path = tmp_path / "x.json"
    path.write_text('{"a": [' + "1, " * 5000)
    with pytest.raises(ConfigError, match='around \'"a": '):
        list(entries(path))


def test_both_ways_round_are_one(tmp_path: Path) -> None:
    """In an archive too."""
    archive = zipped(tmp_path / "x.zip", {"l.json": b'{"m1.png": "a.png", "m2.png": "a.png"}'})
    assert list(masks_by_image(archive / "l.json")) == [("a.png", ["m1.png", "m2.png"])]
