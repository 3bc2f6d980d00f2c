"""What an automatic model makes of a scan: a row for each class, and the files."""

import time
from pathlib import Path

import numpy as np

from vesal.cohort.failure import failure
from vesal.cohort.report import Row
from vesal.cohort.scan import Scan
from vesal.cohort.settings import Settings
from vesal.cohort.stage import Stage
from vesal.errors import ResourceError
from vesal.images import open_image
from vesal.inference.automatic import segment_automatically
from vesal.labels import LabelMap


def scan_rows(scan: Scan, stage: Stage, folder: Path, settings: Settings) -> tuple[Row, ...]:
    """What came of a scan; only what stops the whole run is raised."""
    model, image = settings.network, str(scan.image)
    started = time.perf_counter()
    try:
        labels = segment_automatically(open_image(stage.local(scan.image)), model)
        seconds = time.perf_counter() - started
        outputs = _written(labels, scan.name, folder, settings)
    except ResourceError:  # a full disk is full for the other scans too
        raise
    except Exception as error:  # noqa: BLE001  # whatever it is, the other scans go on
        return (failure(scan.name, image, "", error),)
    counts = np.bincount(labels.array.reshape(-1), minlength=len(outputs) + 1)
    ml = labels.grid.voxel_volume_mm3 / 1000
    known = labels.grid.ndim == 3 and labels.source.spacing_known
    return tuple(
        Row(
            case=scan.name,
            image=image,
            object=segment.name,
            status="done",
            voxels=int(counts[segment.number]),
            volume_ml=int(counts[segment.number]) * ml if known else None,
            seconds=seconds / len(outputs),
            notes="; ".join(labels.source.notes),
            output=output,
        )
        for segment, output in zip(labels.segments, outputs, strict=True)
    )


def _written(labels: LabelMap, name: str, folder: Path, settings: Settings) -> tuple[str, ...]:
    """The name of the file of each class."""
    if settings.each:
        paths = labels.save_each(folder / name, settings.suffix)
        return tuple(f"{name}/{path.name}" for path in paths)
    path = labels.save(folder / f"{name}{settings.suffix}")
    return (path.name,) * len(labels.segments)
