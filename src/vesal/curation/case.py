"""One case under the rules: what a worker does in the second round."""

from dataclasses import dataclass, replace
from pathlib import Path

from vesal.curation.checks import DIED, EMPTY, FULL, UNOPENED, split_full, why_unread
from vesal.curation.row import Row, row_for
from vesal.curation.settings import Settings
from vesal.datasets import Opened, Pair, open_pair
from vesal.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case that can be used.

    Attributes:
        pair: on the disk.
        part: that it goes to.
        settings: with the rules.
        output: folder of the curated data set, as this process sees it.
    """

    pair: Pair
    part: str
    settings: Settings
    output: Path


def make(job: Case) -> tuple[Row, ...]:
    """The rows of a case, its files written; one that can no longer be read is a single row.

    Raises:
        ResourceError: the disk refuses what is written, which will not be better with other cases.
    """
    settings = job.settings
    try:
        opened = open_pair(job.pair, resample=settings.resample)
    except UNOPENED as error:
        return (left_out(job.pair, job.part, *why_unread(job.pair, error)),)
    targets, full = split_full(opened, settings.checks)
    try:
        kept = settings.rules.curate(replace(opened, targets=targets), job.part, job.output)
    except (InputError, MemoryError) as error:
        return (left_out(job.pair, job.part, *why_unread(job.pair, error)),)
    return (
        *kept,
        *(_row(opened, job.part, name, FULL, why) for name, why in full.items()),
        *(_row(opened, job.part, name, EMPTY, "no voxel has its label") for name in opened.absent),
    )


def left_out(pair: Pair, part: str, reason: str, detail: str) -> Row:
    """The row of a whole case that is not used."""
    return replace(row_for(pair, part), reason=reason, detail=detail)


def died(pair: Pair, part: str) -> Row:
    """The row of a case that took its process down, and did so again."""
    return left_out(pair, part, DIED, "killed, out of memory, or a crash in a library")


def _row(opened: Opened, part: str, structure: str, reason: str, detail: str) -> Row:
    """The row of a mask that the rules did not see."""
    grid = opened.image.grid
    voxels = sum(one.patch.count for one in opened.targets if one.name == structure)
    return replace(
        left_out(opened.pair, part, reason, detail),
        structure=structure,
        shape=grid.shape,
        spacing_mm=grid.spacing_mm if opened.image.source.spacing_known else (),
        voxels=voxels,
        volume_mm3=voxels * grid.voxel_volume_mm3 if grid.ndim == 3 else 0.0,
        share=voxels / grid.size,
    )
