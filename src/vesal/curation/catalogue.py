"""The catalogue of a curated set: a row for each mask, kept or not, as a Parquet table."""

import json
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from vesal.curation.row import Row, row_of
from vesal.curation.settings import Settings
from vesal.images.write import replacing

_UNITS = {
    "shape": "voxels along each axis of the array",
    "spacing_mm": "mm along each axis of the array",
    "voxels": "voxels",
    "volume_mm3": "mm^3",
    "share": "of the grid, 0 to 1",
    "pieces": "connected components, 26 neighbours (8 in pictures)",
    "part": "train, validation, test, or empty",
    "reason": "empty where the mask was kept",
    "image": "path below this folder",
    "mask": "path below this folder",
}
_TYPES: dict[object, Any] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    tuple[int, ...]: pa.list_(pa.int32()),
    tuple[float, ...]: pa.list_(pa.float64()),
}


def schema(settings: Settings) -> pa.Schema:
    """Columns with their units, and the settings under the key ``vesal``."""
    columns = [
        pa.field(
            field.name,
            _TYPES[field.type],
            nullable=False,
            metadata={"unit": _UNITS[field.name]} if field.name in _UNITS else None,
        )
        for field in fields(Row)
    ]
    return pa.schema(columns, metadata={"vesal": json.dumps(settings.record())})


def write_catalogue(path: Path, rows: Sequence[Row], settings: Settings) -> Path:
    """Write the rows in their order, in one step, and return the path; equal rows, equal bytes.

    Raises:
        ResourceError: the disk refuses.
    """
    columns = schema(settings)
    values = {name: [getattr(row, name) for row in rows] for name in columns.names}
    table = pa.table(values, schema=columns)
    with replacing(path, ".parquet") as temporary:
        pq.write_table(table, temporary, compression="zstd")
    return path


def read_catalogue(path: Path) -> tuple[Row, ...]:
    """The rows of a catalogue."""
    records = pq.read_table(path).to_pylist()
    return tuple(row_of(record) for record in records)
