"""Tests of vesal.datasets.archive: files out of zip archives, whole, split and damaged ones."""

import os
import shutil
import struct
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.datasets.archives import split, zipped
from vesal.datasets import archive_index
from vesal.datasets.archive import Archive, open_archive
from vesal.datasets.archive_records import Directory, read_directory, walk
from vesal.errors import ImageError

FILES = {
    "SAMed2Dv1/a.png": b"a" * 300,
    "SAMed2Dv1/masks/é.png": os.urandom(900),
    "empty": b"",
    "long/" + 80 * "name" + ".png": bytes(range(256)) * 20,
}


def content(archive: Archive, name: str) -> bytes:
    """A member, whole."""
    member = archive.find(name)
    assert member is not None
    return b"".join(archive.chunks(member))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_are_what_was_packed(method: int, tmp_path: Path) -> None:
    """By name; there is no other one."""
    archive = open_archive(zipped(tmp_path / "x.zip", FILES, method))
    assert list(archive.names()) == list(FILES)
    assert {name: content(archive, name) for name in FILES} == FILES
    assert archive.find("a.png") is archive.find("中") is None


@given(
    st.dictionaries(st.text("abc/é", min_size=1, max_size=8), st.binary(max_size=300), max_size=6),
    st.lists(st.integers(1, 120), max_size=5),
)
def test_split_archives_are_as_whole_ones(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes], sizes: list[int]
) -> None:
    """Wherever they are cut: through data, headers and the list of members."""
    path = zipped(tmp_path_factory.mktemp("split") / "x.zip", files)
    cut, left = [], path.stat().st_size + 4 - 23  # the end stays in the last part
    for size in sizes:
        if size < left:
            cut.append(size)
            left -= size
    archive = open_archive(split(path, cut))
    assert len(archive.directory.parts.paths) == len(cut) + 1
    assert {name: content(archive, name) for name in archive.names()} == files


@pytest.mark.skipif(shutil.which("zip") is None, reason="the program zip is not there")
def test_archives_that_zip_has_split_are_read(tmp_path: Path) -> None:
    """As the release is: .z01, .z02, ..., .zip."""
    files = {f"in/{n}.bin": os.urandom(9000 + n) if n % 2 else b"ab" * 20000 for n in range(24)}
    for name, held in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(held)
    subprocess.run(["zip", "-qrs", "64k", "x.zip", "in"], cwd=tmp_path, check=True)  # noqa: S607
    archive = open_archive(tmp_path / "x.zip")
    assert len(archive.directory.parts.paths) == 2
    assert {name: content(archive, name) for name in files} == files


def test_a_missing_part_is_named(tmp_path: Path) -> None:
    """With the folder it must be in."""
    path = split(zipped(tmp_path / "x.zip", FILES), [100, 200])
    (tmp_path / "x.z02").unlink()
    with pytest.raises(
        ImageError, match=r"x\.zip is the last of 3 parts, and x\.z02 is not beside"
    ):
        open_archive(path)


def test_large_archives_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Places and numbers of 64 bits, as zipfile writes them beyond 65,535 members."""
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 2)
    path = zipped(tmp_path / "x.zip", FILES)
    assert b"PK\6\6" in path.read_bytes()
    for front in (b"", b"#!/bin/sh\n"):
        path.write_bytes(front + path.read_bytes())
        archive = open_archive(path)
        assert {name: content(archive, name) for name in FILES} == FILES


def test_sizes_of_64_bits_stand_behind_the_name(tmp_path: Path) -> None:
    """Of a record whose own fields are full, in the order of APPNOTE 4.5.3."""
    path = zipped(tmp_path / "x.zip", {"a": b"held"}, zipfile.ZIP_STORED)
    raw = bytearray(path.read_bytes())
    at, end = raw.index(b"PK\1\2"), raw.index(b"PK\5\6")
    struct.pack_into("<2L", raw, at + 20, 2**32 - 1, 2**32 - 1)
    struct.pack_into("<L", raw, at + 42, 2**32 - 1)
    extra = struct.pack("<2H3Q", 1, 24, 4, 4, 0)
    struct.pack_into("<H", raw, at + 30, len(extra))
    struct.pack_into("<L", raw, end + 12, end - at + len(extra))
    path.write_bytes(raw[:end] + extra + raw[end:])
    assert content(open_archive(path), "a") == b"held"


def test_what_stands_in_front_is_passed_over(tmp_path: Path) -> None:
    """A program that unpacks itself; places are then counted from behind it."""
    path = zipped(tmp_path / "x.zip", FILES)
    path.write_bytes(b"#!/bin/sh\n" * 20 + path.read_bytes())
    assert content(open_archive(path), "SAMed2Dv1/a.png") == FILES["SAMed2Dv1/a.png"]


def test_old_letters_are_found(tmp_path: Path) -> None:
    """Names in the letters of the first PCs, without the flag of UTF-8."""
    path = zipped(tmp_path / "x.zip", {"é": b"held"})
    raw = path.read_bytes().replace("é".encode(), "é".encode("cp437") + b"_")
    raw = raw.replace(b"\x00\x08\x08\x00", b"\x00\x00\x08\x00")  # flags, then the method
    path.write_bytes(raw)
    assert content(open_archive(path), "é_") == b"held"


def test_the_last_of_two_members_of_one_name_counts(tmp_path: Path) -> None:
    """As for every program that unpacks."""
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a", b"old")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a", b"new")
    assert content(open_archive(tmp_path / "x.zip"), "a") == b"new"


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_damaged_members_are_refused(method: int, tmp_path: Path) -> None:
    """A bit that has turned, wherever in the data."""
    raw = zipped(tmp_path / "x.zip", {"a.png": bytes(range(200))}, method).read_bytes()
    for at in range(45, raw.index(b"PK\1\2") - 2, 17):
        path = tmp_path / f"{at}.zip"
        path.write_bytes(raw[:at] + bytes([raw[at] ^ 16]) + raw[at + 1 :])
        with pytest.raises(ImageError, match=r"a\.png in .*zip is damaged"):
            content(open_archive(path), "a.png")


def test_more_than_was_promised_does_not_come_out(tmp_path: Path) -> None:
    """A bomb: the list says 10 bytes, and a million are behind it."""
    raw = bytearray(zipped(tmp_path / "x.zip", {"a": bytes(10**6)}).read_bytes())
    struct.pack_into("<L", raw, raw.index(b"PK\1\2") + 24, 10)
    (tmp_path / "x.zip").write_bytes(raw)
    archive = open_archive(tmp_path / "x.zip")
    member = archive.find("a")
    assert member is not None
    came = []
    with pytest.raises(ImageError, match="damaged"):
        came += list(archive.chunks(member))
    assert not came


def test_what_cannot_be_unpacked_is_refused(tmp_path: Path) -> None:
    """Another way of packing, and a password."""
    path = zipped(tmp_path / "x.zip", {"a": b"a" * 99}, zipfile.ZIP_BZIP2)
    with pytest.raises(ImageError, match=r"a in x\.zip is packed by method 12, only 0"):
        content(open_archive(path), "a")
    raw = bytearray(zipped(tmp_path / "y.zip", {"a": b"b"}).read_bytes())
    raw[raw.index(b"PK\1\2") + 8] |= 1
    (tmp_path / "y.zip").write_bytes(raw)
    with pytest.raises(ImageError, match=r"a in y\.zip is encrypted"):
        content(open_archive(tmp_path / "y.zip"), "a")


@given(st.data())
def test_archives_cut_short_or_changed_are_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Never another error, never other bytes than those of a member."""
    folder = tmp_path_factory.mktemp("damage")
    raw = bytearray(zipped(folder / "x.zip", {"a": b"held", "b/c": b"x" * 50}).read_bytes())
    if data.draw(st.booleans()):
        raw = raw[: data.draw(st.integers(0, len(raw)))]
    elif raw:
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path = folder / "y.zip"
    path.write_bytes(raw)
    with suppress(ImageError):
        archive = open_archive(path)
        for name in ("a", "b/c"):
            assert archive.find(name) is None or content(archive, name) in (b"held", b"x" * 50)


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    """Another file, and none."""
    (tmp_path / "x.zip").write_bytes(b"hello" * 30)
    with pytest.raises(ImageError, match=r"x\.zip is damaged or no zip archive"):
        open_archive(tmp_path / "x.zip")
    with pytest.raises(ImageError, match="give an archive that exists"):
        open_archive(tmp_path / "none.zip")


def test_an_index_is_kept_beside_large_archives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list is not read again, until the archive changes or the index is damaged."""
    monkeypatch.setattr(archive_index, "_LEAST_KEPT", 3)
    walks = []

    def counted(one: Directory) -> Iterator[tuple[int, bytes, int]]:
        walks.append(one)
        return walk(one)

    monkeypatch.setattr(archive_index, "walk", counted)
    path = zipped(tmp_path / "x.zip", FILES)
    directory = read_directory(path)
    kept = tmp_path / "x.zip.index.npy"
    first = archive_index.index_of(path, directory, (1, 2))
    assert kept.is_file()
    again = archive_index.index_of(path, directory, (1, 2))
    assert first.tolist() == again.tolist()
    assert len(walks) == 1
    archive_index.index_of(path, directory, (1, 3))
    kept.write_bytes(b"no index")
    archive_index.index_of(path, directory, (1, 3))
    assert len(walks) == 3


def test_an_archive_that_has_gone_is_said(tmp_path: Path) -> None:
    """As when a share is lost between two images."""
    archive = open_archive(zipped(tmp_path / "x.zip", FILES))
    member = archive.find("empty")
    assert member is not None
    (tmp_path / "x.zip").unlink()
    with pytest.raises(ImageError, match="give an archive that exists"):
        archive.find("empty")
    with pytest.raises(ImageError, match="give an archive that exists"):
        list(archive.names())
    with pytest.raises(ImageError, match="give an archive that exists"):
        list(archive.chunks(member))


def test_small_archives_leave_no_file(tmp_path: Path) -> None:
    """Nothing is written beside them."""
    open_archive(zipped(tmp_path / "x.zip", FILES))
    assert [path.name for path in tmp_path.iterdir()] == ["x.zip"]


def test_an_index_that_cannot_be_kept_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As on a share that is read only; the log says so."""
    monkeypatch.setattr(archive_index, "_LEAST_KEPT", 1)
    path = zipped(tmp_path / "x.zip", FILES)
    (tmp_path / "x.zip.index.npy").mkdir()
    assert content(open_archive(path), "empty") == b""
    assert "no index is kept beside the archive" in caplog.text
