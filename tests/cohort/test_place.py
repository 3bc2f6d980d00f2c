"""Places on this machine and elsewhere; a file system in memory stands for an object store."""

import uuid
from pathlib import Path

import fsspec
import pytest

from vesal.cohort.place import Remote, UnreachableError, place_of, resolved
from vesal.cohort.stage import Stage
from vesal.errors import ConfigError, ImageError, ResourceError


@pytest.fixture
def bucket() -> Remote:
    """A place of its own in memory."""
    return Remote(f"memory://{uuid.uuid4().hex}")


def test_a_text_names_a_path_or_an_address() -> None:
    """Relative ones begin at the folder of their table; absolute ones do not."""
    bucket = Remote("s3://bucket/cohort/")
    assert place_of("a/b.nii", Path("data")) == Path("data/a/b.nii")
    assert place_of("/a/b.nii", Path("data")) == Path("/a/b.nii")
    assert place_of("s3://other/b.nii", Path("data")) == Remote("s3://other/b.nii")
    assert place_of("a/b.nii", bucket) == Remote("s3://bucket/cohort/a/b.nii")
    assert place_of("file:///a/b.nii", bucket) == Path("/a/b.nii")
    assert (bucket.name, bucket.parent) == ("cohort", Remote("s3://bucket"))
    assert resolved(bucket) == bucket
    with pytest.raises(ConfigError, match="is a path of one machine"):
        place_of("/a/b.nii", bucket)


def test_what_is_put_there_is_found_and_brought_back(bucket: Remote, tmp_path: Path) -> None:
    """One object, and a folder of them; a local path stays where it is."""
    (tmp_path / "file").write_bytes(b"one")
    (bucket / "scans/one.nii").put(tmp_path / "file")
    (bucket / "scans/two.nii").write_bytes(b"two")
    assert (bucket / "scans").names() == {"one.nii", "two.nii"}
    assert (bucket / "scans").read_each() == {"one.nii": b"one", "two.nii": b"two"}
    assert (bucket / "scans/one.nii").exists()
    assert not (bucket / "scans/three.nii").exists()
    assert (bucket / "nothing").names() == frozenset()
    assert (bucket / "nothing").read_each() == {}
    with Stage() as stage:
        path = stage.local(bucket / "scans/two.nii")
        assert (path.name, path.read_bytes()) == ("two.nii", b"two")
        assert stage.local(bucket / "scans/two.nii") == path
        folder = stage.local(bucket / "scans")
        assert sorted(one.name for one in folder.iterdir()) == ["one.nii", "two.nii"]
        assert stage.local(tmp_path) == tmp_path
    assert not path.exists()


def test_a_stamp_changes_with_what_lies_there(bucket: Remote) -> None:
    """With an object, and with one more of them."""
    place = bucket / "scans/one.nii"
    place.write_bytes(b"one")
    stamps = [place.stamp(), (bucket / "scans").stamp()]
    assert stamps == [place.stamp(), (bucket / "scans").stamp()]
    place.write_bytes(b"three")
    assert place.stamp() != stamps[0]
    (bucket / "scans/two.nii").write_bytes(b"two")
    assert (bucket / "scans").stamp() != stamps[1]


def test_what_is_not_there_and_what_does_not_answer_are_two_things(
    bucket: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first concerns one case, the second all of them."""
    with pytest.raises(ImageError, match="there is no memory://"):
        (bucket / "nothing").read_bytes()
    with pytest.raises(ConfigError, match="is no address that fsspec opens"):
        Remote("odd://x/y").read_bytes()

    def broken(*_: object, **_options: object) -> None:
        raise TimeoutError("no answer")

    monkeypatch.setattr(fsspec.get_filesystem_class("memory"), "cat_file", broken)
    with pytest.raises(UnreachableError, match="the same command goes on"):
        (bucket / "x").read_bytes()


def test_a_missing_package_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for every extra."""

    def missing(*_: object, **_options: object) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr("fsspec.core.url_to_fs", missing)
    with pytest.raises(ResourceError, match=r"pip install 'vesal\[remote\]'"):
        Remote("s3://bucket/x").read_bytes()
