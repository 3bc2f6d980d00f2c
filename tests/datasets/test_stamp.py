"""Tests of vesal.datasets.stamp."""

import json
import os
from dataclasses import replace
from pathlib import Path

from tests.datasets.archives import zipped
from vesal.datasets import LabelFile, Pair, Structure
from vesal.datasets.stamp import files_of, key_of, stamp_of


def pair_in(folder: Path) -> Pair:
    """A picture with a label."""
    for name in ("image.png", "label.png"):
        (folder / name).write_bytes(name.encode())
    label = LabelFile(path=folder / "label.png", structures=(Structure(name="a", values=(1,)),))
    return Pair(name="x", image=folder / "image.png", labels=(label,), patient="p")


def test_a_stamp_changes_with_files_and_with_what_is_said_of_them(tmp_path: Path) -> None:
    """And with nothing else; JSON can hold it."""
    pair = pair_in(tmp_path)
    stamp = stamp_of(pair)
    assert stamp_of(pair) == stamp
    assert json.loads(json.dumps(stamp))
    label = pair.labels[0]
    other = replace(label, structures=(Structure(name="a", values=(2,)),))
    assert stamp_of(replace(pair, labels=(other,))) != stamp
    for field in ("name", "patient", "modality", "dataset", "part"):
        assert stamp_of(replace(pair, **{field: "other"})) != stamp  # type: ignore[arg-type]
    os.utime(tmp_path / "label.png", ns=(1, 1))
    assert stamp_of(pair) != stamp


def test_files_of_a_series_and_the_archive_of_a_member_count(tmp_path: Path) -> None:
    """A slice that is added makes another image; so does another archive."""
    series = tmp_path / "series"
    (series / "inner").mkdir(parents=True)
    (series / "inner" / "1.dcm").write_bytes(b"1")
    assert files_of(series) == [series / "inner" / "1.dcm"]
    pair = Pair(name="s", image=series)
    stamp = stamp_of(pair)
    (series / "2.dcm").write_bytes(b"2")
    assert stamp_of(pair) != stamp
    archive = zipped(tmp_path / "set.zip", {"a.png": b"a"})
    member = Pair(name="m", image=archive / "a.png")
    assert files_of(member.image) == [archive]
    before = stamp_of(member)
    os.utime(archive, ns=(1, 1))
    assert stamp_of(member) != before


def test_a_key_hangs_on_the_pair_the_facts_and_the_code_that_counts(tmp_path: Path) -> None:
    """And on nothing else."""
    pair = pair_in(tmp_path)
    first = key_of(pair, 1, "a")
    assert key_of(pair, 1, "a") == first
    others = (
        key_of(pair, 1, "b"), key_of(replace(pair, patient="b"), 1, "a"),
        key_of(pair, 1, "a", rooms=("images", "usage.py")),
    )  # fmt: skip
    os.utime(tmp_path / "label.png", ns=(1, 1))
    assert len({first, *others, key_of(pair, 1, "a")}) == 5
