"""Our own model looks at an object through windows that zoom until the object fills them."""

from dataclasses import dataclass, replace

import numpy as np
import torch

from vesal.arrays import Intensities, Voxels
from vesal.geometry.grid import Grid
from vesal.geometry.patch import Patch
from vesal.geometry.resample import resample
from vesal.images import Image
from vesal.images.intensity import robust_range
from vesal.inference.answer import Answer, Evidence, memory_of
from vesal.inference.boxes import corners_mm
from vesal.inference.clicks import Clicks
from vesal.inference.encoded import Encoded
from vesal.inference.pack import pack_clicks, pack_image, unpack_logits
from vesal.inference.paste import pasted
from vesal.inference.request import Request
from vesal.inference.store import Shelf
from vesal.inference.windows import View, first_view, next_view, view_of_box
from vesal.models.promptable import Promptable
from vesal.models.unet_config import PromptableUNetConfig
from vesal.progress import Progress, silent
from vesal.prompts import Box

_LOOKS = 4
"""Windows looked at for one answer at most: each is wider or closer than the one before."""

_REMEMBERED_BYTES = 32 * 2**20
"""Of embeddings: the windows of the last few answers."""

_LEAST_CONTRAST = 0.12
"""Of a first window, as a share of the image's: below it one looks from further away."""

_STEPS_BACK, _STEP_BACK = 4, 1.6
_BULK_PERCENT = (5, 95)
_GIVEN = 6.0
"""Logit of a mask that the user gave."""

_BOX_NOTE = "box: this model was not trained on boxes; used as window, centre click and limit"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Look:
    """What the model said of one window."""

    logits: Intensities
    """On the view's grid; above 0 is inside."""
    view: View


class WindowPredictor:
    """Our own model looking at one image: windows are encoded once and remembered."""

    def __init__(
        self,
        image: Image,
        model: Promptable,
        config: PromptableUNetConfig,
        shelf: Shelf | None = None,
    ) -> None:
        voxels: Voxels = image.grey() if image.is_colour else image.array
        self._grid = image.grid
        self._voxels = voxels
        self._low, self._high = robust_range(voxels)
        self._model = model
        flat = sum(n > 1 for n in image.grid.shape) < 3
        self._side = config.slice_window if flat else config.window
        self._encoded = Encoded(model, _REMEMBERED_BYTES, shelf)
        self._seen: tuple[View, Intensities] | None = None

    def predict(
        self,
        request: Request,
        *,
        previous: Answer | None = None,
        progress: Progress = silent,
    ) -> Answer:
        """The answer in the window that fits the object (see `Predictor.predict`).

        Looks from afar first, then wider or closer until the object fills the window well. The
        last answer says where to look first and is the mask to improve.
        """
        box = request.box
        last = memory_of(previous, _Look) or self._given(previous)
        clicks = request.clicks if last is not None else request.clicks.started(box)
        look = self._look(self._start(clicks, box, last), clicks, last)
        seen = [look.view]
        while box is None and len(seen) < _LOOKS:
            progress(len(seen), _LOOKS, "looking at the object")
            mask = clicks.joined(look.logits > 0, self._window(look.view))
            better = next_view(self._grid, look.view, mask, clicks.points_mm)
            if better is None or any(better.resembles(old) for old in seen):
                break
            look = self._look(better, clicks, look)
            seen.append(better)
        progress(_LOOKS, _LOOKS, "looked at the object")
        notes = request.notes if box is None else (*request.notes, _BOX_NOTE)
        return Answer(
            mask=self._mask(look, replace(request, clicks=clicks)),
            memory=look,
            notes=notes,
            evidence=(Evidence(grid=self._window(look.view), logits=look.logits),),
        )

    def _mask(self, look: _Look, request: Request) -> Patch:
        """The mask on the image's own grid: logits resampled, then thresholded; all obeyed.

        What is not joined to a positive click or to what was drawn is left out.
        """
        part, _, logits = pasted(look.logits, self._window(look.view), self._grid)
        start = [s.start for s in part]
        return request.settled(logits > 0, start, self._grid, joined=True)

    def _given(self, previous: Answer | None) -> _Look | None:
        """A mask that no window of ours made, as if one had: in a window that it fills."""
        if previous is None or previous.mask.is_empty:
            return None
        patch = previous.mask
        ends = np.array([patch.start, np.add(patch.start, patch.shape) - 1], np.float64)
        view = view_of_box(self._grid, self._grid.to_world(ends), self._side)
        local = self._grid.crop(patch.start, np.add(patch.start, patch.shape).tolist())
        inside = resample(patch.array().astype(np.float32), local, self._window(view))
        return _Look(logits=_GIVEN * (2 * inside - 1), view=view)

    def _start(self, clicks: Clicks, box: Box | None, last: _Look | None) -> View:
        if box is not None:
            return view_of_box(self._grid, corners_mm(box), self._side)
        if last is not None:
            window = self._window(last.view)
            if window.contains(window.to_index(clicks.points_mm)).all():
                return last.view
        view = first_view(self._grid, clicks.points_mm, self._side)
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
            values = resample(self._voxels, self._grid, window, fill=self._low, antialias=True)
            self._seen = (view, values)
        return self._seen[1]

    def _window(self, view: View) -> Grid:
        return view.grid(self._grid)

    def _look(self, view: View, clicks: Clicks, last: _Look | None) -> _Look:
        """One window: encoded if new, decoded for the clicks, with the last answer as mask."""
        window = self._window(view)
        embedding = self._encoded.of(view, lambda: pack_image(self._values(view)))
        previous = None
        if last is not None:
            previous = resample(last.logits, self._window(last.view), window, fill=0.0)
        points_index = window.to_index(clicks.points_mm)
        prompts = pack_clicks(points_index, clicks.positive, window.shape, previous)
        with torch.inference_mode():
            logits = self._model.decode(embedding, prompts).logits
        obedient = clicks.obeyed(unpack_logits(logits, window.shape), window)
        return _Look(logits=obedient, view=view)
