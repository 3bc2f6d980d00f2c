"""Methods whose answers are known: painters that know nothing of images, and one that fails."""

from collections.abc import Sequence

import numpy as np

from vesal.arrays import MaskArray
from vesal.errors import ImageError
from vesal.evaluation.methods.ball import ball
from vesal.geometry import Grid
from vesal.images import Image
from vesal.inference.boxes import within
from vesal.prompts import Box, Click, Prompt


class Painting:
    """A mask under a brush: positive clicks paint a ball, negative ones wipe, a box is filled."""

    def __init__(self, grid: Grid, radius_mm: float, fails_at: int | None) -> None:
        self.grid, self.radius_mm, self.fails_at = grid, radius_mm, fails_at
        self.mask: MaskArray = np.zeros(grid.shape, np.bool_)
        self.calls = 0

    @property
    def stability(self) -> float | None:
        """A painter is always half sure."""
        return 0.5

    def add(self, prompts: Sequence[Prompt]) -> MaskArray:
        """Paint, wipe or fill."""
        self.calls += 1
        if self.calls == self.fails_at:
            msg = "the brush is broken"
            raise RuntimeError(msg)
        for prompt in prompts:
            if isinstance(prompt, Box):
                self.mask = within(self.grid, prompt)
            elif isinstance(prompt, Click):
                index = np.round(self.grid.to_index(np.array([prompt.point_mm])))[0].astype(int)
                brush = ball(self.grid, tuple(index.tolist()), self.radius_mm)
                self.mask = np.asarray(self.mask | brush if prompt.positive else self.mask & ~brush)
        return self.mask


class Painter:
    """A method that paints; it fails at its n-th answer of an object, if told so."""

    prompts = ("point", "box")

    def __init__(self, radius_mm: float = 4.0, fails_at: int | None = None) -> None:
        self.radius_mm, self.fails_at = radius_mm, fails_at
        self.name = f"painter of {radius_mm:g} mm"
        self.identity = f"{radius_mm} {fails_at}"
        self.shown: list[Image] = []

    def begin(self, image: Image) -> Painting:
        """A blank sheet of the image's size."""
        self.shown.append(image)
        return Painting(image.grid, self.radius_mm, self.fails_at)


class Blind:
    """A method that cannot look at any image."""

    name, identity, prompts = "blind", "blind", ("point", "box")

    def begin(self, image: Image) -> Painting:
        """Refuse."""
        msg = f"{image.source.name} cannot be seen"
        raise ImageError(msg)
