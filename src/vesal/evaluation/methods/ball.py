"""A ball where the user clicks: what any method must do better than."""

import numpy as np

from vesal.arrays import MaskArray
from vesal.evaluation.baselines import ball
from vesal.evaluation.methods.seeded import SeededTrial
from vesal.evaluation.methods.seeds import Seeds
from vesal.geometry.box import AxisBox
from vesal.geometry.frames import Frame
from vesal.geometry.grid import Grid
from vesal.images import Image
from vesal.prompts.simulate import Voxel

_FIRST_MM = 20.0
_LATER_MM = 10.0
_FIRST_SHARE = 0.1  # of the second longest side, where no spacing is known
_LATER_SHARE = 0.05


class BallMethod:
    """A ball at the first click; later ones add or take away smaller balls.

    Args:
        name: how tables call it.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def name(self) -> str:
        """How tables call it."""
        return self._name

    @property
    def identity(self) -> str:
        """The algorithm; the number grows when its answers change."""
        return "ball 1"

    @property
    def prompts(self) -> tuple[str, ...]:
        """Clicks only."""
        return ("point",)

    def begin(self, image: Image) -> SeededTrial:
        """A trial of a new object."""
        return SeededTrial(image, _balls)


def _balls(image: Image, seeds: Seeds) -> MaskArray:
    """The balls of all clicks in their order, each clicked voxel on the side that was said."""
    first, later = _FIRST_MM, _LATER_MM
    if not image.source.spacing_known:
        side = sorted(image.grid.bounds_mm().extent)[-2]
        first, later = _FIRST_SHARE * side, _LATER_SHARE * side
    mask = np.zeros(image.grid.shape, np.bool_)
    for voxel, positive in zip(seeds.voxels.tolist(), seeds.positive.tolist(), strict=True):
        radius = later if mask.any() else first
        part, here = _local_ball(image.grid, tuple(voxel), radius)
        mask[part] = mask[part] | here if positive else mask[part] & ~here
    return seeds.obeyed(mask)


def _local_ball(grid: Grid, voxel: Voxel, radius_mm: float) -> tuple[tuple[slice, ...], MaskArray]:
    """A ball and the index range that holds it: all of a large scan would take seconds."""
    centre = grid.to_world(np.array([voxel], np.float64))[0]
    around = AxisBox(
        frame=Frame.WORLD,
        low=tuple((centre - radius_mm).tolist()),
        high=tuple((centre + radius_mm).tolist()),
    ).mapped(np.linalg.inv(grid.affine), Frame.INDEX)
    start = [max(int(np.floor(a)), 0) for a in around.low]
    stop = [min(int(np.ceil(b)) + 1, n) for b, n in zip(around.high, grid.shape, strict=True)]
    local = tuple(i - a for i, a in zip(voxel, start, strict=True))
    part = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    return part, ball(grid.crop(start, stop), local, radius_mm)
