"""One scan, one structure: what was typed, the mask, the files."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vesal.cli.console import bar, print_facts
from vesal.errors import PromptError

if TYPE_CHECKING:
    from vesal.geometry import Grid, Patch
    from vesal.images import Image, Mask
    from vesal.prompts import Prompt
    from vesal.prompts.text import Typed
    from vesal.session import Session


_KINDS = {
    "--box": "box", "--point": "point", "--scribble": "scribble", "--lasso": "lasso",
    "--not-box": "box", "--negative": "point", "--not-scribble": "scribble", "--not-lasso": "lasso",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """By what it is segmented."""

    model: str
    full_history: bool
    cache: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """All prompts of one command line.

    Attributes:
        inside: what was typed behind each use of an option that says what belongs to it.
        outside: the same of those that say what does not.
        start: a mask to begin with.
        avoid: label maps to stay out of, each maybe with numbers behind a colon.
        voxel: whether numbers are array indices.
    """

    inside: Mapping[str, list[str] | None]
    outside: Mapping[str, list[str] | None]
    start: Path | None
    avoid: list[str]
    voxel: bool

    @property
    def is_empty(self) -> bool:
        """True if there is no prompt at all."""
        typed = any(self.inside.values()) or any(self.outside.values())
        return not (self.start or self.avoid or typed)

    def typed(self) -> "tuple[Typed, ...]":
        """The numbers, before the image says what they mean.

        Raises:
            PromptError: if it is not numbers, or nothing says what to segment.
        """
        from vesal.prompts.text import typed

        said = tuple(
            typed(option, _KINDS[option], text, positive=positive)
            for options, positive in ((self.inside, True), (self.outside, False))
            for option, texts in options.items()
            for text in texts or ()
        )
        if self.start is None and not any(one.positive for one in said):
            raise PromptError(
                "nothing says what to segment; give at least one --point, --box, --scribble, "
                "--lasso or --start"
            )
        return said


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A scan and the files that come of it."""

    scan: Path
    series: str | None
    output: Path
    picture: Path | None
    save: Path | None
    name: str | None


def segment_one(job: Job, said: Said, how: How) -> None:
    """Segment one structure, write what was wished, and print what can be said of it.

    Raises:
        VesalError: if anything that was given cannot be used; no file is written then.
    """
    from vesal.cli.output import check_paths, rehearse
    from vesal.images import open_image
    from vesal.labels.segment import check_name

    started = time.perf_counter()
    typed = said.typed()
    name = "structure" if job.name is None else job.name
    check_name(name)
    results = (job.output, job.picture, job.save)
    check_paths(job.scan, tuple(path for path in results if path is not None), job.picture)
    with bar(f"reading {job.scan.name}") as progress:
        image = open_image(job.scan, series=job.series) if job.series else open_image(job.scan)
        prompts = _masks(said, image)
        prompts += [one.on(image.grid, voxel=said.voxel) for one in typed]
        rehearse(job.output, image)
        from vesal.session import Session  # brings torch, which takes two seconds

        session = Session(
            image, how.model, full_history=how.full_history, cache=how.cache, progress=progress
        )
        session.change(1, name=name)
        session.add(*prompts)
        _write(session, job, how.model)
    facts = _found(session, image) + history_note(how)
    facts += [("time", f"{time.perf_counter() - started:.1f} s"), ("mask", str(job.output))]
    for what, path in (("picture", job.picture), ("session", job.save)):
        facts += [(what, str(path))] if path is not None else []
    print_facts(facts)


def history_note(how: How) -> list[tuple[str, str]]:
    """A note if --full-history was given to a model that is told all clicks anyway.

    Raises:
        CheckpointError: damaged weights.
    """
    if not how.full_history:
        return []
    from vesal.checkpoints.weights import open_weights
    from vesal.models.sam_config import SamConfig
    from vesal.models.zoo import ZOO

    config = ZOO[how.model] if how.model in ZOO else open_weights(Path(how.model)).config
    if isinstance(config, SamConfig) and config.ndim == 3:
        return []
    return [("note", "--full-history changes nothing: only a 3D SAM is not told all clicks anyway")]


def _masks(said: Said, image: "Image") -> "list[Prompt]":
    """The prompts that are files: a mask to begin with, and labels to stay out of."""
    from vesal.prompts import MaskPrompt

    prompts: list[Prompt] = []
    for text in said.avoid:
        path, numbers = _labels(text)
        patch = _patch(path, image.grid, numbers)
        prompts.append(MaskPrompt(patch=patch, positive=False))
    if said.start is not None:
        prompts.append(MaskPrompt(patch=_patch(said.start, image.grid, ())))
    return prompts


def _labels(text: str) -> tuple[Path, tuple[int, ...]]:
    """A path, and the numbers behind its last colon if there are any."""
    path, colon, tail = text.rpartition(":")
    numbers = tail.split(",")
    if not colon or not all(number.isdecimal() for number in numbers):
        return Path(text), ()
    return Path(path), tuple(int(number) for number in numbers)


def _patch(path: Path, grid: "Grid", numbers: tuple[int, ...]) -> "Patch":
    from vesal.labels import open_labels
    from vesal.session.region import region_on

    try:
        return region_on(grid, open_labels(path), numbers)
    except PromptError as error:
        msg = f"{path.name}: {error}"
        raise PromptError(msg) from error


def _write(session: "Session", job: Job, model: str) -> None:
    """Write the results; the mask last, so that one that is there says that all are."""
    from vesal.cli.output import save_result

    if job.picture is not None:
        _draw(job.picture, session, title=job.output.name, model=model)
    if job.save is not None:
        session.save(job.save)
    save_result(job.output, session.mask, session.labels())


def _found(session: "Session", image: "Image") -> list[tuple[str, str]]:
    """What can be said of the mask."""
    facts = [("volume", _volume(session.mask))]
    if session.score is not None:
        facts.append(("score", f"{session.score:.2f} IoU expected by the model"))
    elif session.stability is not None:
        facts.append(("stability", f"{session.stability:.2f} (docs/confidence.md)"))
    return facts + [("note", note) for note in (*image.source.notes, *session.notes)]


def _volume(mask: "Mask") -> str:
    """The size of a mask in ml where that is known, else in voxels."""
    count = int(mask.array.sum())
    if mask.volume_ml is not None:
        return f"{mask.volume_ml:,.2f} ml ({count:,} voxels)"
    return f"{count:,} {'pixels' if mask.grid.ndim == 2 else 'voxels of unknown spacing'}"


def _draw(path: Path, session: "Session", *, title: str, model: str) -> None:
    from vesal.images.picture import Mark, Row, save_sheet
    from vesal.prompts import Click

    clicks = [prompt for prompt in session.prompts if isinstance(prompt, Click)]
    row = Row(
        image=session.image,
        mask=session.mask,
        title=title.split(".")[0],
        details=(_volume(session.mask),),
        marks=tuple(Mark(point_mm=c.point_mm, positive=c.positive) for c in clicks),
    )
    save_sheet(path, [row], title="vesal segment", notes=(f"Model {Path(model).name}.",))
