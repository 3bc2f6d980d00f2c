"""The first look at a case: can it be used at all, what is in it, and what is its image like."""

from dataclasses import dataclass

from vesal.curation.checks import EMPTY, UNOPENED, Checks, image_problem, split_full, why_unread
from vesal.datasets import Pair, Signature, open_pair, signature


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A case to be looked at.

    Attributes:
        pair: on the disk.
        checks: that it is to pass.
        resample: bring labels on another grid to the image's.
    """

    pair: Pair
    checks: Checks
    resample: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What the first look found.

    Attributes:
        reason: why the case is of no use; "" if it is.
        detail: the same in a sentence.
        structures: names of what is in it.
        signature: of its image; None where twins are not looked for.
        notes: what deserves a warning.
    """

    reason: str = ""
    detail: str = ""
    structures: tuple[str, ...] = ()
    signature: Signature | None = None
    notes: tuple[str, ...] = ()


def look(job: Look) -> Looked:
    """Read a case and check it; whatever is wrong with it is told, not raised."""
    try:
        opened = open_pair(job.pair, resample=job.resample)
    except UNOPENED as error:
        reason, detail = why_unread(job.pair, error)
        return Looked(reason=reason, detail=detail)
    reason, detail = image_problem(opened.image, job.checks)
    targets, _ = split_full(opened, job.checks)
    if not reason and not opened.targets and not opened.absent:
        reason, detail = EMPTY, "nothing is labelled in it"
    return Looked(
        reason=reason,
        detail=detail,
        structures=tuple(target.name for target in targets),
        signature=signature(opened.image) if job.checks.find_twins else None,
        notes=opened.notes,
    )
