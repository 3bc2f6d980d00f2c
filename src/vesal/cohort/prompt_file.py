"""Reads a prompt file, JSON or a table (CSV, Parquet), and finds all that is wrong with it at once.

All is checked that can be without the images; docs/prompts.md has every key and column.
"""

import os
from pathlib import Path, PurePosixPath

import numpy as np

from vesal.cohort.case import Case, MaskFile
from vesal.cohort.draft import Draft, Problems
from vesal.cohort.names import result_names
from vesal.cohort.place import Place, place_of
from vesal.cohort.prompt_json import json_drafts
from vesal.cohort.prompt_table import table_drafts
from vesal.cohort.table import csv_table, is_parquet, parquet_table
from vesal.errors import ConfigError, InputError, PromptError
from vesal.geometry import Grid
from vesal.images.suffix import stem_of
from vesal.prompts.text import Typed

_LONGEST = 60  # characters of a case's name: four bytes each and a suffix fit into a file name


def read_cases(path: Place) -> tuple[Case, ...]:
    """The cases of a prompt file, in its order; paths in it begin at its folder.

    Raises:
        ConfigError: whatever is wrong with it, all of it at once.
        ResourceError: an address does not answer, or Parquet needs a package that is missing.
    """
    try:
        content = path.read_bytes()
        problems = Problems(path)
        drafts = _drafts(content, path, problems)
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        msg = f"{path} cannot be read ({why}): give a prompt file, JSON, CSV or Parquet"
        raise ConfigError(msg) from error
    if not drafts and not len(problems):
        problems.add("the file", "it holds no case; give at least one image with a prompt")
    stems = [_stem(draft.image) for draft in drafts]
    names = result_names(stems, [_folders(draft.image) for draft in drafts])
    for draft in drafts:
        _check(draft, path.parent, problems)
    cases = [
        case
        for draft, name in zip(drafts, names, strict=True)
        if (case := _case(draft, name, path.parent, problems)) is not None
    ]
    problems.check()
    return tuple(cases)


def _drafts(content: bytes, path: Place, problems: Problems) -> list[Draft]:
    """What a file says; UnicodeDecodeError if it is no text and no Parquet."""
    folder = path.parent
    if is_parquet(content):
        return table_drafts(parquet_table(content, path.name), folder, problems)
    text = content.decode("utf-8-sig")
    if text.lstrip()[:1] in ("{", "["):
        return json_drafts(text, folder, problems)
    return table_drafts(csv_table(text, problems), folder, problems)


def _stem(image: str) -> str:
    """A name for the results of an image."""
    return stem_of(Path(image).name).removesuffix(".seg")[:_LONGEST] or "image"


def _folders(image: str) -> list[str]:
    """The names of the folders of an image, as it is written, the nearest one first."""
    return [part for part in reversed(PurePosixPath(image).parent.parts) if part.strip("/.:")]


def _case(draft: Draft, name: str, folder: Place, problems: Problems) -> Case | None:
    """The case of a draft; None, and a problem more, where it makes none."""
    try:
        return Case(
            name=name,
            image=place_of(draft.image, folder),
            series=draft.series,
            voxel=draft.frame == "voxel",
            overlap=draft.overlap,
            wanted=draft.wanted,
        )
    except ConfigError as error:
        problems.add(draft.where, error)
        return None


def _check(draft: Draft, folder: Place, problems: Problems) -> None:
    if not draft.image:
        problems.add(draft.where, "needs the path of an image")
    else:
        _check_image(draft, folder, problems)
    if draft.frame not in ("mm", "voxel"):
        problems.add(draft.where, f"frame must be mm or voxel, got {draft.frame!r}")
    for one in draft.wanted:
        for prompt in one.prompts:
            try:
                _try(prompt, voxel=draft.frame == "voxel")
            except InputError as error:
                problems.add(prompt.where, error)
    prompts = [p for one in draft.wanted for p in one.prompts if isinstance(p, Typed)]
    if len({len(prompt.points[0]) for prompt in prompts}) > 1:
        problems.add(draft.where, "all points of an image need as many numbers, two or three")


def _check_image(draft: Draft, folder: Place, problems: Problems) -> None:
    """An address is not asked for: that takes its time, and its case will tell."""
    try:
        image = place_of(draft.image, folder)
    except ConfigError as error:
        problems.add(draft.where, error)
        return
    if isinstance(image, Path) and not os.path.exists(image):
        problems.add(draft.where, f"the image {image} does not exist")


def _try(prompt: Typed | MaskFile, *, voxel: bool) -> None:
    """Make what can be made of a prompt before its image is known; raises InputError."""
    if isinstance(prompt, MaskFile):
        if isinstance(prompt.path, Path) and not os.path.exists(prompt.path):
            msg = f"the file {prompt.path} does not exist"
            raise ConfigError(msg)
        return
    counts = sorted({len(point) for point in prompt.points})
    if counts not in ([2], [3]):
        got = " and ".join(map(str, counts))
        msg = f"a point has two or three numbers, all of them as many, got {got}"
        raise PromptError(msg)
    if prompt.kind == "box" and voxel:
        return  # one voxel is a box of indices, though not of mm
    ndim = counts[0]
    prompt.on(Grid(shape=(1,) * ndim, affine=np.eye(ndim + 1)), voxel=False)
