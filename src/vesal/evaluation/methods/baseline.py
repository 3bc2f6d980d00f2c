"""What methods without learning share: they gather prompts, and their answers keep to them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from vesal.arrays import MaskArray
from vesal.errors import ImageError
from vesal.evaluation.methods.agreement import agreeing
from vesal.geometry.grid import Grid
from vesal.geometry.patch import Patch
from vesal.images import Image
from vesal.images.intensity import is_constant
from vesal.inference.request import Request, request_of
from vesal.prompts import Prompt
from vesal.session.check import check_prompts
from vesal.session.objects import Batch

PROMPTS = ("point", "box", "scribble", "lasso")
"""What every baseline answers: a box is a limit, a scribble and a lasso are clicks that keep."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """A mask on a part of an image; nothing is found outside of it."""

    mask: MaskArray
    start: tuple[int, ...]
    """Array index of the part's first voxel."""


@runtime_checkable
class Look(Protocol):
    """A rule that looks at one image."""

    def find(self, request: Request) -> Found:
        """What belongs to the object; the request has at least one positive click."""
        ...


class Baseline:
    """A method that needs no learning.

    A mask to begin with is ignored: it says nothing that such a rule could go on from.

    Args:
        name: in tables.
        identity: what its answers depend on: the rule, its settings, the library behind it.
        look: makes the rule look at an image, which costs once what all objects of it share.
    """

    def __init__(self, name: str, *, identity: str, look: Callable[[Image], Look]) -> None:
        self.name = name
        self.identity = identity
        self.prompts = PROMPTS
        self._look = look
        self._seen: tuple[Image, Look] | None = None

    def begin(self, image: Image) -> "BaselineTrial":
        """A trial of a new object; the image that was looked at last is not looked at again.

        Raises:
            ImageError: all voxels are equal, so that there is nothing to find.
        """
        if self._seen is None or self._seen[0] is not image:
            if is_constant(image.array):
                name = image.source.name
                msg = f"{name} has the same value in every voxel: there is nothing to find"
                raise ImageError(msg)
            self._seen = (image, self._look(image))
        return BaselineTrial(self._seen[1], image.grid)


class BaselineTrial:
    """One object, found by a rule from all that was said of it."""

    stability: float | None = None  # no rule here says how sure it is

    def __init__(self, look: Look, grid: Grid) -> None:
        self._look = look
        self._grid = grid
        self._said: tuple[Batch, ...] = ()

    def add(self, prompts: Sequence[Prompt]) -> MaskArray:
        """The mask after these prompts: each click is obeyed, pieces without a prompt are left out.

        What contradicts an earlier word takes it back (see `agreement`).

        Raises:
            PromptError: prompts that do not fit the image.
        """
        self._said = agreeing(self._said, tuple(prompts))
        every = [prompt for batch in self._said for prompt in batch]
        check_prompts(every, self._grid)
        return self._mask(request_of(every, self._grid)).full()

    def _mask(self, request: Request) -> Patch:
        clicks = request.clicks.started(request.box)
        if not clicks.positive.any():
            return Patch.empty(self._grid.shape)
        asked = Request(clicks=clicks, box=request.box, regions=request.regions)
        found = self._look.find(asked)
        return asked.settled(found.mask, found.start, self._grid, joined=True)


def nearest_voxels(request: Request, grid: Grid) -> list[tuple[tuple[int, ...], bool]]:
    """The voxel of each click, oldest first, and whether it is positive."""
    index = np.round(grid.to_index(request.clicks.points_mm))
    voxels = np.clip(index, 0, np.array(grid.shape) - 1).astype(int)
    return [
        (tuple(voxel), bool(positive))
        for voxel, positive in zip(voxels.tolist(), request.clicks.positive, strict=True)
    ]
