"""Runs the cases of a cohort, one after the other; what is done is never lost or done twice."""

import hashlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vesal.cohort.case import Case, MaskFile, Wanted
from vesal.cohort.report import Entry, Report, Row
from vesal.errors import InputError, VesalError
from vesal.images import open_image
from vesal.labels import open_labels
from vesal.models.promptable import Promptable
from vesal.progress import Progress, silent
from vesal.prompts import MaskPrompt, Prompt
from vesal.prompts.text import Typed
from vesal.session import Session
from vesal.session.region import region_on

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is the same for all cases.

    Attributes:
        model: that answers.
        identity: hash of the model: results of another one are made anew.
        full_history: see `Session`.
        suffix: of the results, and so their format.
        each: a file for each object instead of one label map.
        cache: folder for encoded parts of images.
    """

    model: Promptable
    identity: str
    full_history: bool = False
    suffix: str = ".nii.gz"
    each: bool = False
    cache: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended: numbers of cases."""

    done: int
    failed: int
    skipped: int
    report: Path


def run(
    cases: Sequence[Case],
    folder: Path,
    settings: Settings,
    *,
    again: bool = False,
    progress: Progress = silent,
) -> Outcome:
    """Segment all cases into a folder, with a report in it.

    A case that was done with the same prompts, model and image is skipped; one that fails is
    reported and the others go on. A result is there whole or not at all, and is in the report only
    after that.

    Args:
        cases: in this order.
        folder: for results and report; it exists.
        settings: the same for all.
        again: do again what was done.
        progress: told of every case.

    Raises:
        ConfigError: a damaged report in the folder.
        ResourceError: the folder is full or may not be written to; what is done stays.
    """
    report = Report(folder)
    failed = skipped = 0
    for number, case in enumerate(cases):
        progress(number, len(cases), case.name)
        key = _key(case, settings)
        entry = report.entry(case.name)
        if not again and entry is not None and _is_done(entry, key, folder):
            skipped += 1
            continue
        entry = Entry(key=key, rows=_rows(case, folder, settings))
        report.add(case.name, entry)
        failed += entry.failed
    progress(len(cases), len(cases), "done")
    report.write([case.name for case in cases])
    done = len(cases) - failed - skipped
    return Outcome(done=done, failed=failed, skipped=skipped, report=report.path)


def _is_done(entry: Entry, key: str, folder: Path) -> bool:
    whole = all((folder / row.output).exists() for row in entry.rows if row.output)
    return entry.key == key and not entry.failed and whole


def _key(case: Case, settings: Settings) -> str:
    """Hash of all that the result of a case depends on; files by their size and time."""
    files = [case.image]
    files += [p.path for one in case.wanted for p in one.prompts if isinstance(p, MaskFile)]
    if case.image.is_dir():
        files += sorted(path for path in case.image.rglob("*") if path.is_file())
    facts = [
        (str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files if path.exists()
    ]
    same = (settings.identity, settings.full_history, settings.suffix, settings.each)
    return hashlib.sha256(repr((case, facts, same)).encode()).hexdigest()


def _rows(case: Case, folder: Path, settings: Settings) -> tuple[Row, ...]:
    """What came of a case; only what stops the whole run is raised."""
    try:
        session = _opened(case, settings)
    except (VesalError, MemoryError) as error:
        return (_failure(case, "", error),)
    rows = [_row(case, wanted, session, first=not i) for i, wanted in enumerate(case.wanted)]
    names = {one.name for one in session.objects}
    for wanted, row in zip(case.wanted, rows, strict=True):
        if row.status == "failed" and wanted.name in names:
            session.delete(next(o.number for o in session.objects if o.name == wanted.name))
    if not session.objects:
        return tuple(rows)
    try:
        outputs = _written(session, case.name, folder, settings)
    except InputError as error:  # a format that cannot hold this image
        return tuple(_failure(case, wanted.name, error) for wanted in case.wanted)
    return tuple(replace(row, output=outputs.get(row.object, "")) for row in rows)


def _opened(case: Case, settings: Settings) -> Session:
    image = open_image(case.image, series=case.series) if case.series else open_image(case.image)
    session = Session(
        image, settings.model, full_history=settings.full_history, cache=settings.cache
    )
    session.overlap = case.overlap
    return session


def _row(case: Case, wanted: Wanted, session: Session, *, first: bool) -> Row:
    """What came of one object, which is then the last of the session."""
    started = time.perf_counter()
    try:
        if first:
            session.change(1, name=wanted.name)
        else:
            session.new(wanted.name)
        prompts = [_prompt(one, session, voxel=case.voxel) for one in wanted.prompts]
        for batch in [[p] for p in prompts] if wanted.one_by_one else [prompts]:
            session.add(*batch)
    except (VesalError, MemoryError) as error:
        return _failure(case, wanted.name, error)
    seconds = time.perf_counter() - started
    mask = session.mask
    return Row(
        case=case.name,
        image=str(case.image),
        object=wanted.name,
        status="done",
        voxels=int(np.count_nonzero(mask.array)),
        volume_ml=mask.volume_ml,
        score=session.score,
        stability=session.stability,
        seconds=seconds,
        notes="; ".join((*session.image.source.notes, *session.notes)),
    )


def _failure(case: Case, name: str, error: Exception) -> Row:
    message = str(error) or "the memory of this machine is used up"
    logger.warning("%s %s failed: %s", case.name, name, message)
    return Row(case=case.name, image=str(case.image), object=name, status="failed", message=message)


def _prompt(given: Typed | MaskFile, session: Session, *, voxel: bool) -> Prompt:
    grid = session.image.grid
    if isinstance(given, Typed):
        return given.on(grid, voxel=voxel)
    labels = open_labels(given.path)
    patch = region_on(grid, labels, given.numbers)
    return MaskPrompt(patch=patch, positive=given.kind == "start")


def _written(session: Session, name: str, folder: Path, settings: Settings) -> dict[str, str]:
    """The name of the file of each object."""
    labels = session.labels()
    if settings.each:
        paths = labels.save_each(folder / name, settings.suffix)
        found = zip(labels.segments, paths, strict=True)
        return {segment.name: f"{name}/{path.name}" for segment, path in found}
    path = labels.save(folder / f"{name}{settings.suffix}")
    return {segment.name: path.name for segment in labels.segments}
