"""What one user has done so far to one object of one image, and the mask that follows from it."""

from pathlib import Path

import numpy as np

from vesal.checkpoints.load import load_model
from vesal.errors import PromptError
from vesal.geometry.grid import Grid
from vesal.images import Image, Mask, open_image
from vesal.inference.answer import Answer
from vesal.inference.clicks import Clicks
from vesal.inference.predictor import predictor_for
from vesal.models.promptable import Promptable
from vesal.progress import Progress, silent
from vesal.prompts import Box, Click, Point, Prompt


class Session:
    """Prompts on an image, one after the other, each improving the mask.

    Args:
        image: what is segmented, or the path of it.
        model: a name of the zoo, a weights file, or a loaded model.
        full_history: tell a 3D SAM all clicks at each step, not the newest and its last answer
            as it was trained; the other models are told all clicks anyway.
        progress: told how far a step is.

    Raises:
        ConfigError: unknown model.
        CheckpointError: damaged weights.
        ImageError: an image in which all voxels are equal, or of two axes for a model that needs
            a volume.
    """

    def __init__(
        self,
        image: Image | str | Path,
        model: str | Path | Promptable = "vesal-mini",
        *,
        full_history: bool = False,
        progress: Progress = silent,
    ) -> None:
        self.image = image if isinstance(image, Image) else open_image(image)
        self.prompts: tuple[Prompt, ...] = ()
        loaded = load_model(model) if isinstance(model, str | Path) else model
        self._predictor = predictor_for(self.image, loaded, full_history=full_history)
        self._progress = progress
        self._answer: Answer | None = None

    @property
    def mask(self) -> Mask:
        """The mask after the last prompt, on the image's grid; empty before the first."""
        if self._answer is None:
            nothing = np.zeros(self.image.grid.shape, np.bool_)
            return Mask(array=nothing, grid=self.image.grid, source=self.image.source)
        return Mask(array=self._answer.mask, grid=self.image.grid, source=self.image.source)

    @property
    def score(self) -> float | None:
        """The IoU, 0 to 1, that the model itself expects of the mask.

        Of a volume seen slice by slice: on the slice that was prompted last. None where the model
        was not trained to expect any, and before the first prompt.
        """
        return None if self._answer is None else self._answer.score

    @property
    def notes(self) -> tuple[str, ...]:
        """What had to be translated for the model, or deserves a warning."""
        return () if self._answer is None else self._answer.notes

    def click(self, point_mm: Point, *, positive: bool = True) -> Mask:
        """The mask after a click: ``positive`` adds what is there, else it is taken away.

        Args:
            point_mm: world coordinates, RAS+ mm for volumes, (x right, y down) for rasters.
            positive: whether the point belongs to the object.

        Raises:
            PromptError: outside the image, or the same voxel was clicked the other way.
        """
        return self.add(Click(point_mm=point_mm, positive=positive))

    def box(self, low_mm: Point, high_mm: Point) -> Mask:
        """The mask of what a box holds, from its lowest to its highest corner in world mm.

        Raises:
            PromptError: an empty box, or one that lies outside the image.
        """
        return self.add(Box(low_mm=low_mm, high_mm=high_mm))

    def add(self, *prompts: Prompt) -> Mask:
        """The mask after several prompts at once; a newer box replaces an older one.

        Raises:
            PromptError: no prompt at all, one that does not fit the image, or two that contradict
            each other;
                the session stays as it was.
        """
        together = (*self.prompts, *prompts)
        boxes = [p for p in together if isinstance(p, Box)]
        clicks = [p for p in together if isinstance(p, Click)]
        _check(self.image.grid, boxes, clicks)
        box = boxes[-1] if boxes else None
        answer = self._predictor.predict(
            _clicks(clicks, self.image.grid.ndim),
            box=box,
            previous=self._answer,
            progress=self._progress,
        )
        self._answer, self.prompts = answer, together
        return self.mask


def _clicks(clicks: list[Click], ndim: int) -> Clicks:
    return Clicks(
        points_mm=np.array([c.point_mm for c in clicks], np.float64).reshape(-1, ndim),
        positive=np.array([c.positive for c in clicks], np.bool_),
    )


def _check(grid: Grid, boxes: list[Box], clicks: list[Click]) -> None:
    if not any(c.positive for c in clicks) and not boxes:
        raise PromptError(
            "a session needs a positive click or a box first: nothing says what to segment"
        )
    sides: dict[tuple[int, ...], bool] = {}
    for click in clicks:
        voxel = _voxel(grid, click)
        if sides.setdefault(voxel, click.positive) != click.positive:
            msg = f"voxel {voxel} is clicked both as inside and as outside; remove one of the two"
            raise PromptError(msg)
    for box in boxes[-1:]:
        _check_box(grid, box, clicks)


def _voxel(grid: Grid, click: Click) -> tuple[int, ...]:
    _check_axes(grid, "a click", click.point_mm)
    point = np.array([click.point_mm])
    index = grid.to_index(point)
    if not grid.contains(index)[0]:
        faces = np.array(grid.shape) - 0.5
        nearest = grid.to_world(np.clip(index, -0.5, faces))
        bounds = grid.bounds_mm()
        ranges = ", ".join(
            f"{axis} {a:.1f} to {b:.1f}"
            for axis, a, b in zip("xyz", bounds.low, bounds.high, strict=False)
        )
        where = ", ".join(f"{v:g}" for v in click.point_mm)
        far = float(np.linalg.norm(nearest - point))
        msg = f"the point ({where}) lies {far:.1f} mm outside the image, which spans {ranges} mm"
        raise PromptError(msg)
    return tuple(int(i) for i in np.clip(np.round(index[0]), 0, np.array(grid.shape) - 1))


def _check_box(grid: Grid, box: Box, clicks: list[Click]) -> None:
    _check_axes(grid, "a box corner", box.low_mm)
    bounds = grid.bounds_mm()
    sides = list(zip(box.low_mm, box.high_mm, bounds.low, bounds.high, strict=True))
    if any(high < a or low > b for low, high, a, b in sides):
        ranges = ", ".join(
            f"{axis} {s[2]:.1f} to {s[3]:.1f}" for axis, s in zip("xyz", sides, strict=False)
        )
        msg = f"the box lies outside the image, which spans {ranges} mm"
        raise PromptError(msg)
    for click in clicks:
        inside = [
            a <= v <= b for v, a, b in zip(click.point_mm, box.low_mm, box.high_mm, strict=True)
        ]
        if click.positive and not all(inside):
            where = ", ".join(f"{v:g}" for v in click.point_mm)
            msg = f"the positive click ({where}) lies outside the box: move one of the two"
            raise PromptError(msg)


def _check_axes(grid: Grid, what: str, point: Point) -> None:
    if len(point) != grid.ndim:
        msg = f"{what} on a {grid.ndim}D image needs {grid.ndim} coordinates, got {len(point)}"
        raise PromptError(msg)
