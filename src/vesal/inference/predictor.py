"""From an image and prompts to a mask on the image's grid: one path for doctors and benchmarks."""

import logging
import time
from collections import OrderedDict
from dataclasses import dataclass, replace

import numpy as np
import torch

from vesal.arrays import Intensities, MaskArray, Voxels
from vesal.errors import ImageError
from vesal.geometry.grid import Grid
from vesal.geometry.resample import resample
from vesal.images import Image
from vesal.images.intensity import is_constant, robust_range
from vesal.inference.clicks import Clicks
from vesal.inference.pack import pack_clicks, pack_image, unpack_logits
from vesal.inference.windows import View, first_view, next_view, part_under, view_of_box
from vesal.models.promptable import Embedding, Promptable
from vesal.progress import Progress, silent
from vesal.prompts import Box

logger = logging.getLogger(__name__)

_LOOKS = 4
"""Windows looked at for one answer at most: each is wider or closer than the one before."""

_REMEMBERED = 4
"""Embeddings kept: the windows of the last answers."""

_LEAST_CONTRAST = 0.12
"""Of a first window, as a share of the image's: below it one looks from further away."""

_STEPS_BACK, _STEP_BACK = 4, 1.6
_BULK_PERCENT = (5, 95)
_OUTSIDE = -20.0  # logit where nothing was looked at


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """What a model said of one window."""

    logits: Intensities
    """On the view's grid; above 0 is inside."""
    view: View


class Predictor:
    """A model looking at one image: windows are encoded once and remembered.

    Raises:
        ImageError: an image in which all voxels are equal, so that there is nothing to find.
    """

    def __init__(self, image: Image, model: Promptable) -> None:
        voxels: Voxels = image.grey() if image.is_colour else image.array
        if is_constant(voxels):
            msg = f"{image.source.name} has the same value in every voxel: there is nothing to find"
            raise ImageError(msg)
        self.grid = image.grid
        self._voxels = voxels
        self._low, self._high = robust_range(voxels)
        self._model = model
        flat = sum(n > 1 for n in image.grid.shape) < 3
        self._side = model.config.slice_window if flat else model.config.window
        self._embeddings: OrderedDict[View, Embedding] = OrderedDict()
        self._seen: tuple[View, Intensities] | None = None

    def predict(
        self,
        clicks: Clicks,
        *,
        box: Box | None = None,
        previous: Answer | None = None,
        progress: Progress = silent,
    ) -> Answer:
        """The answer in the window that fits the object.

        Looks from afar first, then wider or closer until the object fills the window well.
        ``previous``, the last answer for this object, says where to look first and is the mask to
        improve.
        """
        view = self._start(clicks, box, previous)
        answer = self._look(view, clicks, previous)
        seen = [view]
        while box is None and len(seen) < _LOOKS:
            progress(len(seen), _LOOKS, "looking at the object")
            mask = clicks.joined(answer.logits > 0, self._window(view))
            better = next_view(self.grid, view, mask, clicks.points_mm)
            if better is None or any(better.resembles(old) for old in seen):
                break
            view = better
            answer = self._look(view, clicks, answer)
            seen.append(view)
        progress(_LOOKS, _LOOKS, "looked at the object")
        return answer

    def mask(self, answer: Answer, clicks: Clicks, *, box: Box | None = None) -> MaskArray:
        """The answer on the image's own grid: logits resampled, then thresholded; clicks obeyed.

        What is not joined to a positive click is left out, as is what lies outside the box.
        """
        mask = np.zeros(self.grid.shape, np.bool_)
        window = self._window(answer.view)
        part = part_under(self.grid, window)
        local = self.grid.crop([s.start for s in part], [s.stop for s in part])
        logits = resample(answer.logits, window, local, fill=_OUTSIDE)
        if box is not None:
            logits[~_within(local, box)] = _OUTSIDE
        mask[part] = clicks.joined(clicks.obeyed(logits, local) > 0, local)
        return mask

    def _start(self, clicks: Clicks, box: Box | None, previous: Answer | None) -> View:
        if box is not None:
            return view_of_box(self.grid, box.low_mm, box.high_mm, self._side)
        if previous is not None:
            window = self._window(previous.view)
            if window.contains(window.to_index(clicks.points_mm)).all():
                return previous.view
        view = first_view(self.grid, clicks.points_mm, self._side)
        for _ in range(_STEPS_BACK):
            if self._contrast(view) >= _LEAST_CONTRAST:
                break
            view = replace(view, spacing_mm=view.spacing_mm * _STEP_BACK)
        return view

    def _contrast(self, view: View) -> float:
        """Range of a window's values over that of the image: small where no border is in sight."""
        low, high = np.percentile(self._values(view), _BULK_PERCENT)
        return float((high - low) / max(self._high - self._low, 1e-12))

    def _values(self, view: View) -> Intensities:
        """The image in the window; the last one is kept, for it is judged before it is encoded."""
        if self._seen is None or self._seen[0] != view:
            window = self._window(view)
            values = resample(self._voxels, self.grid, window, fill=self._low, antialias=True)
            self._seen = (view, values)
        return self._seen[1]

    def _window(self, view: View) -> Grid:
        return view.grid(self.grid)

    def _look(self, view: View, clicks: Clicks, last: Answer | None) -> Answer:
        """One window: encoded if new, decoded for the clicks, with the last answer as mask."""
        window = self._window(view)
        embedding = self._embedding(view)
        previous = None
        if last is not None:
            previous = resample(last.logits, self._window(last.view), window, fill=0.0)
        points_index = window.to_index(clicks.points_mm)
        prompts = pack_clicks(points_index, clicks.positive, window.shape, previous)
        with torch.inference_mode():
            logits = self._model.decode(embedding, prompts).logits
        answer = clicks.obeyed(unpack_logits(logits, window.shape), window)
        return Answer(logits=answer, view=view)

    def _embedding(self, view: View) -> Embedding:
        if view in self._embeddings:
            self._embeddings.move_to_end(view)
            return self._embeddings[view]
        started = time.monotonic()
        values = self._values(view)
        with torch.inference_mode():
            embedding = self._model.encode(pack_image(values))
        self._embeddings[view] = embedding
        if len(self._embeddings) > _REMEMBERED:
            self._embeddings.popitem(last=False)
        shape = "x".join(str(n) for n in values.shape)
        logger.info("embedded a %s window in %.2f s", shape, time.monotonic() - started)
        return embedding


def _within(grid: Grid, box: Box) -> MaskArray:
    """The voxels whose centres lie in the box, or outside by at most half a voxel."""
    inside = np.ones(grid.shape, np.bool_)
    axes = np.ogrid[tuple(slice(n) for n in grid.shape)]
    rows = zip(grid.affine[:-1], box.low_mm, box.high_mm, strict=True)
    for row, low, high in rows:
        world = sum(step * axis for step, axis in zip(row[:-1], axes, strict=True)) + row[-1]
        slack = 0.5 * np.abs(row[:-1]).max()
        inside &= (world >= low - slack) & (world <= high + slack)
    return inside
