"""What was said of one object as a file that `vesal segment --prompts` reads, and others can."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vesal.errors import ResourceError
from vesal.evaluation.methods.indices import indices, voxels_of
from vesal.geometry.grid import Grid
from vesal.images import Image, Mask
from vesal.prompts import Box, Click, Lasso, Prompt, Scribble

_VERSION = 1  # of the form of prompt files: docs/prompts.md

Record = dict[str, Any]


def write_prompts(
    path: Path, image: Image, image_file: Path, rounds: Sequence[Sequence[Prompt]]
) -> None:
    """Write all prompts of all rounds, in order, in array indices of the image.

    Indices, because boxes of an oblique grid have no corners in mm that such a file could hold.
    Masks lie beside it as files of their own. Rounds of one prompt each are to be told one by one.

    Args:
        path: of the file.
        image: what the prompts are about.
        image_file: where it lies.
        rounds: what was said in each round.

    Raises:
        PromptError: prompts of another number of axes than the image.
        ResourceError: the disk refuses.
    """
    said = [prompt for prompts in rounds for prompt in prompts]
    entry = {
        "name": "object",
        "one_by_one": len(said) > 1 and len(said) == len(rounds),
        "prompts": [_record(p, number, image, path.parent) for number, p in enumerate(said, 1)],
    }
    case = {"image": str(image_file.resolve()), "objects": [entry]}
    record = {"version": _VERSION, "frame": "voxel", "cases": [case]}
    try:
        path.write_text(json.dumps(record, indent=1), encoding="utf-8")
    except OSError as error:
        msg = f"{path} cannot be written ({error.strerror or error}): choose a folder with room"
        raise ResourceError(msg) from error


def _record(prompt: Prompt, number: int, image: Image, folder: Path) -> Record:
    """One prompt as the file has it; of a mask, the path of a file that is written here."""
    grid = image.grid
    if isinstance(prompt, Click):
        return {"point": _points((prompt.point_mm,), grid)[0], "positive": prompt.positive}
    if isinstance(prompt, Box):
        corners = [list(corner) for corner in voxels_of(prompt, grid)]
        return {"box": corners, "positive": prompt.positive}
    if isinstance(prompt, Scribble):
        drawn = _points(prompt.points_mm, grid)
        return {"scribble": drawn, "positive": prompt.positive, "joined": prompt.joined}
    if isinstance(prompt, Lasso):
        return {"lasso": _points(prompt.outline_mm, grid), "positive": prompt.positive}
    suffix = ".png" if grid.ndim == 2 else ".nii.gz"
    name = f"mask-{number}{suffix}"
    Mask(array=prompt.patch.full(), grid=grid, source=image.source).save(folder / name)
    return {"start" if prompt.positive else "avoid": name}


def _points(points_mm: tuple[tuple[float, ...], ...], grid: Grid) -> list[list[float | int]]:
    """Array indices, as whole numbers where they are whole."""
    rows = np.asarray(indices(points_mm, grid)).tolist()
    return [[int(i) if i == int(i) else i for i in row] for row in rows]
