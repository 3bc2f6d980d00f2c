"""Tests of vesal.curation.catalogue."""

import json
from dataclasses import fields
from pathlib import Path

import pyarrow.parquet as pq

from tests.curation.sets import settings
from vesal.curation.catalogue import read_catalogue, write_catalogue
from vesal.curation.row import Row

ROWS = (
    Row(
        case="a", patient="p", dataset="D", modality="CT", part="train", structure="Kidneys",
        piece="left", image="i.nii.gz", mask="m.nii.gz", shape=(3, 4, 5),
        spacing_mm=(1.5, 1.5, 1.5), voxels=7, volume_mm3=1234.5, share=0.25, pieces=2,
    ),
    Row(case="b", patient="p", dataset="D", modality="", part="", structure="", reason="constant"),
)  # fmt: skip


def test_rows_come_back_as_they_were(tmp_path: Path) -> None:
    """Whole numbers, fractions, tuples, empty ones too."""
    assert read_catalogue(write_catalogue(tmp_path / "c.parquet", ROWS, settings())) == ROWS
    assert read_catalogue(write_catalogue(tmp_path / "e.parquet", (), settings())) == ()


def test_columns_say_their_units_and_the_table_its_settings(tmp_path: Path) -> None:
    """Every number has a unit, for those who have the file alone."""
    found = pq.read_schema(write_catalogue(tmp_path / "c.parquet", ROWS, settings()))
    assert found.names == [field.name for field in fields(Row)]
    for field in fields(Row):
        if field.type not in (str,):
            assert found.field(field.name).metadata[b"unit"]
    assert found.field("volume_mm3").metadata[b"unit"] == b"mm^3"
    assert json.loads(found.metadata[b"vesal"])["thresholds"]["least_extent_mm"] == 15.0


def test_equal_rows_are_equal_bytes(tmp_path: Path) -> None:
    """No time is in it."""
    first = write_catalogue(tmp_path / "1.parquet", ROWS, settings()).read_bytes()
    assert write_catalogue(tmp_path / "2.parquet", ROWS, settings()).read_bytes() == first
