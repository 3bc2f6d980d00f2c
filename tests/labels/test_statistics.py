"""Volumes, boxes and middles of segments."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from tests.grids import RASTERS, UGLY
from vesal.images import Source
from vesal.labels import LabelMap, Segment
from vesal.labels.statistics import as_csv, as_json, statistics

SEGMENTS = tuple(Segment(number=n, name=f"s{n}", colour=(0, 0, n)) for n in (2, 5))


@pytest.mark.parametrize("name", UGLY)
def test_a_row_says_what_a_look_at_every_voxel_says(name: str) -> None:
    """Count, volume, box and middle, each computed voxel by voxel in the world."""
    grid = UGLY[name]
    array = np.random.default_rng(2).choice(np.array([0, 2], np.uint8), grid.shape)
    array[0, 0, 0] = 2
    row, empty = statistics(LabelMap(array=array, grid=grid, segments=SEGMENTS))
    index = np.argwhere(array == 2).astype(np.float64)
    assert row.voxels == len(index)
    assert row.volume_ml == pytest.approx(len(index) * grid.voxel_volume_mm3 / 1000)
    assert row.first_index == tuple(index.min(axis=0).astype(int))
    assert row.last_index == tuple(index.max(axis=0).astype(int))
    assert np.array(row.centroid_mm) == pytest.approx(grid.to_world(index).mean(axis=0))
    lengths = (np.ptp(index, axis=0) + 1) * grid.spacing_mm
    assert np.array(row.extent_mm) == pytest.approx(lengths)
    faces = grid.to_world(np.array([index.min(axis=0) - 0.5, index.max(axis=0) + 0.5]))
    assert (np.array(row.low_mm) <= faces.min(axis=0) + 1e-9).all()
    assert (np.array(row.high_mm) >= faces.max(axis=0) - 1e-9).all()
    assert (empty.name, empty.voxels, empty.volume_ml) == ("s5", 0, None)


def test_a_picture_has_an_area_and_unknown_spacing_has_neither() -> None:
    """No mm are made up."""
    array = np.full(RASTERS["detector"].shape, 2, np.uint8)
    grid = RASTERS["detector"]
    row = statistics(LabelMap(array=array, grid=grid, segments=SEGMENTS))[0]
    assert row.area_mm2 == pytest.approx(array.size * 0.2 * 0.14)
    assert row.volume_ml is None
    unknown = Source(spacing_known=False)
    row = statistics(LabelMap(array=array, grid=grid, segments=SEGMENTS, source=unknown))[0]
    assert row.area_mm2 is None


def test_rows_are_written_as_csv_and_json() -> None:
    """Both can be read by others."""
    array = np.full(UGLY["LPS"].shape, 5, np.uint8)
    rows = statistics(LabelMap(array=array, grid=UGLY["LPS"], segments=SEGMENTS))
    table = list(csv.DictReader(io.StringIO(as_csv(rows))))
    assert [line["name"] for line in table] == ["s2", "s5"]
    assert float(table[1]["volume_ml"]) == pytest.approx(rows[1].volume_ml, rel=1e-5)
    assert json.loads(as_json(rows))[1]["voxels"] == array.size


def test_a_name_that_a_spreadsheet_would_run_is_only_text() -> None:
    """Names come from files of strangers."""
    array = np.full(UGLY["LPS"].shape, 5, np.uint8)
    named = (replace(SEGMENTS[0], number=5, name="=1+1"),)
    rows = statistics(LabelMap(array=array, grid=UGLY["LPS"], segments=named))
    assert next(csv.DictReader(io.StringIO(as_csv(rows))))["name"] == "'=1+1"
