"""From an image and prompts to a mask on the image's grid: one path for a doctor, a benchmark and a job."""

import logging
import time
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from vesal.arrays import Intensities, MaskArray, PointsMm, Voxels
from vesal.errors import ImageError
from vesal.geometry.components import component_at
from vesal.geometry.grid import Grid
from vesal.geometry.resample import resample
from vesal.images import Image
from vesal.images.intensity import is_constant, robust_range
from vesal.inference.pack import pack_clicks, pack_image, unpack_logits
from vesal.inference.windows import (
    View,
    first_view,
    next_view,
    part_under,
    view_of_box,
    window_grid,
)
from vesal.models.promptable import Embedding, Promptable
from vesal.progress import Progress, silent
from vesal.prompts import Box

logger = logging.getLogger(__name__)

_LOOKS = 4
"""Windows looked at for one answer at most: each is wider or closer than the one before."""

_REMEMBERED = 4
"""Embeddings kept: the windows of the last answers."""

_OUTSIDE = -20.0  # logit where nothing was looked at
_SURE = 4.0  # logit of a clicked voxel at least


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """What a model said of one window."""

    logits: Intensities
    """On `window`; above 0 is inside."""
    window: Grid


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clicks:
    """All clicks of an object."""

    points_mm: PointsMm
    positive: NDArray[np.bool_]


class Predictor:
    """A model looking at one image: windows are encoded once and remembered.

    Raises:
        ImageError: an image in which all voxels are equal, so that there is nothing to find.
    """

    def __init__(self, image: Image, model: Promptable) -> None:
        voxels: Voxels = image.grey() if image.is_colour else image.array
        if is_constant(voxels):
            msg = f"{image.source.name} has the same value in every voxel; there is nothing to segment"
            raise ImageError(msg)
        self.grid = image.grid
        self._voxels = voxels
        self._fill = robust_range(voxels)[0]
        self._model = model
        thick = sum(n > 1 for n in image.grid.shape)
        config = model.config
        self._side = config.window if thick > 2 else config.slice_window  # noqa: PLR2004
        self._embeddings: OrderedDict[View, Embedding] = OrderedDict()

    def predict(
        self,
        clicks: Clicks,
        *,
        box: Box | None = None,
        previous: Answer | None = None,
        progress: Progress = silent,
    ) -> Answer:
        """The answer in the window that fits the object: looked at from afar, then as closely as it fills one.

        ``previous`` (the last answer for this object) is where to look first and the mask to improve.
        """
        view = self._where(clicks, box, previous)
        answer = previous
        seen: list[View] = []
        for look in range(_LOOKS):
            progress(look, _LOOKS, "looking at the object")
            answer = self._look(view, clicks, answer)
            seen.append(view)
            better = None if box else self._better(answer, clicks)
            if better is None or any(_much_alike(better, old) for old in seen):
                break
            view = better
        progress(_LOOKS, _LOOKS, "looked at the object")
        assert answer is not None  # noqa: S101
        return answer

    def mask(self, answer: Answer, clicks: Clicks, *, box: Box | None = None) -> MaskArray:
        """The answer on the image's own grid: logits are resampled, then thresholded, and clicks are obeyed.

        What is not connected to a positive click is left out, as is what lies outside the box.
        """
        mask = np.zeros(self.grid.shape, np.bool_)
        part = part_under(self.grid, answer.window)
        if any(s.stop <= s.start for s in part):
            return mask
        starts, stops = [s.start for s in part], [s.stop for s in part]
        local = self.grid.crop(starts, stops)
        inside = resample(answer.logits, answer.window, local, fill=_OUTSIDE) > 0
        if box is not None:
            inside &= _within(local, box)
        index = np.round(local.to_index(clicks.points_mm)).astype(int)
        held = [tuple(i) for i, p in zip(index, clicks.positive, strict=True) if p and _in(i, inside)]
        for voxel, positive in zip(index, clicks.positive, strict=True):
            if _in(voxel, inside):
                inside[tuple(voxel)] = positive
        kept = np.zeros_like(inside)
        for voxel in held:
            if not kept[voxel]:
                kept |= component_at(inside, voxel)
        mask[part] = kept if held else inside
        return mask

    def _where(self, clicks: Clicks, box: Box | None, previous: Answer | None) -> View:
        if box is not None:
            return view_of_box(self.grid, box.low_mm, box.high_mm, self._side)
        first = first_view(self.grid, clicks.points_mm, self._side)
        if previous is None:
            return first
        last = _view_of(previous.window)
        index = previous.window.to_index(clicks.points_mm)
        return last if bool(previous.window.contains(index).all()) else first

    def _better(self, answer: Answer, clicks: Clicks) -> View | None:
        mask = answer.logits > 0
        index = np.round(answer.window.to_index(clicks.points_mm)).astype(int)
        held = np.zeros_like(mask)
        for voxel, positive in zip(index, clicks.positive, strict=True):
            if positive and _in(voxel, mask):
                held |= component_at(mask, tuple(voxel))
        return next_view(self.grid, answer.window, held, clicks.points_mm, self._side)

    def _look(self, view: View, clicks: Clicks, last: Answer | None) -> Answer:
        window = window_grid(self.grid, view, self._side)
        embedding = self._embed(view, window)
        previous = None
        if last is not None:
            previous = resample(last.logits, last.window, window, fill=0.0)
        prompts = pack_clicks(
            window.to_index(clicks.points_mm), clicks.positive, window.shape, previous
        )
        with torch.inference_mode():
            logits = self._model.decode(embedding, prompts)
        return Answer(
            logits=_obedient(unpack_logits(logits, window.shape), window, clicks), window=window
        )

    def _embed(self, view: View, window: Grid) -> Embedding:
        if view in self._embeddings:
            self._embeddings.move_to_end(view)
            return self._embeddings[view]
        started = time.monotonic()
        values = resample(self._voxels, self.grid, window, fill=self._fill, antialias=True)
        with torch.inference_mode():
            embedding = self._model.encode(pack_image(values))
        self._embeddings[view] = embedding
        if len(self._embeddings) > _REMEMBERED:
            self._embeddings.popitem(last=False)
        shape = "x".join(str(n) for n in window.shape)
        logger.info("embedded a %s window in %.2f s", shape, time.monotonic() - started)
        return embedding


def _obedient(logits: Intensities, window: Grid, clicks: Clicks) -> Intensities:
    """The logits, with the voxels that were clicked on the side that the click says."""
    index = np.round(window.to_index(clicks.points_mm)).astype(int)
    for voxel, positive in zip(index, clicks.positive, strict=True):
        if _in(voxel, logits):
            here = tuple(voxel)
            logits[here] = max(logits[here], _SURE) if positive else min(logits[here], -_SURE)
    return logits


def _in(index: NDArray[np.int64], array: NDArray[np.generic]) -> bool:
    return bool((index >= 0).all() and (index < array.shape).all())


def _within(grid: Grid, box: Box) -> MaskArray:
    """The voxels of the grid whose centres lie in the box, up to half a voxel outside."""
    index = np.stack(np.meshgrid(*[np.arange(n) for n in grid.shape], indexing="ij"), axis=-1)
    points = grid.to_world(index.reshape(-1, grid.ndim).astype(np.float64))
    slack = 0.5 * np.abs(grid.affine[:-1, :-1]).max(axis=1)
    low, high = np.array(box.low_mm) - slack, np.array(box.high_mm) + slack
    return np.asarray(((points >= low) & (points <= high)).all(axis=1).reshape(grid.shape))


def _view_of(window: Grid) -> View:
    middle = np.array([[float(n // 2) for n in window.shape]])
    thick = [s for s, n in zip(window.spacing_mm, window.shape, strict=True) if n > 1]
    return View(
        centre_mm=tuple(float(v) for v in window.to_world(middle)[0]),
        spacing_mm=max(thick, default=max(window.spacing_mm)),
    )


def _much_alike(a: View, b: View) -> bool:
    return abs(np.log(a.spacing_mm / b.spacing_mm)) < 0.05  # noqa: PLR2004
