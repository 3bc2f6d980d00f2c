"""Runs an automatic model over many scans; what is done is never lost or done twice."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vesal.cohort.failure import failure
from vesal.cohort.report import REPORTS, Entry, Report, Row
from vesal.cohort.results import remove_leftovers
from vesal.cohort.run import Outcome
from vesal.datasets.image_files import stem_of
from vesal.errors import ConfigError, ResourceError
from vesal.images import open_image
from vesal.images.fingerprint import file_stamp
from vesal.inference.automatic import segment_automatically
from vesal.labels import LabelMap
from vesal.models.automatic import Automatic
from vesal.progress import Progress, silent


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomaticSettings:
    """What is the same for all scans.

    Attributes:
        model: that looks at them.
        identity: hash of the model: results of another one are made anew.
        suffix: of the results, and so their format.
        each: a file for each class in a folder for each scan, instead of one label map.
    """

    model: Automatic
    identity: str
    suffix: str = ".nii.gz"
    each: bool = False


def run_automatically(
    scans: Sequence[Path],
    folder: Path,
    settings: AutomaticSettings,
    *,
    again: bool = False,
    progress: Progress = silent,
) -> Outcome:
    """Segment all scans into a folder, with a report in it that has a row for each class.

    A scan that was done with the same model is skipped; one that fails is reported and the others
    go on. A result is there whole or not at all, and is in the report only after that.

    Args:
        scans: files, or folders with one DICOM series; results are called as they are.
        folder: for results and report; it exists, and no other run writes into it.
        settings: the same for all.
        again: do again what was done.
        progress: told of every scan.

    Raises:
        ConfigError: two scans of one name, results that would replace a scan, or a damaged report.
        ResourceError: the folder is full or may not be written to; what is done stays.
    """
    names = _names(scans)
    _check_apart(scans, folder, [f"{name}{settings.suffix}" for name in names])
    report = Report(folder)
    remove_leftovers(folder)
    failed = skipped = 0
    for number, (name, scan) in enumerate(zip(names, scans, strict=True)):
        progress(number, len(scans), name)
        key = _key(scan, settings)
        entry = report.entry(name)
        if not again and entry is not None and _is_done(entry, key, folder):
            skipped += 1
            continue
        entry = Entry(key=key, rows=_rows(name, scan, folder, settings))
        report.add(name, entry)
        failed += entry.failed
    progress(len(scans), len(scans), "done")
    report.write(names)
    done = len(scans) - failed - skipped
    return Outcome(done=done, failed=failed, skipped=skipped, report=report.path)


def _names(scans: Sequence[Path]) -> list[str]:
    names = [stem_of(scan.resolve()) for scan in scans]
    lower = [name.casefold() for name in names]
    twice = sorted({name for name, low in zip(names, lower, strict=True) if lower.count(low) > 1})
    if twice:
        msg = f"results are called as their scans, got {twice[0]!r} twice; run them one by one"
        raise ConfigError(msg)
    return names


def _check_apart(scans: Sequence[Path], folder: Path, results: Sequence[str]) -> None:
    read = {scan.resolve() for scan in scans}
    for name in (*results, *REPORTS):
        place = (folder / name).resolve()
        if place in read or not read.isdisjoint(place.parents):
            msg = f"{folder / name} would replace a scan or lie within it; choose another folder"
            raise ConfigError(msg)


def _is_done(entry: Entry, key: str, folder: Path) -> bool:
    whole = all((folder / row.output).exists() for row in entry.rows if row.output)
    return entry.key == key and not entry.failed and whole


def _key(scan: Path, settings: AutomaticSettings) -> str:
    """Hash of all that a result depends on; files by their size and time."""
    path = scan.resolve()
    files = [path, *sorted(path.rglob("*"))] if path.is_dir() else [path]
    facts = [file_stamp(file) for file in files]
    same = (settings.identity, settings.suffix, settings.each)
    return hashlib.sha256(repr((facts, same)).encode()).hexdigest()


def _rows(name: str, scan: Path, folder: Path, settings: AutomaticSettings) -> tuple[Row, ...]:
    """What came of a scan; only what stops the whole run is raised."""
    started = time.perf_counter()
    try:
        labels = segment_automatically(open_image(scan), settings.model)
        seconds = time.perf_counter() - started
        outputs = _written(labels, name, folder, settings)
    except ResourceError:  # a full disk is full for the other scans too
        raise
    except Exception as error:  # noqa: BLE001  # whatever it is, the other scans go on
        return (failure(name, str(scan), "", error),)
    counts = np.bincount(labels.array.reshape(-1), minlength=len(outputs) + 1)
    ml = labels.grid.voxel_volume_mm3 / 1000
    known = labels.grid.ndim == 3 and labels.source.spacing_known
    return tuple(
        Row(
            case=name,
            image=str(scan),
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


def _written(
    labels: LabelMap, name: str, folder: Path, settings: AutomaticSettings
) -> tuple[str, ...]:
    """The name of the file of each class."""
    if settings.each:
        paths = labels.save_each(folder / name, settings.suffix)
        return tuple(f"{name}/{path.name}" for path in paths)
    path = labels.save(folder / f"{name}{settings.suffix}")
    return (path.name,) * len(labels.segments)
