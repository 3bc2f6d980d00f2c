"""A ball round each click: the floor below which no method should fall."""

from collections.abc import Sequence

import numpy as np

from vesal.arrays import MaskArray
from vesal.evaluation.methods.baseline import Baseline, Found, nearest_voxels
from vesal.geometry.grid import Grid
from vesal.images import Image
from vesal.inference.request import Request
from vesal.prompts.simulate import Voxel

RADIUS_MM = 20.0  # of the first ball: between a kidney and a vertebra; pixels without a spacing
_FURTHER = 0.5  # the radius of all further balls, in first ones


def ball_method(name: str = "ball") -> Baseline:
    """A ball of 20 mm round the first click; each further click adds or takes one of 10 mm.

    Where no spacing is known a pixel is a mm. It does not look at the image's values at all.
    """
    identity = f"ball of {RADIUS_MM:g} mm, further {_FURTHER * RADIUS_MM:g} mm"
    return Baseline(name, identity=identity, look=_Balls)


class _Balls:
    def __init__(self, image: Image) -> None:
        self._grid = image.grid

    def find(self, request: Request) -> Found:
        """Balls added and taken away in the order of the clicks, the first positive one first."""
        said = nearest_voxels(request, self._grid)
        first = next(voxel for voxel, positive in said if positive)
        said.remove((first, True))
        balls = [(first, True, RADIUS_MM)]
        balls += [(voxel, positive, _FURTHER * RADIUS_MM) for voxel, positive in said]
        parts = [_part(self._grid, voxel, radius) for voxel, _, radius in balls]
        starts = np.min([[s.start for s in part] for part in parts], axis=0)
        stops = np.max([[s.stop for s in part] for part in parts], axis=0)
        mask = np.zeros(stops - starts, np.bool_)
        for part, (voxel, positive, radius) in zip(parts, balls, strict=True):
            here = tuple(slice(s.start - a, s.stop - a) for s, a in zip(part, starts, strict=True))
            local = self._grid.crop([s.start for s in part], [s.stop for s in part])
            centre = tuple(i - s.start for i, s in zip(voxel, part, strict=True))
            mask[here][ball(local, centre, radius)] = positive
        return Found(mask=mask, start=tuple(starts.tolist()))


def ball(grid: Grid, index: Voxel, radius_mm: float) -> MaskArray:
    """The voxels whose centres lie within ``radius_mm`` of the centre of voxel ``index``."""
    squared = np.zeros(grid.shape)
    axes = np.ogrid[tuple(slice(n) for n in grid.shape)]
    for row in grid.affine[:-1, :-1]:  # one for each world axis
        offset = np.zeros(grid.shape)
        for step, axis, i in zip(row, axes, index, strict=True):
            offset += step * (axis - i)
        squared += np.square(offset)
    return np.asarray(squared <= radius_mm**2)


def _part(grid: Grid, index: Sequence[int], radius_mm: float) -> tuple[slice, ...]:
    """The part of a grid that a ball round a voxel can reach."""
    # a row of the inverse is how fast an index grows at most along any direction of the world
    reach = radius_mm * np.linalg.norm(np.linalg.inv(grid.affine[:-1, :-1]), axis=1) + 1
    starts = np.clip(np.floor(np.array(index) - reach), 0, None).astype(int)
    stops = np.clip(np.ceil(np.array(index) + reach) + 1, None, grid.shape).astype(int)
    return tuple(slice(int(a), int(b)) for a, b in zip(starts, stops, strict=True))
