"""What a model with prompts makes of a case: its rows, and its files."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from vesal.cohort.case import Case, MaskFile, Wanted
from vesal.cohort.failure import failure
from vesal.cohort.images import Images
from vesal.cohort.place import UnreachableError
from vesal.cohort.report import Row
from vesal.cohort.settings import Settings
from vesal.cohort.stage import Stage
from vesal.errors import ResourceError
from vesal.labels import open_labels
from vesal.prompts import MaskPrompt, Prompt
from vesal.prompts.text import Typed
from vesal.session import Session
from vesal.session.region import region_on


def case_rows(
    case: Case, images: Images, stage: Stage, folder: Path, settings: Settings
) -> tuple[Row, ...]:
    """What came of a case; only what stops the whole run is raised."""
    model = settings.promptable
    try:
        session = Session(
            images.open(case, stage),
            model,
            full_history=settings.full_history,
            cache=settings.cache,
        )
        session.overlap = case.overlap
    except UnreachableError:
        raise
    except Exception as error:  # noqa: BLE001  # whatever it is, the other cases go on
        return (failure(case.name, str(case.image), "", error),)
    rows = [_row(case, wanted, session, stage, first=not i) for i, wanted in enumerate(case.wanted)]
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


def _row(case: Case, wanted: Wanted, session: Session, stage: Stage, *, first: bool) -> Row:
    """What came of one object, which is in the session afterwards if all went well."""
    started = time.perf_counter()
    if first:
        session.change(1, name=wanted.name)
    else:
        session.new(wanted.name)
    try:
        prompts = [_prompt(one, session, stage, voxel=case.voxel) for one in wanted.prompts]
        for batch in [[p] for p in prompts] if wanted.one_by_one else [prompts]:
            session.add(*batch)
    except UnreachableError:
        raise
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


def _prompt(given: Typed | MaskFile, session: Session, stage: Stage, *, voxel: bool) -> Prompt:
    grid = session.image.grid
    if isinstance(given, Typed):
        return given.on(grid, voxel=voxel)
    labels = open_labels(stage.local(given.path))
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
