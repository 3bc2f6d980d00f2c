"""Geodesic distance by ITK's fast marching, in a window round what was said.

A voxel belongs to the object if a front that starts at its seeds, and is slow across edges, is
there before one that starts at the seeds of the background.
"""

from importlib.metadata import version

import numpy as np
import SimpleITK as sitk  # noqa: N813
from scipy import ndimage

from vesal.arrays import Intensities, MaskArray
from vesal.evaluation.methods.baseline import Baseline, Found
from vesal.evaluation.methods.window import SETTINGS, Window, window_of
from vesal.images import Image
from vesal.inference.request import Request

_SIDE = 48  # voxels along the window's longest axis
# How much longer a way is across an edge of the window's whole range; chosen on tests/data.
_EDGE = 100.0
_SCALE = 1.0  # voxels over which a gradient is taken
_NEVER = 1e30  # when a front would stop


def geodesic_method(name: str = "geodesic") -> Baseline:
    """Which is nearer, the object's seeds or the background's, where edges make a way longer."""
    settings = f"edges {_EDGE:g} over {_SCALE:g}, {_SIDE} voxels, {SETTINGS}"
    identity = f"geodesic, {settings}, SimpleITK {version('SimpleITK')}"
    return Baseline(name, identity=identity, look=_Geodesic)


class _Geodesic:
    def __init__(self, image: Image) -> None:
        self._grid = image.grid
        self._values = image.grey()

    def find(self, request: Request) -> Found:
        """Where the object's front arrives first."""
        seen = window_of(self._values, self._grid, request, _SIDE)
        return seen.found(nearness(seen), self._grid)


def nearness(seen: Window, edge: float = _EDGE) -> Intensities:
    """How much nearer the object's seeds are: 1 at them, 0 at those of the background."""
    if seen.is_plain:
        return seen.inside.astype(np.float32)
    slope = ndimage.gaussian_gradient_magnitude(seen.values, _SCALE, mode="nearest")
    speed = (1 / (1 + edge * slope)).astype(np.float32)
    to_object, to_rest = arrival(speed, seen.inside), arrival(speed, seen.outside)
    return np.asarray(to_rest / np.maximum(to_object + to_rest, 1e-6), np.float32)


def arrival(speed: Intensities, seeds: MaskArray) -> Intensities:
    """When a front from the seeds is at each voxel, in steps between voxels at speed 1."""
    image = sitk.GetImageFromArray(np.ascontiguousarray(speed.T))
    times = sitk.FastMarching(  # type: ignore[no-untyped-call]
        image, trialPoints=np.argwhere(seeds).tolist(), stoppingValue=_NEVER
    )
    return np.ascontiguousarray(sitk.GetArrayFromImage(times).T, np.float32)
