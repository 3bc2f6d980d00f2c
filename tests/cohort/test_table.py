"""Tables in Parquet say what tables in CSV say."""

from pathlib import Path

import pytest

from tests.cohort.files import TABLE, folder_of_images, write
from vesal.cohort.prompt_file import read_cases
from vesal.cohort.table import parquet_table
from vesal.errors import ConfigError

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


def test_the_same_cases_are_read_from_parquet(tmp_path: Path) -> None:
    """With numbers and truths in columns of their own types."""
    folder_of_images(tmp_path)
    rows = [
        ("a.nii.gz", "liver", "point", "12,-40,33", True),
        ("a.nii.gz", "liver", "point", "1,2,3", False),
        ("a.nii.gz", "kidney", "box", "1,2,3 4,5,6", None),
        ("b/a.nii.gz", "liver", "scribble", "1,2,3 4,5,6 7,8,9", True),
        ("b/a.nii.gz", "liver", "avoid", "done.nii.gz 3,5", None),
    ]
    names = ("image", "object", "kind", "coordinates", "positive")
    table = pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    parquet.write_table(table, tmp_path / "cases.parquet")
    read = read_cases(tmp_path / "cases.parquet")
    expected = read_cases(write(tmp_path, TABLE))
    assert [case.image for case in read] == [case.image for case in expected]
    said = [
        [
            [(type(p), getattr(p, "points", ()), getattr(p, "positive", None)) for p in one.prompts]
            for case in cases
            for one in case.wanted
        ]
        for cases in (read, expected)
    ]
    assert said[0] == said[1]


def test_lists_of_numbers_are_coordinates(tmp_path: Path) -> None:
    """One point, or several."""
    table = pa.table({"coordinates": [[1.5, -2.0, 3.0]], "points": [[[1, 2], [3, 4]]]})
    parquet.write_table(table, tmp_path / "t.parquet")
    ((where, row),) = parquet_table((tmp_path / "t.parquet").read_bytes(), "t.parquet").rows
    assert (where, row) == ("row 1", {"coordinates": "1.5,-2.0,3.0", "points": "1,2 3,4"})


def test_half_a_file_is_refused(tmp_path: Path) -> None:
    """In a sentence."""
    parquet.write_table(pa.table({"image": ["a"]}), tmp_path / "t.parquet")
    content = (tmp_path / "t.parquet").read_bytes()
    with pytest.raises(ConfigError, match="is no whole Parquet file"):
        parquet_table(content[: len(content) // 2], "t.parquet")
