"""Geodesic segmentation: what a front from the object's seeds reaches before one from outside.

Bai and Sapiro, A geodesic framework for fast interactive image and video segmentation, ICCV 2007;
fronts by fast marching (Sethian 1996), slow where the image changes.
"""

import numpy as np
import SimpleITK as sitk  # noqa: N813
from scipy import ndimage

from vesal.arrays import Intensities, MaskArray
from vesal.evaluation.methods.seeded import SeededTrial, through_window
from vesal.evaluation.methods.window import Window
from vesal.images import Image

_SIGMA = 1.0  # voxels of the window over which the gradient is taken
_STEEP = 8.0  # how much slower a front is at the steepest hundredth than where nothing changes
_STEEPEST = 99.0  # percentile of the gradient


class GeodesicMethod:
    """Fast marching in a window round what was said.

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
        return "geodesic 1"

    @property
    def prompts(self) -> tuple[str, ...]:
        """A box limits it, a scribble is many clicks."""
        return ("point", "box", "scribble")

    def begin(self, image: Image) -> SeededTrial:
        """A trial of a new object."""
        return SeededTrial(image, through_window(_chances))


def _chances(window: Window) -> Intensities:
    """The share that the way from outside has of both ways: a half where fronts meet."""
    if not window.background.any():
        return np.ones(window.grid.shape, np.float32)
    speed = _speed(window)
    inside = _arrival(speed, window.positive, window)
    outside = _arrival(speed, window.background, window)
    return np.asarray(outside / np.maximum(inside + outside, 1e-12), np.float32)


def _speed(window: Window) -> Intensities:
    """1 where nothing changes, less the steeper the image is."""
    # along an axis of one voxel nothing changes, and blurring it changes nothing
    slopes = ndimage.gaussian_gradient_magnitude(window.values, _SIGMA, mode="nearest")
    steepest = float(np.percentile(slopes, _STEEPEST))
    if steepest <= 0:
        return np.ones(window.grid.shape, np.float32)
    return np.asarray(1 / (1 + (_STEEP * slopes / steepest) ** 2), np.float32)


def _arrival(speed: Intensities, seeds: MaskArray, window: Window) -> Intensities:
    """When a front that starts at all seeds at once reaches each voxel."""
    image = sitk.GetImageFromArray(np.ascontiguousarray(speed.T))
    image.SetSpacing(window.grid.spacing_mm)  # type: ignore[no-untyped-call]
    marching = sitk.FastMarchingImageFilter()  # type: ignore[no-untyped-call]
    marching.SetTrialPoints(np.argwhere(seeds).tolist())  # type: ignore[no-untyped-call]
    reached = marching.Execute(image)  # type: ignore[no-untyped-call]
    times = sitk.GetArrayFromImage(reached).T
    times = np.where(seeds, 0, times)
    return np.ascontiguousarray(times, np.float32)
