"""Runs the cases of a cohort, one after the other; what is done is never lost or done twice."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vesal.cohort.case import Case, MaskFile, Wanted
from vesal.cohort.failure import failure
from vesal.cohort.report import Entry, Report, Row
from vesal.cohort.results import check_results, remove_leftovers, results_of
from vesal.errors import ResourceError
from vesal.images import Image, open_image
from vesal.images.fingerprint import file_stamp
from vesal.labels import open_labels
from vesal.models.promptable import Promptable
from vesal.progress import Progress, silent
from vesal.prompts import MaskPrompt, Prompt
from vesal.prompts.text import Typed
from vesal.session import Session
from vesal.session.region import region_on


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
    keep: Sequence[Path] = (),
    progress: Progress = silent,
) -> Outcome:
    """Segment all cases into a folder, with a report in it.

    A case that was done with the same prompts, model and image is skipped; one that fails is
    reported and the others go on. A result is there whole or not at all, and is in the report only
    after that.

    Args:
        cases: in this order.
        folder: for results and report; it exists, and no other run writes into it.
        settings: the same for all.
        again: do again what was done.
        keep: files that no result may replace, beside images and masks of the cases.
        progress: told of every case.

    Raises:
        ConfigError: a damaged report in the folder, or results that would replace what is read.
        ResourceError: the folder is full or may not be written to; what is done stays.
    """
    check_results(cases, folder, settings.suffix, each=settings.each, keep=keep)
    report = Report(folder)
    remove_leftovers(folder)
    images = _Images()
    failed = skipped = 0
    for number, case in enumerate(cases):
        progress(number, len(cases), case.name)
        key = _key(case, settings)
        entry = report.entry(case.name)
        if not again and entry is not None and _is_done(entry, key, folder):
            skipped += 1
            continue
        rows = _rows(case, images, folder, settings)
        entry = Entry(key=key, rows=_with_older(rows, case, folder, settings))
        report.add(case.name, entry)
        failed += entry.failed
    progress(len(cases), len(cases), "done")
    report.write([case.name for case in cases])
    done = len(cases) - failed - skipped
    return Outcome(done=done, failed=failed, skipped=skipped, report=report.path)


class _Images:
    """Opens images, and keeps the last one: the next case may be about it too."""

    def __init__(self) -> None:
        self._last: tuple[Path, str, Image] | None = None

    def open(self, case: Case) -> Image:
        """The image of a case; VesalError if it cannot be read."""
        path = case.image.resolve()
        if self._last is not None and self._last[:2] == (path, case.series):
            return self._last[2]
        self._last = None  # two at once may not fit into memory
        image = open_image(case.image, series=case.series or None)
        self._last = (path, case.series, image)
        return image


def _is_done(entry: Entry, key: str, folder: Path) -> bool:
    whole = all((folder / row.output).exists() for row in entry.rows if row.output)
    return entry.key == key and not entry.failed and whole


def _key(case: Case, settings: Settings) -> str:
    """Hash of all that the result of a case depends on; files by their size and time.

    Where a prompt stands in its file, and from where that is looked at, is not part of it.
    """
    files = [path.resolve() for path in case.files]
    if files[0].is_dir():
        files += sorted(files[0].rglob("*"))
    facts = [file_stamp(path) for path in files]
    said = [
        (one.name, one.one_by_one, [replace(prompt, where="") for prompt in one.prompts])
        for one in case.wanted
    ]
    about = (case.name, case.series, case.voxel, case.overlap, said)
    same = (settings.identity, settings.full_history, settings.suffix, settings.each)
    return hashlib.sha256(repr((about, facts, same)).encode()).hexdigest()


def _rows(case: Case, images: _Images, folder: Path, settings: Settings) -> tuple[Row, ...]:
    """What came of a case; only what stops the whole run is raised."""
    try:
        session = _session(images.open(case), case, settings)
    except Exception as error:  # noqa: BLE001  # whatever it is, the other cases go on
        return (failure(case.name, str(case.image), "", error),)
    rows = [_row(case, wanted, session, first=not i) for i, wanted in enumerate(case.wanted)]
    if not session.objects:
        return tuple(rows)
    try:
        outputs = _written(session, case.name, folder, settings)
    except ResourceError:  # a full disk is full for the other cases too
        raise
    except Exception as error:  # noqa: BLE001  # such as a format that cannot hold this image
        return tuple(
            failure(case.name, str(case.image), wanted.name, error) for wanted in case.wanted
        )
    return tuple(_measured(row, session, outputs) for row in rows)


def _session(image: Image, case: Case, settings: Settings) -> Session:
    session = Session(
        image, settings.model, full_history=settings.full_history, cache=settings.cache
    )
    session.overlap = case.overlap
    return session


def _row(case: Case, wanted: Wanted, session: Session, *, first: bool) -> Row:
    """What came of one object, which is in the session afterwards if all went well."""
    started = time.perf_counter()
    if first:
        session.change(1, name=wanted.name)
    else:
        session.new(wanted.name)
    try:
        prompts = [_prompt(one, session, voxel=case.voxel) for one in wanted.prompts]
        for batch in [[p] for p in prompts] if wanted.one_by_one else [prompts]:
            session.add(*batch)
    except Exception as error:  # noqa: BLE001  # whatever it is, the other objects go on
        session.delete(session.current.number)
        return failure(case.name, str(case.image), wanted.name, error)
    seconds = time.perf_counter() - started
    image = str(case.image)
    return Row(case=case.name, image=image, object=wanted.name, status="done", seconds=seconds)


def _measured(row: Row, session: Session, outputs: dict[str, str]) -> Row:
    """The row with what can be said once all objects are there: later ones may take voxels."""
    if row.status == "failed":
        return row
    session.select(next(one.number for one in session.objects if one.name == row.object))
    mask = session.mask
    return replace(
        row,
        voxels=int(np.count_nonzero(mask.array)),
        volume_ml=mask.volume_ml,
        score=session.score,
        stability=session.stability,
        notes="; ".join((*session.image.source.notes, *session.notes)),
        output=outputs[row.object],
    )


def _with_older(
    rows: Sequence[Row], case: Case, folder: Path, settings: Settings
) -> tuple[Row, ...]:
    """The rows, of which failed ones note a result that an earlier run left under their name."""
    written = {folder / row.output for row in rows if row.output}
    paths = results_of(case, folder, settings.suffix, each=settings.each)
    older = [path for path in paths if path not in written and path.exists()]
    if not older:
        return tuple(rows)
    names = ", ".join(str(path.relative_to(folder)) for path in older)
    note = f"left from an earlier run: {names}"
    return tuple(replace(row, notes=note) if row.status == "failed" else row for row in rows)


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
