"""Tests of vesal.datasets.archive_path: paths that lead into archives."""

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from tests.datasets.archives import split, zipped
from tests.datasets.trees import nifti, scan
from vesal.datasets import LabelFile, Pair, open_pair
from vesal.datasets import archive_path as paths
from vesal.errors import ImageError, ResourceError
from vesal.images.allowance import at_most


def unpacked(path: Path) -> bytes:
    """What a program would read."""
    with paths.on_disk(path) as file:
        return file.read_bytes()


def test_a_path_leads_into_an_archive_as_into_a_folder(tmp_path: Path) -> None:
    """And is a path on the disk where it does not."""
    archive = zipped(tmp_path / "x.ZIP", {"in/a.txt": b"packed"})
    (tmp_path / "a.txt").write_bytes(b"plain")
    for path, held in ((archive / "in/a.txt", b"packed"), (tmp_path / "a.txt", b"plain")):
        assert paths.exists(path)
        assert b"".join(paths.file_chunks(path)) == held
        with paths.on_disk(path) as file:
            assert (file.name, file.read_bytes()) == ("a.txt", held)
        assert file.exists() == (file == path)
        missing = path.with_name("b.txt")
        assert not paths.exists(missing)
        with pytest.raises(ImageError, match=r"b\.txt"):
            list(paths.file_chunks(missing))
    assert paths.file_behind(archive / "in/a.txt") == archive
    assert paths.file_behind(archive) == archive
    assert paths.is_archive(archive)
    assert not paths.is_archive(tmp_path)


def test_a_folder_named_like_an_archive_is_a_folder(tmp_path: Path) -> None:
    """What is there decides, not the name."""
    file = tmp_path / "x.zip/a.txt"
    file.parent.mkdir()
    file.write_bytes(b"plain")
    assert paths.exists(file)
    assert not paths.is_archive(file.parent)


def test_no_name_leads_out_of_an_archive(tmp_path: Path) -> None:
    """Neither one that is asked for nor one that an archive holds."""
    names = ("../a.png", "/etc/b.png", "c/../../d.png", "e\\..\\f.png", "good/g.png", "folder/")
    archive = zipped(tmp_path / "x.zip", dict.fromkeys(names, b""))
    assert list(paths.names_in_archive(archive)) == ["good/g.png"]
    with pytest.raises(ImageError, match=r"leads out of x\.zip"):
        unpacked(archive / "../a.png")
    with pytest.raises(ImageError, match=r"etc/b\.png is not in"):
        unpacked(archive / "etc/b.png")


def test_members_that_would_fill_the_disk_are_refused(tmp_path: Path) -> None:
    """By what the list promises, before a byte is written; a server allows less."""
    archive = zipped(tmp_path / "x.zip", {"a": b"1" * 1000})
    with at_most(999), pytest.raises(ImageError, match="unpacks to"):
        unpacked(archive / "a")
    raw = bytearray(archive.read_bytes())
    at, end = raw.index(b"PK\1\2"), raw.index(b"PK\5\6")
    struct.pack_into("<L", raw, at + 24, 2**32 - 1)
    extra = struct.pack("<2HQ", 1, 8, 2**33)
    struct.pack_into("<H", raw, at + 30, len(extra))
    struct.pack_into("<L", raw, end + 12, end - at + len(extra))
    archive.write_bytes(raw[:end] + extra + raw[end:])
    with pytest.raises(ImageError, match=r"unpacks to 8\.6 GB, and at most 4\.3 GB"):
        unpacked(archive / "a")


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the folder that needs room."""
    archive = zipped(tmp_path / "x.zip", {"a": b"held"})

    opened = Path.open

    def full(self: Path, mode: str = "r") -> object:
        if mode == "wb":
            raise OSError(28, "No space left on device")
        return opened(self, mode)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(ResourceError, match=r"a cannot be unpacked to .*No space left"):
        unpacked(archive / "a")


def test_pairs_in_archives_are_opened(tmp_path: Path) -> None:
    """Pictures and volumes, out of a split archive too; the image knows where it came from."""
    picture = np.random.default_rng(0).integers(0, 255, (9, 7), np.uint8)
    Pillow.fromarray(picture).save(tmp_path / "i.png")
    Pillow.fromarray(((picture > 99) * 255).astype(np.uint8)).save(tmp_path / "m.png")
    nifti(tmp_path / "i.nii.gz", scan())
    nifti(tmp_path / "m.nii.gz", (scan() > 0).astype(np.uint8))
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    archive = split(zipped(tmp_path / "x.zip", files), [300, 200])
    for end, values in ((".png", picture), (".nii.gz", scan())):
        image = archive / f"i{end}"
        read = open_pair(Pair(name="a", image=image, labels=(LabelFile(path=archive / f"m{end}"),)))
        assert np.array_equal(read.image.array, values)
        assert read.image.source.path == image
        bound = 99 if end == ".png" else 0
        assert np.array_equal(read.targets[0].patch.full(), values > bound)
