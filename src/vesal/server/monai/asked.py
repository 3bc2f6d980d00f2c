"""A MONAI Label client's parameters as prompts.

Points are indices of the image file's own axes, the first one fastest; never mm.
"""

from pathlib import Path
from typing import Any

import numpy as np

from vesal.arrays import MaskArray, Voxels
from vesal.errors import ConfigError, ImageError, PromptError
from vesal.geometry.grid import Grid
from vesal.images import Image
from vesal.labels import open_labels
from vesal.prompts import Prompt, Scribble
from vesal.server.fields import Record, numbers
from vesal.server.interactions import point, voxel_box
from vesal.server.monai.sent_files import bare_labels

_INSIDE, _OUTSIDE = "foreground_scribbles", "background_scribbles"
_MOST_POINTS = 10_000


def rows_of(params: Record) -> list[dict[str, Any]]:
    """What label_info says of each segment, in its order; nothing if it is missing.

    Raises:
        ConfigError: it is no list of objects.
    """
    rows = params.get("label_info")
    if rows is None:
        return []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        msg = f'label_info must be a list such as [{{"name": "liver", "idx": 1}}], got {rows!r:.60}'
        raise ConfigError(msg)
    return rows


def prompts_of(params: Record, drawn: Path | None, image: Image) -> tuple[Prompt, ...]:
    """All prompts of a request: points, a box, and scribbles if any were drawn.

    Args:
        params: of the request.
        drawn: file of the label map in which scribbles were drawn.
        image: that is asked about.

    Raises:
        ConfigError: a label_info that is none.
        PromptError: a point that is none or outside the image, or nothing at all.
        ImageError: a label map on another grid.
    """
    grid = image.grid
    prompts: list[Prompt] = []
    for key, positive in (("foreground", True), ("background", False)):
        prompts += _points(params, key, grid, positive=positive)
    if params.get("roi") not in (None, []):
        prompts.append(_box(params["roi"], grid))
    if drawn is not None:
        prompts += _scribbles(params, drawn, image)
    if not prompts:
        msg = "nothing was said of the object: place a point on it, or draw over it"
        raise PromptError(msg)
    return tuple(prompts)


def _points(params: Record, key: str, grid: Grid, *, positive: bool) -> list[Prompt]:
    values = params.get(key)
    if values is None:
        return []
    if not isinstance(values, list) or len(values) > _MOST_POINTS:
        msg = f"{key} needs a list of points, got {values!r:.80}"
        raise PromptError(msg)
    return [point(_index(value, grid), grid, positive=positive) for value in values]


def _index(value: object, grid: Grid) -> list[float]:
    """An index of the array; of a picture the file's first axis is the array's last."""
    file_index = numbers(value, 3, "a point")
    return file_index[:2][::-1] if grid.ndim == 2 else file_index


def _box(values: object, grid: Grid) -> Prompt:
    """The box of a ROI, [i0, i1, j0, j1, k0, k1]; its corners come in any order."""
    corners = np.array(numbers(values, 6, "roi")).reshape(3, 2)
    axes = corners[:2][::-1] if grid.ndim == 2 else corners
    highest = np.array(grid.shape) - 1
    low = np.floor(axes.min(axis=1)).astype(int)
    high = np.ceil(axes.max(axis=1)).astype(int)
    if (high < 0).any() or (low > highest).any():
        msg = f"the box {values} lies outside the image"
        raise PromptError(msg)
    low, high = np.clip(low, 0, highest), np.clip(high, 0, highest)
    return voxel_box(grid, tuple(low.tolist()), tuple(high.tolist()), positive=True)


def _scribbles(params: Record, drawn: Path, image: Image) -> list[Prompt]:
    """What was drawn over in two segments of a label map."""
    values = _numbers_of(params)
    array = _label_array(drawn, image)
    prompts: list[Prompt] = []
    for name, positive in ((_INSIDE, True), (_OUTSIDE, False)):
        mask: MaskArray = array == values[name]
        if mask.any():
            prompts.append(Scribble.of_voxels(image.grid, mask, positive=positive))
    return prompts


def _numbers_of(params: Record) -> dict[str, int]:
    """The numbers of the two scribble segments, which label_info tells by their order."""
    names = [row.get("name") for row in rows_of(params)]
    usual = {_INSIDE: 2, _OUTSIDE: 3}  # of a client that sends no label_info
    return {
        name: names.index(name) + 1 if name in names else number if not names else -1
        for name, number in usual.items()
    }


def _label_array(path: Path, image: Image) -> Voxels:
    """The numbers of a label map on the image's grid; OHIF sends bare bytes."""
    if path.name.endswith(".bin"):
        return bare_labels(path, image.grid.shape)
    labels = open_labels(path)
    if not labels.grid.same_as(image.grid):
        msg = (
            f"the drawing has a grid of {labels.grid.shape}, the image {image.grid.shape}, or it "
            "lies elsewhere; export it on the image's own grid"
        )
        raise ImageError(msg)
    return labels.array
