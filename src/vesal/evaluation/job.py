"""One method on one case: what a worker does, and what it leaves behind."""

import math
from dataclasses import dataclass, replace
from functools import lru_cache

from vesal.datasets.likeness import Signature, signature
from vesal.datasets.open import open_pair
from vesal.datasets.opened import Opened, Target
from vesal.datasets.pair import Pair
from vesal.errors import ConfigError, InputError, ResourceError
from vesal.evaluation.item import Item, items_of
from vesal.evaluation.method import Method
from vesal.evaluation.methods.choose import method
from vesal.evaluation.play import about_item, play, said_of, start_row, with_score
from vesal.evaluation.protocols.named import protocol_named
from vesal.evaluation.protocols.protocol import Protocol, Variant
from vesal.evaluation.protocols.rules import largest_piece_box
from vesal.evaluation.protocols.together import VARIANT as TOGETHER
from vesal.evaluation.protocols.together import no_scores, play_together
from vesal.evaluation.results import Played, Result
from vesal.evaluation.row import Row
from vesal.evaluation.score import measured
from vesal.geometry.patch import Patch
from vesal.images import Image


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is the same for all cases.

    Attributes:
        protocol: its name.
        clicks: at most so many, instead of the protocol's own number.
        only: patterns of the names of structures; all if there is none.
        least_ml: smaller objects of volumes are left out.
        resample: bring labels on another grid to the image's.

    Raises:
        ConfigError: a volume that is no number from 0 on.
    """

    protocol: str
    clicks: int | None = None
    only: tuple[str, ...] = ()
    least_ml: float = 0.0
    resample: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.least_ml) and self.least_ml >= 0):
            msg = f"the least volume must be 0 ml or more, got {self.least_ml}"
            raise ConfigError(msg)

    def chosen(self) -> Protocol:
        """The protocol, with no more clicks than asked for.

        Raises:
            ConfigError: there is none of this name, or less than one click.
        """
        return protocol_named(self.protocol, self.clicks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A method, by the words that choose it, and a case."""

    spec: str
    pair: Pair
    settings: Settings
    seen: bool | None
    """Whether the method was trained on such images, where its card and the data say so."""
    key: str = ""


def run_job(job: Job) -> Result:
    """What a method makes of a case.

    Errors of the method are counted; a case that cannot be read is told in `Result.problem`.

    Raises:
        VesalError: the method cannot be built, which will not be better with other cases.
    """
    protocol, chosen = job.settings.chosen(), _method(job.spec)
    start = start_row(job.pair, chosen.name, job.seen)
    try:
        opened, notes = _chosen(job)
        if protocol.together:
            result = play_together(chosen, opened, protocol, start)
        else:
            result = _apart(chosen, opened, protocol, start)
    except (InputError, ResourceError, OSError) as error:
        return Result(key=job.key, problem=said_of(error))
    return replace(
        result,
        key=job.key,
        notes=(*opened.notes, *notes, *result.notes),
        signature=_signature(opened.image),
    )


def lost_job(job: Job, name: str, why: str) -> Result:
    """The result of a case whose worker died: every object of it is counted as not found."""
    protocol = job.settings.chosen()
    try:
        opened, notes = _chosen(job)
    except (InputError, ResourceError, OSError) as error:
        return Result(key=job.key, problem=said_of(error))
    start = replace(start_row(job.pair, name, job.seen), status="failed", message=why)
    variants = protocol.variants or (Variant(name=TOGETHER, first=largest_piece_box),)
    found = tuple(
        _lost(item, variant, protocol, start)
        for variant in variants
        for item in items_of(opened, variant.view)
    )
    tables = no_scores() if protocol.together and found else None
    return Result(key=job.key, found=found, notes=notes, lost=True, tables=tables)


def _lost(item: Item, variant: Variant, protocol: Protocol, start: Row) -> Played:
    patch = Patch.empty(item.scored.grid.shape)
    row = replace(about_item(start, item, variant.name), round=int(variant.first is None))
    truth = item.target.patch.full()
    grid = item.scored.grid
    missed = measured(patch.full(), truth, grid, tolerance_mm=protocol.tolerance_mm)
    return Played(part=item.part, rows=(with_score(row, missed),), mask=patch)


def _apart(chosen: Method, opened: Opened, protocol: Protocol, start: Row) -> Result:
    """All variants that the method can answer, each object on its own."""
    found: list[Played] = []
    notes: list[str] = []
    for variant in protocol.variants:
        if variant.needs not in chosen.prompts:
            notes.append(f"{chosen.name} answers no {variant.needs}: {variant.name!r} is left out")
            continue
        for item in items_of(opened, variant.view):
            row = about_item(start, item, variant.name)
            found.append(play(chosen, item, variant, protocol, row))
    return Result(key="", found=tuple(found), notes=tuple(notes))


def _chosen(job: Job) -> tuple[Opened, tuple[str, ...]]:
    """The case with the targets that count, and notes on those that do not."""
    opened = _opened(job.pair, job.settings)
    targets, notes = _large_enough(opened, job.settings.least_ml)
    if opened.absent:
        missing = ", ".join(opened.absent)
        notes += (f"{job.pair.name}: listed, but without a voxel: {missing}",)
    elif not opened.targets:
        notes += (f"{job.pair.name}: nothing is labelled in it, or nothing that was asked for",)
    return replace(opened, targets=targets), notes


def _large_enough(opened: Opened, least_ml: float) -> tuple[tuple[Target, ...], tuple[str, ...]]:
    """The targets that count, and a note on those that do not."""
    grid = opened.image.grid
    if not least_ml or grid.ndim == 2 or not opened.image.source.spacing_known:
        return opened.targets, ()
    least = least_ml * 1000 / grid.voxel_volume_mm3
    kept = tuple(target for target in opened.targets if target.patch.count >= least)
    small = [target.name for target in opened.targets if target not in kept]
    note = f"{opened.pair.name}: smaller than {least_ml:g} ml, left out: {', '.join(small)}"
    return kept, (note,) if small else ()


@lru_cache(maxsize=1)
def _opened(pair: Pair, settings: Settings) -> Opened:
    return open_pair(pair, resample=settings.resample, only=settings.only)


@lru_cache(maxsize=1)
def _signature(image: Image) -> Signature:
    return signature(image)


@lru_cache(maxsize=1)
def _method(spec: str) -> Method:
    return method(spec)
