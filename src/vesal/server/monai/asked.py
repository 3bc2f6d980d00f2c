"""A MONAI Label client's parameters as prompts.

Points are indices of the image file's own axes, the first one fastest; never mm.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vesal.arrays import MaskArray, Voxels
from vesal.errors import ConfigError, ImageError, PromptError
from vesal.geometry.grid import Grid
from vesal.images import Image
from vesal.labels import open_labels
from vesal.prompts import Click, Prompt, Scribble
from vesal.server.interactions import numbers, voxel_box

_INSIDE, _OUTSIDE = "foreground_scribbles", "background_scribbles"
_MOST_POINTS = 10_000
Params = Mapping[str, Any]


def params_of(text: str) -> dict[str, Any]:
    """The parameters of a request.

    Raises:
        ConfigError: no JSON object.
    """
    try:
        record = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise ConfigError("params must be JSON") from error
    if not isinstance(record, dict):
        raise ConfigError("params must be a JSON object")
    return record


def text_of(params: Params, key: str) -> str:
    """A text of a request; empty if it is missing.

    Raises:
        ConfigError: it is none.
    """
    value = params.get(key)
    if value is not None and not isinstance(value, str):
        msg = f"{key} must be text, got {value!r:.40}"
        raise ConfigError(msg)
    return value or ""


def switch_of(params: Params, key: str) -> bool:
    """A yes or no of a request; no if it is missing.

    Raises:
        ConfigError: it is neither.
    """
    value = params.get(key)
    if value is not None and not isinstance(value, bool):
        msg = f"{key} must be true or false, got {value!r:.40}"
        raise ConfigError(msg)
    return value is True


def rows_of(params: Params) -> list[dict[str, Any]]:
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


def prompts_of(params: Params, drawn: Path | None, image: Image) -> tuple[Prompt, ...]:
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


def _points(params: Params, key: str, grid: Grid, *, positive: bool) -> list[Prompt]:
    values = params.get(key)
    if values is None:
        return []
    if not isinstance(values, list) or len(values) > _MOST_POINTS:
        msg = f"{key} needs a list of points, got {values!r:.80}"
        raise PromptError(msg)
    return [_click(value, grid, positive=positive) for value in values]


def _click(value: object, grid: Grid, *, positive: bool) -> Prompt:
    index = _index(value, grid)
    if any(not 0 <= i < n for i, n in zip(index, grid.shape, strict=True)):
        msg = f"the point {value} lies outside the image"
        raise PromptError(msg)
    mm = grid.to_world(np.array([index], np.float64))[0]
    return Click(point_mm=tuple(mm.tolist()), positive=positive)


def _index(value: object, grid: Grid) -> list[int]:
    """An index of the array; of a picture the file's first axis is the array's last."""
    file_index = [round(number) for number in numbers(value, 3, "a point")]
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


def _scribbles(params: Params, drawn: Path, image: Image) -> list[Prompt]:
    """What was drawn over in two segments of a label map."""
    values = _numbers_of(params)
    array = _label_array(drawn, image)
    prompts: list[Prompt] = []
    for name, positive in ((_INSIDE, True), (_OUTSIDE, False)):
        mask: MaskArray = array == values[name]
        if mask.any():
            prompts.append(Scribble.of_voxels(image.grid, mask, positive=positive))
    return prompts


def _numbers_of(params: Params) -> dict[str, int]:
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
        data = np.fromfile(path, np.uint8)
        if data.size != math.prod(image.grid.shape):
            msg = f"the drawing needs a byte for each voxel of the image, got {data.size:,} bytes"
            raise ImageError(msg)
        return data.reshape(image.grid.shape, order="F")
    labels = open_labels(path)
    if not labels.grid.same_as(image.grid):
        msg = (
            f"the drawing has a grid of {labels.grid.shape}, the image {image.grid.shape}, or it "
            "lies elsewhere; export it on the image's own grid"
        )
        raise ImageError(msg)
    return labels.array
