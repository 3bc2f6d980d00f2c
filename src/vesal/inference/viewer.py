"""Shows windows of an image to our own model: sampled, encoded once, asked about clicks."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from vesal.arrays import Intensities, Voxels
from vesal.geometry.resample import resample
from vesal.images import Image
from vesal.images.intensity import robust_range
from vesal.inference.clicks import Clicks
from vesal.inference.edges import drawn_to_edges
from vesal.inference.encoded import Encoded
from vesal.inference.looks import Look
from vesal.inference.pack import pack_clicks, pack_image, unpack_logits
from vesal.inference.paste import laid_over
from vesal.inference.windows import View, closest_mm, first_view, holding
from vesal.models.promptable import Promptable
from vesal.models.unet_config import PromptableUNetConfig

_LEAST_CONTRAST = 0.12
"""Of a first window, as a share of the image's: below it one looks from further away."""

_STEPS_BACK, _STEP_BACK = 4, 1.6
_BULK_PERCENT = (5, 95)


class Viewer:
    """A model and an image.

    Args:
        image: what is segmented.
        model: the model.
        config: its config.
        encoded: remembers windows.
    """

    def __init__(
        self, image: Image, model: Promptable, config: PromptableUNetConfig, encoded: Encoded
    ) -> None:
        self._voxels: Voxels = image.intensities
        self._grid = image.grid
        self._low, self._high = robust_range(self._voxels)
        self._model = model
        self._encoded = encoded
        self._seen: tuple[View, Intensities] | None = None
        flat = sum(n > 1 for n in image.grid.shape) < 3
        self.side = config.slice_window if flat else config.window

    @property
    def held_bytes(self) -> int:
        """Memory that encoded parts of the image take."""
        return self._encoded.held_bytes

    def start(self, clicks: Clicks) -> View:
        """A first view of clicks, from further away where no border would be in sight."""
        view = self.first(clicks, 1.0)
        for _ in range(_STEPS_BACK):
            if self._contrast(view) >= _LEAST_CONTRAST:
                break
            view = replace(view, spacing_mm=view.spacing_mm * _STEP_BACK)
        return view

    def first(self, clicks: Clicks, factor: float) -> View:
        """The first view of clicks, or one from so many times as far away; all are in sight."""
        view = first_view(self._grid, clicks.points_mm, self.side)
        spacing = max(factor * view.spacing_mm, closest_mm(self._grid))
        return holding(replace(view, spacing_mm=spacing), self._grid, clicks.points_mm)

    def look(self, view: View, clicks: Clicks, before: Sequence[Look]) -> Look:
        """One window: encoded if new, decoded for the clicks in sight.

        Args:
            view: the window.
            clicks: all; the model is told those in sight.
            before: what was seen so far is the mask to improve.
        """
        window = view.grid(self._grid)
        embedding = self._encoded.of(view, lambda: pack_image(self._values(view)))
        seen = [look.evidence(self._grid) for look in before]
        previous = laid_over(seen, window) if seen else None
        shown = clicks.in_sight(window)
        points = window.to_index(shown.points_mm)
        prompts = pack_clicks(points, shown.positive, window.shape, previous)
        with torch.inference_mode():
            logits = self._model.decode(embedding, prompts).logits
        obedient = shown.obeyed(unpack_logits(logits, window.shape), window)
        return Look(logits=obedient, view=view)

    def drawn(self, look: Look, clicks: Clicks) -> Look:
        """The look with its object drawn to the edges of the image."""
        window = look.view.grid(self._grid)
        shown = clicks.in_sight(window)
        drawn = drawn_to_edges(look.logits, self._values(look.view), shown.voxels(window))
        return Look(logits=shown.obeyed(drawn, window), view=look.view)

    def _contrast(self, view: View) -> float:
        """Range of a window's values over that of the image: small where no border is in sight."""
        low, high = np.percentile(self._values(view), _BULK_PERCENT)
        return float((high - low) / max(self._high - self._low, 1e-12))

    def _values(self, view: View) -> Intensities:
        """The image in the window; the last one is kept, for it is judged before it is encoded."""
        if self._seen is None or self._seen[0] != view:
            window = view.grid(self._grid)
            values = resample(self._voxels, self._grid, window, fill=self._low, antialias=True)
            self._seen = (view, values)
        return self._seen[1]
